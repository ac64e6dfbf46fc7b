"""Runs a command that must end."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops.captured import captured
from ops.errors import OpsError


def run(
    words: Sequence[str],
    *,
    timeout_s: float,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Its result, whatever its exit code.

    Raises:
        OpsError: it took longer; it was killed.
    """
    try:
        return captured(words, folder=folder, environment=environment, timeout_s=timeout_s)
    except subprocess.TimeoutExpired:
        raise OpsError(f"{' '.join(words)[:200]} took longer than {timeout_s:g} s, and was killed") from None
