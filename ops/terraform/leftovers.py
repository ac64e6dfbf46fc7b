"""What an apply that did not come to its end left on the swarm, and its removal, so that the next one makes it again.

The provider writes a service to the state when it has converged, and a state in a bucket is written every 20 seconds. A killed
apply leaves things that no state knows, and the next one would fail over their names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ops.errors import OpsError
from ops.model.inventory import Inventory
from ops.model.services import TYPE as SERVICE
from ops.model.state import ids_in
from ops.swarm.engine import Swarm
from ops.terraform.target import Target
from ops.waiting import wait_until

RELEASE_S = 30.0
"""How long a network, config or secret may stay in use after the last task that used it is gone."""

_KINDS = ("network", "config", "secret")
_HASH = "[0-9a-f]{8}"
"""What a name has in place of an expression of Terraform: the start of a hash of the content."""


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A service, network, config or secret of ours that the state does not know."""

    kind: str
    id: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def leftovers(
    wanted: Inventory, state: Mapping[str, Any], swarm: Swarm, *, shared: bool = False
) -> list[Leftover]:
    """What is ours on the swarm and not in the state, services first.

    A service is ours if it has a declared name and was made with a network, config or secret that is in the state *by its id*,
    and with none of another name than declared: what somebody else deployed under our name, from another clone or by hand, has
    none of our ids. Networks, configs and secrets are ours if only such services use them.

    Args:
        shared: the state is in a bucket, written with a delay and locked for all who deploy: then networks, configs and secrets
            of declared names that nobody uses are ours too, unless the state is empty.
    """
    known = ids_in(state)
    named = {str(each.values.get("name")) for each in wanted.of_type(SERVICE)}
    objects = {each.id: each for kind in _KINDS for each in _unknown(kind, wanted, known, swarm)}
    there = swarm.services()
    ours = [
        each
        for each in there
        if each.id not in known
        and each.name in named
        and each.uses & known
        and each.uses <= known | objects.keys()
    ]
    of_ours = {id_ for each in ours for id_ in each.uses}
    of_others = {id_ for each in there if each not in ours for id_ in each.uses}
    found = [Leftover(kind="service", id=each.id, name=each.name) for each in ours]
    free = [each for id_, each in objects.items() if id_ not in of_others]
    return found + [each for each in free if each.id in of_ours or (shared and known)]


def remove_leftovers(
    target: Target,
    tell: Callable[[str], object],
    *,
    services: Collection[str] | None = None,
    wanted: Inventory | None = None,
) -> list[Leftover]:
    """Removes what an apply left, and says what.

    Safe beside other operators: what is there is listed first, then the state's lock has to be free, then the state is read. So
    whichever apply made what is listed has ended, and the state knows what it finished.

    Args:
        tell: hears of each after it is removed.
        services: names; nothing else is removed. By default all leftovers.
        wanted: what declares the names; by default the target.

    Raises:
        StateLocked: somebody's apply is running, and these may be what it is making.
        OpsError: the engine or the state cannot be reached, or something stays in use.
    """
    with target.swarm() as swarm:
        if swarm.membership().get("LocalNodeState") != "active":
            return []
        declared = wanted or target.wanted
        listed = _listed(target, declared, swarm, services)
        if not listed:
            return []
        target.terraform.require_unlocked()
        left = [each for each in _listed(target, declared, swarm, services) if each in listed]
        for each in left:
            if each.kind == "service":
                swarm.remove("service", each.id)
                tell(str(each))
        swarm.wait_for_removed_tasks()
        for each in left:
            if each.kind != "service":
                _remove_unused(swarm, each)
                tell(str(each))
    return left


def _listed(
    target: Target, wanted: Inventory, swarm: Swarm, services: Collection[str] | None
) -> list[Leftover]:
    shared = target.state_file is None
    found = leftovers(wanted, target.terraform.state(), swarm, shared=shared)
    return [each for each in found if services is None or (each.kind == "service" and each.name in services)]


def _remove_unused(swarm: Swarm, each: Leftover) -> None:
    if not wait_until(lambda: swarm.remove(each.kind, each.id), RELEASE_S):
        raise OpsError(
            f"{each} is left from an apply that did not finish, and still in use after {RELEASE_S:g} s",
            fix="run the same command again when its tasks have ended: docker ps --filter status=running",
        )


def _unknown(kind: str, wanted: Inventory, known: Collection[str], swarm: Swarm) -> list[Leftover]:
    """Those of a declared name that are not in the state."""
    names = [str(each.values.get("name")) for each in wanted.of_type(f"docker_{kind}")]
    patterns = [re.compile(_pattern(name)) for name in names]
    return [
        Leftover(kind=kind, id=id_, name=name)
        for name, id_ in sorted(swarm.names(kind).items())
        if id_ not in known and any(pattern.fullmatch(name) for pattern in patterns)
    ]


def _pattern(name: str) -> str:
    """A declared name; ``try-conf-${substr(...)}`` stands for the name with any hash."""
    plain, expression, _ = name.partition("${")
    return re.escape(plain) + (_HASH if expression else "")
