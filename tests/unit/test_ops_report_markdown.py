"""The plan report as Markdown."""

from __future__ import annotations

import re

from ops.report import markdown
from ops.report.model import Report
from tests.unit.ops_fixtures import DIGEST_2, config, stack
from tests.unit.report_scene import changed, compared, many, many_changed, web


def test_markdown_folds_what_is_long() -> None:
    shown = markdown.render(Report(environment="local", stacks=(compared({}, stack()),)))
    assert "| + | platform | web | app 1.2 (11111111) | 1 | start-first | new |" in shown
    assert "- **web**: joins `edge`, `redis-net`; route added: https://web.example.org (public); " in shown
    assert shown.count("<details") == shown.count("</details>")


def test_markdown_shows_dangers_before_the_layers() -> None:
    after = changed()
    del after["resource"]["docker_service"]["redis"]
    shown = markdown.render(Report(environment="local", stacks=(compared(stack(), after),)))
    assert shown.index("> - service redis is destroyed") < shown.index("| - | data | redis |")


def report_of_many(count: int) -> Report:
    """Each of so many services changes a line of its file."""
    return Report(environment="local", stacks=(compared(many(count), many_changed(count)),))


def test_what_does_not_fit_into_a_comment_is_left_out_with_a_sentence_about_it() -> None:
    report = report_of_many(600)
    assert len(markdown.render(report, limit=10**9)) > markdown.LIMIT
    shown = markdown.render(report)
    assert len(shown) <= markdown.LIMIT
    last = shown.splitlines()[-1]
    assert re.fullmatch(
        r"\*\*Cut to fit into a comment\*\*: \d+ parts left out \(.+ and \d+ more\)\. "
        r"`python -m ops plan --env local` shows all\.",
        last,
    )
    assert shown.startswith("## Plan of local: local-services\n")
    assert shown.count("<details") == shown.count("</details>")
    assert shown.count("```") % 2 == 0


def test_the_summary_is_there_however_short_the_limit() -> None:
    report = report_of_many(50)
    shown = markdown.render(report, limit=2_000)
    assert len(shown) <= 2_000
    assert "**0 to add, 102 to change (51 services)" in shown


def test_a_long_diff_is_cut_to_lines_that_people_read() -> None:
    before = changed(
        docker_config={"web_conf": config("platform/web/conf", name="web-conf", text="a\n" * 99)}
    )
    after = changed(docker_config={"web_conf": config("platform/web/conf", name="web-conf", text="b\n" * 99)})
    shown = markdown.render(Report(environment="local", stacks=(compared(before, after),)))
    assert "  159 more lines: `git diff` shows them." in shown


def test_text_cannot_end_its_code_or_its_table_or_call_people() -> None:
    after = changed(
        docker_service=web(labels={"note": "a | b `c` @sprocket <b>", "traefik.http.routers.web.rule": "x"})
    )
    shown = markdown.render(Report(environment="local", stacks=(compared(stack(), after),)))
    assert "label note: ` (not set) ` -> " not in shown
    assert "label note: `(not set)` -> `` a | b `c` @sprocket <b> ``" in shown
    assert "no @sprocket" not in shown


def test_what_stops_serving_is_said_with_its_addresses() -> None:
    after = changed(docker_service=web(order="stop-first", image=f"example.org/app:1.3@{DIGEST_2}"))
    before = changed(docker_service=web(order="stop-first"))
    shown = markdown.render(Report(environment="local", stacks=(compared(before, after),)))
    assert (
        "> [!WARNING]\n> **Stops serving**\n> - web for up to 70 s: https://web.example.org (public)\n"
        in shown
    )


def test_an_empty_stack_takes_one_line() -> None:
    shown = markdown.render(Report(environment="local", stacks=(compared(stack(), stack()),)))
    assert shown.splitlines() == [
        "**local-services**: no changes, compared with revision v1. Offline, not made by Terraform: no engine.",
        "",
    ]
