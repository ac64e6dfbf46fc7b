"""Differences of texts, as reviewers read them."""

import difflib


def unified(before: str, after: str, *, context: int = 2) -> list[str]:
    """The lines of a unified diff without its two file headings; empty when nothing differs."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=context)
    return list(lines)[2:]


def summary(diff: list[str]) -> str:
    """How much changes, as ``+2 -1 lines``."""
    added = sum(line.startswith("+") for line in diff)
    removed = sum(line.startswith("-") for line in diff)
    return f"+{added} -{removed} lines"
