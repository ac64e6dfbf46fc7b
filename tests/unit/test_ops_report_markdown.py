"""The plan report as Markdown."""

from __future__ import annotations

from ops.report import markdown
from ops.report.model import Report
from tests.unit.ops_fixtures import stack
from tests.unit.report_scene import changed, compared


def test_markdown_folds_what_is_long() -> None:
    shown = markdown.render(Report(environment="local", stacks=(compared({}, stack()),)))
    assert "| + | web | app 1.2 (11111111) | 1 | start-first | new |" in shown
    assert "<details><summary>Networks that services join or leave: 2</summary>" in shown
    assert shown.count("<details>") == shown.count("</details>")


def test_markdown_shows_dangers_before_the_layers() -> None:
    after = changed()
    del after["resource"]["docker_service"]["redis"]
    shown = markdown.render(Report(environment="local", stacks=(compared(stack(), after),)))
    assert shown.index("> - service redis is destroyed") < shown.index("### data")
