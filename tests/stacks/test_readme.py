"""What the documentation shows is what the code says. UPDATE_SNAPSHOTS=1 writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops.docs import alerts
from ops.docs.pages import PICTURE, overview_of, table_of
from ops.docs.picture import draw
from tests.stacks.examples import EXAMPLES, ROOT, UPDATE, text_of

SERVICES = ROOT / "docs" / "services.md"
MONITORING = ROOT / alerts.PAGE
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
LONGEST = 60
"""Lines of an example: what a person reads before doing the same."""


def between(page: Path, begin: str, end: str) -> str:
    match = re.search(f"<!-- {begin} -->\n(.*?)<!-- {end} -->", page.read_text(), re.S)
    assert match, f"{page.name} has lost its marker {begin!r}"
    return match[1]


def expect(page: Path, begin: str, end: str, text: str) -> None:
    """The part of a page between two markers is the text."""
    if UPDATE:
        marked = f"<!-- {begin} -->\n{{}}<!-- {end} -->"
        old = marked.format(between(page, begin, end))
        page.write_text(page.read_text().replace(old, marked.format(text)))
    assert between(page, begin, end) == text, "run the tests with UPDATE_SNAPSHOTS=1 and review the change"


def test_the_table_of_services_is_current() -> None:
    begin, end = "table of services: python -m ops table --env prod", "end of table"
    expect(SERVICES, begin, end, f"\n{table_of('prod')}\n")


def test_the_table_of_alerts_is_current() -> None:
    expect(MONITORING, "table of alerts: layers/data/alerts.yaml", "end of table", f"\n{alerts.table()}\n")


def test_the_picture_is_current() -> None:
    text = draw(overview_of("prod"))
    if UPDATE:
        PICTURE.write_text(text)
    assert PICTURE.read_text() == text, "run `python -m ops picture --env prod` and look at it"


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_short_and_shown_as_it_is(example: str) -> None:
    text = text_of(example)
    assert len(text.splitlines()) <= LONGEST
    expect(CONTRIBUTING, f"example: docs/examples/{example}.diff", "end of example", f"```diff\n{text}```\n")
