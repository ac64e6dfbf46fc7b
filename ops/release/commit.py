"""The commit that a deploy or a saved plan comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ops.paths import ROOT

_TIMEOUT_S = 30


def commit_here(root: Path = ROOT) -> str:
    """The commit that is checked out, with ``+changes`` where files differ from it; empty without git or a repository."""
    head = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if not head:
        return ""
    return head + ("+changes" if _git(root, "status", "--porcelain") else "")


def _git(root: Path, *words: str) -> str:
    try:
        run = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""
