"""What an apply may not do by accident: lose data or an address, or replace a droplet without approval."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from layers.cloud.protected import PROTECTED, STEPS
from layers.cloud.way_out import way_out
from ops.errors import Obstacle, OpsError, WrongUse
from ops.model.changes import DROPLET, Action, changes_of
from ops.model.detachments import detachments
from ops.model.state import resources_of
from ops.terraform.runner import TerraformFailed

MOVE = "docs/runbooks/move-a-store.md"


def refusals(
    plan: Mapping[str, Any],
    *,
    replace: Collection[str] = (),
    destroy: Collection[str] = (),
    moves: Collection[str] = (),
) -> list[Obstacle]:
    """Why a plan (``terraform show -json``) must not be applied; empty when it may.

    Args:
        replace: names of droplets that may be replaced.
        destroy: names of droplets that may be destroyed.
        moves: names of volumes that may be detached from their droplet.
    """
    found = list(_detached(plan, moves))
    for change in changes_of(plan):
        what, before = change.planned, change.before or {}
        name = str(before.get("name") or before.get("ip_address") or change.address)
        if what.action is Action.CHANGE:
            found += _impossible_in_place(change.type, name, before, change.after or {})
        elif what.action in (Action.DESTROY, Action.REPLACE) and not what.unfinished:
            because = f" (because of {', '.join(what.because)})" if what.because else ""
            named = destroy if what.action is Action.DESTROY else replace
            found += _destroyed(change.type, name, what.action, because, named)
    return found


def _detached(plan: Mapping[str, Any], moves: Collection[str]) -> Iterator[Obstacle]:
    for loss in detachments(plan):
        if loss.volume not in moves:
            yield Obstacle(
                what=f"volume {loss.volume} would be detached from droplet {loss.droplet} while it runs",
                fix=f"undo the edit; to move the store, follow {MOVE}",
            )


def _destroyed(
    type_: str, name: str, action: Action, because: str, named: Collection[str]
) -> Iterator[Obstacle]:
    fate = "destroyed" if action is Action.DESTROY else f"replaced{because}"
    if type_ in PROTECTED:
        yield Obstacle(
            what=f"{PROTECTED[type_].noun} {name} would be {fate}",
            fix=f"undo the edit that causes it; if the loss is intended, follow {STEPS}",
        )
    elif type_ == DROPLET and name not in named:
        yield Obstacle(what=f"droplet {name} would be {fate}", fix=_droplet_fix(name, action))


def _droplet_fix(name: str, action: Action) -> str:
    if action is Action.DESTROY:
        return f"to destroy it, drain it, then deploy with --destroy {name} (docs/runbooks/replace-a-node.md)"
    return f"undo the edit; to replace the droplet, run python -m ops replace-node --env NAME --node {name}"


def _impossible_in_place(
    type_: str, name: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Obstacle]:
    """Changes that the provider plans in place although they cannot work in place."""
    if type_ == "digitalocean_volume":
        was, will = before.get("size"), after.get("size")
        if isinstance(was, int) and isinstance(will, int) and will < was:
            yield Obstacle(
                what=f"volume {name} would shrink from {was} to {will} GiB, which no volume can",
                fix=SHRINK.format(was=was),
            )
    if type_ == "digitalocean_spaces_bucket" and before.get("name") != after.get("name"):
        yield Obstacle(
            what=f"bucket {name} would be renamed to {after.get('name')}, which changes Terraform's state only",
            fix="keep the name, or create a second bucket, copy (aws s3 sync), then delete the first",
        )


SHRINK = "keep {was} GiB; to shrink it, create a second volume, copy the data, and swap them: " + STEPS


def explained(error: TerraformFailed) -> OpsError:
    """A plan that Terraform refused, with what to do where the reason is known."""
    sentences = way_out("\n".join(f"{one.summary}\n{one.detail}" for one in error.outcome.errors))
    return OpsError(error.problem, fix="\n  ".join([*sentences, STEPS])) if sentences else error


def addresses_of(state: Mapping[str, Any], names: Collection[str]) -> list[str]:
    """Terraform addresses of droplets by name.

    Raises:
        WrongUse: a name that no droplet has.
    """
    known = {r["values"]["name"]: r["address"] for r in resources_of(state) if r["type"] == DROPLET}
    missing = sorted(set(names) - known.keys())
    if missing:
        have = ", ".join(sorted(known)) or "none: nothing is deployed"
        raise WrongUse(f"there is no droplet {', '.join(missing)} in the state", fix=f"there are: {have}")
    return [str(known[name]) for name in names]
