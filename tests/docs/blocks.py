"""The code blocks of the documentation, and the comment above each block of commands that says who executes it.

A block without a language, or of ``console`` or ``sh``, is commands; all else says its language (``text``, ``yaml``, ``diff``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")),
    "environments/README.md",
    "images/README.md",
)
COMMANDS = ("", "console", "sh")
DOCS_CHECK, CLONE = "docs-check", "docs-check in a clone"

_NOTE = re.compile(r"<!-- (?:executed: (?P<by>[^;]+?))?(?:; )?(?:not executed: (?P<why>.+?))? -->\s*")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block.

    Attributes:
        note: the comment above it; empty where there is none.
        printed: the block below it, where that shows what these commands print (``text printed``).
    """

    page: str
    line: int
    language: str
    text: str
    note: str = ""
    printed: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def is_commands(self) -> bool:
        """Whether a person is to type it."""
        return self.language in COMMANDS

    @property
    def executors(self) -> tuple[str, ...]:
        """Who executes it: docs-check, a check of the rehearsal, a test."""
        match = _NOTE.fullmatch(self.note)
        return tuple(match["by"].split(", ")) if match and match["by"] else ()

    @property
    def why_not(self) -> str:
        """Why nobody executes it, or what of it the executors leave out."""
        match = _NOTE.fullmatch(self.note)
        return (match["why"] or "") if match else ""


@cache
def blocks() -> tuple[Block, ...]:
    """All blocks of all pages, in their order."""
    return tuple(block for page in PAGES for block in blocks_of(page, (ROOT / page).read_text()))


def blocks_of(page: str, text: str) -> Iterator[Block]:
    """The blocks of one page."""
    tokens = MarkdownIt().parse(text)
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        if token.type in ("fence", "code_block"):
            yield Block(
                page=page,
                line=token.map[0] + 1 if token.map else 0,
                language=token.info.partition(" ")[0],
                text=token.content,
                note=before.content if before and before.type == "html_block" else "",
                printed=after.content if after and _is_printed(after) else "",
            )


def _is_printed(token: Token) -> bool:
    return token.type == "fence" and token.info == "text printed"
