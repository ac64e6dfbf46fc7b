"""Which program runs in each service: the real one, the real one in another version, or a stand-in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from images import LOCK_FILE
from images.builder import lock, version
from ops.model.inventory import Inventory
from ops.model.services import services_of
from ops.terminal.columns import columns

STAND_IN = "stand-in"
AS_PINNED = "real"


@dataclass(frozen=True, kw_only=True)
class Program:
    """What runs.

    Args:
        name: of the image.
        pinned: repository and tag that production runs.
        runs: ``real``, ``real, other version <x>`` or ``stand-in``.
    """

    name: str
    pinned: str
    runs: str

    @property
    def is_stand_in(self) -> bool:
        return self.runs == STAND_IN


def programs_of(inventory: Inventory, built: Mapping[str, lock.Entry] | None = None) -> dict[str, Program]:
    """By service. What was not built on this machine comes from a registry by its digest, and is what it is called.

    Args:
        built: the lock of images from packages; read from its file where it is left out.
    """
    entries = lock.load(LOCK_FILE) if built is None else built
    by_reference = {entry.reference: (name, entry) for name, entry in entries.items()}
    found = {}
    for service in services_of(inventory):
        image = service.image
        if known := by_reference.get(image.reference):
            name, entry = known
            found[service.name] = Program(name=name, pinned=entry.stands_in_for, runs=version.what_ran(entry))
        else:
            pinned = f"{image.name}:{image.tag}"
            found[service.name] = Program(name=image.short_name, pinned=pinned, runs=AS_PINNED)
    return found


def table(programs: Mapping[str, Program]) -> Iterator[str]:
    """Program, pinned version, what runs; stand-ins last, and what they do not prove.

    Each program once, or once for each version where instances run different ones.
    """
    ordered = sorted(set(programs.values()), key=lambda each: (each.is_stand_in, each.name, each.pinned))
    yield from columns([("program", "pinned", "what runs"), *((p.name, p.pinned, p.runs) for p in ordered)])
    if any(program.is_stand_in for program in ordered):
        yield f"{STAND_IN}s prove files, users, ports and credentials, and nothing of what a program does"
