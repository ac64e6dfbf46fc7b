"""What is in the way of a change of version, found before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator

from layers.data.upgrades import RUNBOOK, Kind, Way
from ops.backup.world import World
from ops.deploy import store_steps
from ops.errors import Obstacle
from ops.model.store_versions import StoreVersions
from ops.terminal.amounts import size
from ops.terminal.counted import counted
from ops.upgrade.change import COMMAND, Change
from ops.upgrade.position import Position

NEEDED_SHARE = 1.1
"""Of the data's size: a database that is loaded has no dead rows, and for a moment its log has all of it."""


def obstacles(world: World, position: Position) -> list[Obstacle]:
    """All of them; empty where the change may begin."""
    return [*_step(world, position.change), *_back(position), *_directories(position)]


def _step(world: World, change: Change) -> Iterator[Obstacle]:
    step = change.step
    if step is None:
        return
    versions = StoreVersions(
        store=change.server.name, address=change.server.address, before=change.before, after=change.after
    )
    if change.entry is None:
        yield store_steps.obstacle(world.name, versions, step)
    if not step.supported:
        yield Obstacle(
            what=f"{change.store}: {step.why}",
            fix="name that version in the files first, and run the command for it",
        )
    if change.way is Way.BY_HAND or step.kind in (Kind.OTHER_PROGRAM, Kind.UNKNOWN):
        yield Obstacle(
            what=f"{change.store}: {change}: this command cannot do that; {step.why}",
            fix=f"{RUNBOOK} says how",
        )


def _back(position: Position) -> Iterator[Obstacle]:
    change = position.change
    if not change.is_back or position.at is not None or position.has_directory:
        return
    yield Obstacle(
        what=f"{change.store}: {change}: the older version cannot open the present data, so it starts empty and loads a copy",
        fix=f"name a copy with --at TIME, one that {change.after.version} or an older version made; "
        f"python -m ops backup list --env NAME --store {change.store} lists them",
    )


def _directories(position: Position) -> Iterator[Obstacle]:
    change, found = position.change, position.found
    if found is None or change.way is not Way.LOAD or position.has_directory:
        return
    # The directory gone to is removed first, where an earlier try left one.
    if found.tables:
        yield Obstacle(
            what=f"{change.store}: the superuser's own database has {counted(found.tables, 'table')}, which no copy has",
            fix="move them into a declared database, or drop them",
        )
    free = found.free + found.bytes.get(change.major, 0)
    needed = int(found.bytes.get(found.uses, 0) * NEEDED_SHARE)
    if free < needed:
        yield Obstacle(
            what=f"{change.store}: a second directory beside the one of {found.uses} needs {size(needed)}, and its disk has {size(free)} free",
            fix=f"make the volume larger, or remove what an earlier upgrade kept: {COMMAND} --env NAME --store {change.store} --remove-old",
        )
