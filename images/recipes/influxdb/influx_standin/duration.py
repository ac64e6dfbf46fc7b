"""Durations in InfluxDB's notation."""

from __future__ import annotations

import re

SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "w": 604_800,
}
_PART = re.compile(r"(\d+)(ns|us|µs|ms|s|m|h|d|w)")


def seconds(text: str) -> float:
    """Seconds of `30d`, `1h30m`, `0`; ValueError for anything else."""
    if text in ("", "0"):
        return 0.0
    if _PART.sub("", text):
        raise ValueError(f"{text!r} is no duration: numbers with ns, us, ms, s, m, h, d or w are allowed")
    return sum(int(count) * SECONDS[unit] for count, unit in _PART.findall(text))


def go_text(value: float) -> str:
    """The duration as the influx command prints it: `720h0m0s`; `infinite` for 0."""
    if value == 0:
        return "infinite"
    whole = int(value)
    return f"{whole // 3600}h{whole % 3600 // 60}m{whole % 60}s"
