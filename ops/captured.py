"""A program that was run to its end, with all that it printed."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops.lines import text_of


def captured(
    words: Sequence[str],
    *,
    timeout_s: float,
    stdin: str = "",
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    umask: int = -1,
) -> subprocess.CompletedProcess[str]:
    """Runs it, and reads what it prints by :func:`ops.lines.text_of`; its exit code is the caller's to judge.

    Args:
        folder: where it runs; this process' own by default, and so are its environment and its umask.

    Raises:
        subprocess.TimeoutExpired: it took longer than ``timeout_s`` seconds, and was killed.
        OSError: it cannot be started.
    """
    done = subprocess.run(
        words,
        input=stdin.encode(),
        capture_output=True,
        timeout=timeout_s,
        cwd=folder,
        env=environment,
        umask=umask,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, text_of(done.stdout), text_of(done.stderr))
