"""Log lines and refusals of a stand-in."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import NoReturn


class Refusal(Exception):
    """The program cannot start as configured.

    The message says what, where, what was allowed and what to do.
    """


def log(level: str, message: str) -> None:
    """Write one line to standard output: time (UTC, seconds), level, message with line breaks escaped."""
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = message.replace("\r", "\\r").replace("\n", "\\n")
    sys.stdout.write(f"{when} {level} {text}\n")
    sys.stdout.flush()


def announce(image: str, does: str) -> None:
    """Say, before anything else, which image this program stands in for and what it does of it."""
    log("info", f"STAND-IN for {image}, not the real program: {does}")


def refuse(message: str) -> NoReturn:
    """Log why the program does not start, and leave with exit code 1."""
    log("error", f"refusing to start: {message}")
    raise SystemExit(1)
