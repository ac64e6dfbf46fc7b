"""How much memory a trial may take of the node that it runs on."""

from __future__ import annotations

import re
from pathlib import Path

from ops.errors import OpsError
from ops.terraform.target import Target

KEPT_FREE = 256 * 1024**2
"""Bytes that a trial leaves free, for what runs there."""

_FILE = "/proc/meminfo"


def spare(target: Target) -> int:
    """Bytes that are free on the node of the connected engine, as the kernel says (``MemAvailable``), less what stays free.

    Raises:
        OpsError: the node does not say.
    """
    text = _here() if target.is_here else _there(target)
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    if found is None:
        raise OpsError(f"{_FILE} of {target.settings.engine.host} does not say how much memory is free")
    return max(0, int(found[1]) * 1024 - KEPT_FREE)


def _here() -> str:
    try:
        return Path(_FILE).read_text()
    except OSError as error:
        raise OpsError(f"this machine does not say how much memory is free: {error}") from None


def _there(target: Target) -> str:
    done = target.manager.run("cat", _FILE)
    if done.code:
        raise OpsError(f"{target.manager.destination} does not say how much memory is free: {done.reason}")
    return done.output
