"""Removes what a box has created, found by its label: at the end, and at the start after an interrupted run."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from rehearsal.emulator import MachineError

from . import memory, networks
from .disks import Disks
from .droplet import remove_cgroups
from .engine import LABEL, docker
from .hardware import cgroup

KINDS = {
    "container": (("ps", "--all", "--quiet"), ("rm", "--force", "--volumes")),
    "volume": (("volume", "ls", "--quiet"), ("volume", "rm")),
    "network": (("network", "ls", "--quiet"), ("network", "rm")),
}


def clean(folder: Path) -> str:
    """What was removed, in words; "" for nothing. Only things with the label, and loop devices over the folder."""
    found = []
    for kind, (find, remove) in KINDS.items():
        names = docker(*find, "--filter", f"label={LABEL}").split()
        if names:
            with suppress(
                MachineError
            ):  # one that is in use by another goes with the next kind, or at the next start
                docker(*remove, *names, timeout=180)
            found.append(f"{len(names)} {kind}{'s' if len(names) > 1 else ''}")
    networks.remove_public()
    memory.clear()
    Disks(folder / "volumes").clear()
    remove_cgroups(str(Path(cgroup(0)).parent))
    for name in ("droplets", "internet"):  # user data and keys are in them
        shutil.rmtree(folder / name, ignore_errors=True)
    return ", ".join(found)
