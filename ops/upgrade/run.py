"""The commands: change the version of a store, and remove what a change kept."""

from __future__ import annotations

from collections.abc import Callable

from layers.data.upgrades import RUNBOOK, Way
from ops.backup.pause import Pause
from ops.backup.world import World, reached
from ops.deploy.deploy import check_prerequisites
from ops.deploy.package_images import build_images
from ops.deploy.preflight import obstacles
from ops.errors import OpsError, Refused
from ops.terminal import screen
from ops.terraform import stack_outputs
from ops.terraform.target import Target, targets_of
from ops.upgrade import set_aside
from ops.upgrade.change import Change, change_of, declared, job_of, program_of, server_of, unfinished
from ops.upgrade.directories import Directories
from ops.upgrade.steps import Intent
from ops.upgrade.upgrade import Upgrade, in_place_way_on
from ops.upgrade.upgraded import Upgraded

Approve = Callable[[Intent], None]
"""Shows what is about to be done and asks; raises an error where the answer is no."""


def upgrade_store(
    environment: str,
    store: str,
    *,
    approve: Approve,
    plan_only: bool,
    at: float | None,
    without_copy: bool,
    stable_s: float,
    parallelism: int,
) -> Upgraded | None:
    """Takes a store to the version that the files declare; nothing where it has it, or where only the plan was asked for.

    Args:
        approve: is shown what is about to be done.
        plan_only: show it, and change nothing.

    Raises:
        WrongUse: there is no such store.
        Refused: something is in the way; nothing was changed.
        OpsError: it failed on the way; says what is stopped, and what to do.
    """
    target = _target(environment)
    with reached(target) as world:
        change = _change(world, store)
        if change is None:
            start_cut_off(world, store, plan_only=plan_only, stable_s=stable_s)
            return None
        work = Upgrade(
            world, change, at=at, without_copy=without_copy, stable_s=stable_s, parallelism=parallelism
        )
        if plan_only:
            approve(work.intent())
            work.check()
            return None
        work.check()
        approve(work.intent())
        return work.run()


def remove_old(environment: str, store: str) -> list[str]:
    """Removes what changes of version kept of a store, and says what.

    Raises:
        WrongUse: there is no such store.
        OpsError: its server does not run.
    """
    with screen.doing() as say:
        say(f"synthesizing {environment}")
        target = targets_of(environment).services
    with reached(target) as world:
        return removed(world, store)


def removed(world: World, store: str) -> list[str]:
    """Removes it in an environment that was reached; see :func:`remove_old`."""
    server = server_of(world, store)
    if program_of(world, server).way is not Way.LOAD:
        set_aside.remove(world.tasks, server)
        return [f"{store}: what was set aside is removed"]
    directories = Directories(world.tasks, server.name)
    found = directories.read()
    if found.begun is not None:
        raise OpsError(
            f"{store}: a change from {found.begun.from_} to {found.begun.to} is not finished; nothing was removed",
            fix=f"finish it, or give it up: {RUNBOOK}",
        )
    old = sorted(found.bytes.keys() - {found.uses, found.runs})
    for major in old:
        directories.remove(major)
    return [f"{store}: the directory of {major} is removed" for major in old] or [f"{store}: nothing is kept"]


def _target(environment: str) -> Target:
    with screen.doing() as say:
        say(f"synthesizing {environment}")
        targets = targets_of(environment)
        check_prerequisites(targets, "services")
    if targets.services.builds_images:
        build_images()
        targets = targets_of(environment)
    with screen.doing("checking this machine and the swarm"):
        target = stack_outputs.with_cloud_outputs(targets)
        found = obstacles(target)
    if found:
        raise Refused(f"no store of {environment} can be changed now; nothing was changed", found)
    return target


def _change(world: World, store: str) -> Change | None:
    change = change_of(world, world.target.terraform.state(), store)
    if change is not None:
        return change
    server = server_of(world, store)
    if program_of(world, server).way is not Way.LOAD:
        return None
    # The state has the new version as soon as the server was changed; the server knows whether it has the data.
    found = Directories(world.tasks, server.name).read()
    if found.uses == declared(world, server).name and not found.closed:
        return None
    return unfinished(world, store, found.uses)


def start_cut_off(world: World, store: str, *, plan_only: bool, stable_s: float) -> None:
    """Starts what an earlier run stopped, where the store has its version and its data.

    Raises:
        OpsError: whether it has its data cannot be told.
    """
    server = server_of(world, store)
    pause = Pause(world, [job_of(world, store)])
    version = declared(world, server)
    stopped = ", ".join(pause.cut_off)
    if not stopped:
        screen.err.print(f"{store} has {version} already", markup=False)
        return
    if program_of(world, server).way is not Way.LOAD:
        raise OpsError(
            f"{store} has {version} already, and an earlier run ended before it had compared the data; stopped: {stopped}",
            fix=in_place_way_on(store, world.name),
        )
    screen.err.print(f"{store} has {version} and its data already; stopped: {stopped}", markup=False)
    if not plan_only:
        with screen.doing() as say:
            pause.start(say)
            pause.wait(stable_s, say)
