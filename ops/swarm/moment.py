"""Times as the engine writes them."""

from __future__ import annotations

from datetime import datetime


def seconds_since_1970(text: str) -> float:
    """RFC 3339 with up to nanoseconds; 0 for what is no time."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
