"""Log lines and refusals."""

from __future__ import annotations

from datetime import UTC, datetime


class Refusal(Exception):
    """It cannot start. The message says what, where, what was allowed and what to do."""


def log(level: str, message: str) -> None:
    """One line on standard output: time (UTC), level, message."""
    text = message.replace("\r", "\\r").replace("\n", "\\n")
    print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {level} {text}", flush=True)
