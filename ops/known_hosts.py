"""The managers' host key: from the cloud stack's output into the file that every ssh of ours checks against."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ops.errors import Obstacle, OpsError, Refused
from ops.paths import ROOT, STATE
from ops.target import Target

OUTPUT = "host_key"


class Fate(StrEnum):
    """What became of the file."""

    WRITTEN = "written"
    SAME = "unchanged"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Result of taking the key over."""

    file: Path
    fate: Fate

    def __str__(self) -> str:
        shown = self.file.relative_to(ROOT) if self.file.is_relative_to(ROOT) else self.file
        commit = "" if self.fate is Fate.SAME or self.file.is_relative_to(STATE) else ": commit it"
        return f"{shown} {self.fate}{commit}"


def file_of(target: Target) -> Path:
    """Where an environment's host key is kept: in git, or beside the state where that is on this machine only."""
    return ROOT / target.settings.known_hosts


def line_of(target: Target, key: str) -> str:
    """The file's one line: the name that ssh is called with, and the key without its comment."""
    kind, value = key.split()[:2]
    return f"{target.settings.engine.host.rpartition('@')[2]} {kind} {value}\n"


def take_over(cloud: Target, *, accept: bool = False) -> Taken:
    """Writes the key that the deployed cloud stack says its managers have.

    Args:
        accept: also over another key. A key changes only when somebody has its ``tls_private_key`` made anew.

    Raises:
        OpsError: the cloud stack is not deployed.
        Refused: the file holds another key, and nobody accepted the new one.
    """
    key = str(cloud.terraform.outputs().get(OUTPUT) or "")
    if len(key.split()) < 2:
        raise OpsError(
            f"{cloud.stack} has no output {OUTPUT}: it is not deployed yet",
            fix=f"python -m ops deploy --env {cloud.name}",
        )
    file, line = file_of(cloud), line_of(cloud, key)
    had = file.read_text() if file.is_file() else ""
    if had == line:
        return Taken(file=file, fate=Fate.SAME)
    if had.strip() and not accept:
        raise Refused(
            f"the host key of {cloud.name} has changed; nothing was written", [_changed(cloud, had, line)]
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(line)
    return Taken(file=file, fate=Fate.CHANGED if had.strip() else Fate.WRITTEN)


def _changed(cloud: Target, had: str, line: str) -> Obstacle:
    return Obstacle(
        what=f"known: {had.strip()}\n    now:   {line.strip()}",
        fix=f"if somebody had it made anew (git log, the last applies): python -m ops known-hosts --env {cloud.name} --accept; "
        "if nobody did, find out who changed the state before you connect",
    )
