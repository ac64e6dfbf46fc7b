"""Writes the nodes' host keys from the cloud stack's outputs to the known_hosts file of all our ssh connections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from ops.errors import Obstacle, OpsError, Refused
from ops.nodes.inventory import host_name_of
from ops.paths import ROOT, STATE
from ops.terraform.target import Target

OUTPUTS: Mapping[Literal["manager", "worker"], str] = {"manager": "host_key", "worker": "worker_host_key"}
"""Outputs of the cloud stack, by role of the nodes."""


class KeyChange(StrEnum):
    """The file, and whether it changed."""

    WRITTEN = "written"
    SAME = "unchanged"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True)
class HostKeyUpdate:
    """Result of an update."""

    file: Path
    fate: KeyChange

    def __str__(self) -> str:
        shown = self.file.relative_to(ROOT) if self.file.is_relative_to(ROOT) else self.file
        commit = "" if self.fate is KeyChange.SAME or self.file.is_relative_to(STATE) else ": commit it"
        return f"{shown} {self.fate}{commit}"


def file_of(target: Target) -> Path:
    """The known_hosts file of an environment: in git, or beside a state that is only on this machine."""
    return ROOT / target.settings.known_hosts


def lines_of(target: Target, outputs: Mapping[str, object]) -> str:
    """The lines of the file: for each role its host name and its key without the comment.

    Raises:
        OpsError: the cloud stack is not deployed.
    """
    lines = []
    for role, output in OUTPUTS.items():
        words = str(outputs.get(output) or "").split()
        if len(words) < 2:
            raise OpsError(
                f"{target.stack} has no output {output}: it is not deployed yet",
                fix=f"python -m ops deploy --env {target.name}",
            )
        lines.append(f"{host_name_of(target.settings, role)} {words[0]} {words[1]}\n")
    return "".join(lines)


def update_known_hosts(cloud: Target, *, accept: bool = False) -> HostKeyUpdate:
    """Writes the host keys of the deployed cloud stack.

    Args:
        accept: replaces a different key. A key changes only if its ``tls_private_key`` is replaced.

    Raises:
        OpsError: the cloud stack is not deployed.
        Refused: the file has another key for the same name, and ``accept`` is not set.
    """
    file, text = file_of(cloud), lines_of(cloud, cloud.terraform.outputs())
    had = file.read_text() if file.is_file() else ""
    if had == text:
        return HostKeyUpdate(file=file, fate=KeyChange.SAME)
    known, now = _by_name(had), _by_name(text)
    changed = [name for name in known if known[name] != now.get(name)]
    if changed and not accept:
        raise Refused(
            f"the host keys of {cloud.name} have changed; nothing was written",
            [_changed(cloud, f"{name} {known[name]}", f"{name} {now.get(name, '-')}") for name in changed],
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return HostKeyUpdate(file=file, fate=KeyChange.CHANGED if changed else KeyChange.WRITTEN)


def _by_name(text: str) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in text.splitlines() if line.strip())


def _changed(cloud: Target, had: str, line: str) -> Obstacle:
    return Obstacle(
        what=f"known: {had}\n    now:   {line}",
        fix=f"if somebody replaced it on purpose (git log, the last applies): python -m ops known-hosts --env {cloud.name} --accept; "
        "otherwise find out who changed the state before you connect",
    )
