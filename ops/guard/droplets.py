"""Droplets that are destroyed or replaced, and volumes that leave one which stays."""

from __future__ import annotations

from collections.abc import Iterator

from ops.guard.approvals import Approvals
from ops.guard.destroyed import lost
from ops.guard.rule import Loss
from ops.guard.stack_change import StackChange, name_of
from ops.model.changes import ACTIVE, DROPLET, NOT_FINISHED, Action

MOVE = "docs/runbooks/move-a-store.md"


def droplets(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Droplets that nobody named; one that an apply did not finish is :func:`active_droplets`'s."""
    for change in stack.gone(DROPLET):
        name = name_of(change)
        destroyed = change.planned.action is Action.DESTROY
        if change.planned.unfinished or name in (approvals.destroy if destroyed else approvals.replace):
            continue
        fix = (
            f"to destroy it, drain it, then deploy with --destroy {name} (docs/runbooks/replace-a-node.md)"
            if destroyed
            else f"undo the edit; to replace the droplet, run python -m ops replace-node --env NAME --node {name}"
        )
        loss = lost(change, "droplet", "its own disk is lost")
        yield Loss(about=loss.about, what=loss.what, fix=fix)


def active_droplets(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Droplets that Terraform would replace because an apply did not finish, although they run."""
    for change in stack.gone(DROPLET):
        name = name_of(change)
        runs = (change.before or {}).get("status") == ACTIVE
        if change.planned.unfinished and runs and name not in approvals.replace:
            yield Loss(
                about=change.address,
                what=f"droplet {name} would be replaced, because {NOT_FINISHED}; but it is active, "
                "and may be a node of the swarm",
                fix=f"keep it: python -m ops deploy does so by itself; before cdktf deploy, terraform untaint '{change.address}' in the "
                "folder of its stack (cdktf.out/stacks); "
                f"or replace it: python -m ops replace-node --env NAME --node {name}",
            )


def detached_volumes(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Volumes that a droplet which stays has now and would not have any more."""
    for each in stack.detached:
        if each.volume not in approvals.moves:
            yield Loss(
                about=each.volume,
                what=f"volume {each.volume} would be detached from droplet {each.droplet} while it runs",
            )
