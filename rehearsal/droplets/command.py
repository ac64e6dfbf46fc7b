"""Programs of this machine that the box needs besides Docker."""

from __future__ import annotations

import subprocess

from rehearsal.emulator import MachineError


def run(*command: str, timeout: float = 30) -> str:
    """Runs one and returns its output; a failure is a MachineError."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        raise MachineError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
