"""The documentation leads somewhere: its links, its index, the files that it names. Its commands: tests/docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = {".venv", "node_modules", "cdktf.out", ".pytest_cache"}
PAGES = sorted(
    path.relative_to(ROOT) for path in ROOT.rglob("*.md") if not INSTALLED & set(path.relative_to(ROOT).parts)
)
GUIDES = [page for page in PAGES if page.name != "CHANGELOG.md"]
"""Pages whose commands are for today; the changelog names those that are gone, too."""
INDEX = Path("docs/README.md")

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^( *)```.*?^\1```$|^(?: {4}|\t)\S.*?$", re.S | re.M)
SPAN = re.compile(r"`([^`\n]+)`")
FILE = re.compile(
    r"(?<![\w./<>-])(?:(?:constructs|docs|environments|images|layers|ops|rehearsal|tests|\.github)/[\w./-]*\w|test_\w+)"
    r"\.(?:py|sh|yaml|yml|j2|json|md|txt|diff)\b"
)
"""A file of the repository in a text: by its path, or a test by its name alone."""

WRITTEN_LATER = ("environments/acknowledged/", "environments/NAME.yaml", "layers/platform/archive_service.py")
"""Files that people write, and those of the examples."""


def prose(page: Path) -> str:
    return SPAN.sub("", BLOCK.sub("", (ROOT / page).read_text()))


def links(page: Path) -> Iterator[str]:
    """Links into the repository: a path, an anchor, or both."""
    for target in LINK.findall(BLOCK.sub("", (ROOT / page).read_text())):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.S | re.M), re.M
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# -- links -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_page_is_in_the_index() -> None:
    def linked(page: Path) -> set[Path]:
        return {((ROOT / page).parent / target.partition("#")[0]).resolve() for target in links(page)}

    near = {ROOT / page for page in PAGES} & linked(INDEX)
    found = near.union(*(linked(page.relative_to(ROOT)) for page in near))
    wanted = {path for folder in ("runbooks", "decisions") for path in (ROOT / "docs" / folder).iterdir()}
    assert sorted(str(path.relative_to(ROOT)) for path in wanted - found) == []


def named_files(text: str) -> Iterator[str]:
    """Files of the repository that a text names, but for those that are only written later."""
    for name in FILE.findall(text):
        if not name.startswith(WRITTEN_LATER):
            yield name


def is_there(name: str) -> bool:
    """A test may be named without its folder."""
    return (ROOT / name).is_file() or ("/" not in name and bool(list((ROOT / "tests").rglob(name))))


@pytest.mark.parametrize("page", GUIDES, ids=str)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    """Above all the tests that a page appeals to."""
    text = re.sub(r"^```diff.*?^```$", "", (ROOT / page).read_text(), flags=re.S | re.M)
    assert [name for name in named_files(text) if not is_there(name)] == []


def test_a_file_that_is_not_there_is_found() -> None:
    text = "shown (tests/unit/test_gone.py, test_gone_too.py; tests/unit/test_documentation.py, test_workflows.py)"
    assert [name for name in named_files(text) if not is_there(name)] == [
        "tests/unit/test_gone.py",
        "test_gone_too.py",
    ]
