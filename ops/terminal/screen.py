"""Output for people: progress and errors on stderr, results on stdout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from ops.lines import lines_in

err = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)

_STYLES = (
    (re.compile(r"^  !|^DESTROYED"), "bold red"),
    (re.compile(r"^\s*(- |-(?!-)\S|-$)"), "red"),
    (re.compile(r"^\s*\+"), "green"),
    (re.compile(r"^\s*~"), "yellow"),
    (re.compile(r"^offline|^images without"), "yellow"),
    (re.compile(r"^\S"), "bold"),
)


def show_report(text: str) -> None:
    """Prints a report, coloured at a terminal."""
    for line in lines_in(text):
        style = next((style for pattern, style in _STYLES if pattern.search(line)), "")
        out.print(Text(line, style=style))


Say = Callable[[str], None]
"""Shows what is being done."""


@contextmanager
def doing(first: str = "starting") -> Iterator[Say]:
    """Shows progress: a spinner at a terminal, lines elsewhere."""
    if not err.is_terminal:
        said: list[str] = []

        def line(text: str) -> None:
            if [text] != said[-1:]:
                said.append(text)
                err.print(Text(f"{text} ..."))

        yield line
        return
    with err.status(first) as status:
        yield lambda text: status.update(Text(text))


def warn(message: str) -> None:
    """Prints a warning."""
    err.print(Text(message, style="yellow"))


def fail(message: str) -> None:
    """Prints an error."""
    err.print(Text(f"error: {message}", style="red"))
