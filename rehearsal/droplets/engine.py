"""Docker for the box: everything it creates has one label."""

from __future__ import annotations

import subprocess

from images.builder import engine
from images.builder.errors import ImagesError
from rehearsal.emulator import MachineError

LABEL = "sprocket.rehearsal=1"
PREFIX = "sprocket-rehearsal"


def docker(*words: str, stdin: str | None = None, timeout: float = 120) -> str:
    """Runs `docker <words>` and returns its output; a failure is a MachineError."""
    try:
        return engine.docker(*words, stdin=stdin.encode() if stdin is not None else None, timeout=timeout)
    except (ImagesError, subprocess.TimeoutExpired) as error:
        raise MachineError(str(error)) from None


def execute(
    container: str, *words: str, stdin: str = "", timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Runs a command inside; does not raise an error on failure."""
    return subprocess.run(
        ["docker", "exec", "-i", container, *words],
        input=stdin, capture_output=True, text=True, errors="replace", timeout=timeout, check=False,
    )  # fmt: skip


def inside(container: str, script: str, *, stdin: str = "", timeout: float = 60) -> str:
    """Runs a shell script inside and returns its output; a failure is a MachineError."""
    try:
        done = execute(container, "sh", "-ec", script, stdin=stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise MachineError(
            f"{container}: `{script.strip().splitlines()[0]}` did not end within {timeout:.0f} s"
        ) from None
    if done.returncode:
        raise MachineError(
            f"{container}: `{script.strip().splitlines()[0]}` ended with {done.returncode}: {done.stderr.strip()}"
        )
    return done.stdout


def pid(container: str) -> int:
    """PID of its first process on this machine; 0 if it does not run or exist."""
    try:
        return int(docker("inspect", "--format", "{{.State.Pid}}", container))
    except MachineError:
        return 0


def listens(process: int, port: int) -> bool:
    """Whether anything listens on a TCP port in the network namespace of a process. Cheaper than a docker exec."""
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/{process}/net/{table}") as lines:
                for words in map(str.split, lines):
                    if words[3] == "0A" and words[1].endswith(f":{port:04X}"):
                        return True
        except (OSError, IndexError):
            return False
    return False
