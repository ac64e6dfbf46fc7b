"""Asks everything that an environment stands on what is not as the last deploy left it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ops.cloud.client import Client
from ops.deploy.plan import unreachable
from ops.drift import account, nodes, resources, services, swarm_objects
from ops.drift.finding import Drift, DriftReport, Unasked
from ops.drift.reading import Reading, Seen, read
from ops.drift.swarm_objects import SwarmObject
from ops.errors import OpsError, Refused
from ops.model.inventory import Inventory
from ops.nodes.inventory import nodes_of
from ops.swarm import local
from ops.swarm.engine import Swarm
from ops.swarm.live_service import LiveService, live_services
from ops.swarm.nodes import SwarmNode, SwarmNodes
from ops.terminal.counted import counted
from ops.terminal.screen import Say
from ops.terraform import stack_outputs
from ops.terraform.target import Target, Targets


def drift_of(targets: Targets, say: Say) -> DriftReport:
    """The report of an environment. What does not answer is in it: it never counts as unchanged."""
    return _Asking(targets, say).report()


@dataclass(frozen=True, kw_only=True)
class _OnSwarm:
    """A swarm at one time.

    Args:
        is_ours: a deploy to this machine has made it.
    """

    services: Sequence[LiveService]
    objects: Sequence[SwarmObject]
    nodes: Sequence[SwarmNode]
    is_ours: bool

    @classmethod
    def of(cls, swarm: Swarm, recorded: Inventory) -> _OnSwarm:
        return cls(
            services=live_services(swarm, recorded),
            objects=list(swarm_objects.swarm_objects(swarm)),
            nodes=SwarmNodes(swarm).all(),
            is_ours=local.is_ours(swarm),
        )


class _Asking:
    def __init__(self, targets: Targets, say: Say) -> None:
        self._targets = targets
        self._say = say
        self._found = DriftReport(environment=targets.name)
        self._secrets: set[str] = set()

    def report(self) -> DriftReport:
        cloud = self._targets.cloud
        if cloud is not None:
            self._ask("the cloud stack", lambda: self._cloud(cloud))
        self._ask("the services stack", self._services)
        if cloud is not None:
            self._ask("the nodes' keys", self._keys)
        return self._found.without(self._secrets)

    def _ask(self, what: str, question: Callable[[], object]) -> None:
        try:
            question()
        except OpsError as error:
            obstacles = [each.what for each in error.obstacles] if isinstance(error, Refused) else []
            fix = f" ({error.fix})" if error.fix else ""
            why = ": ".join(filter(None, (" ".join(error.problem.split()), "; ".join(obstacles))))
            self._found.unasked.append(Unasked(what=what, why=why + fix))

    def _add(self, found: Iterable[Drift | Unasked]) -> None:
        for each in found:
            if isinstance(each, Drift):
                self._found.drift.append(each)
            else:
                self._found.unasked.append(each)

    def _read(self, target: Target, look: Callable[[Inventory], Seen]) -> tuple[Reading, Seen]:
        if reason := unreachable(target, say=self._say):
            raise OpsError(reason)
        reading, seen = read(target, look, self._say)
        self._secrets |= reading.secrets
        if reading.unread:
            self._found.unasked.append(Unasked(what=f"Terraform about {target.stack}", why=reading.unread))
        else:
            count = counted(len(reading.recorded.resources), "resource")
            self._found.asked.append(f"{target.stack}: {count}")
        self._add(resources.changed_resources(reading))
        return reading, seen

    def _cloud(self, target: Target) -> None:
        def look(recorded: Inventory) -> account.Listing:
            self._say("asking DigitalOcean for all that the account has")
            assert target.settings.cloud is not None
            return account.listing(target.settings.cloud.zone, Client())

        reading, listing = self._read(target, look)
        self._add(account.undeclared_resources(reading, listing))
        self._found.notes += account.foreign_keys(reading, listing)
        self._found.asked.append("DigitalOcean's account")

    def _services(self) -> None:
        target = stack_outputs.with_cloud_outputs(self._targets)

        def look(recorded: Inventory) -> _OnSwarm:
            self._say(f"asking the engine at {target.settings.engine.host}")
            with target.swarm() as swarm:
                return _OnSwarm.of(swarm, recorded)

        reading, there = self._read(target, look)
        self._add(services.changed_services(reading, there.services))
        self._add(swarm_objects.undeclared_services(reading, there.services))
        # A swarm that was there before the first deploy to this machine may have networks and secrets of its user.
        if there.is_ours or not target.is_here:
            self._add(swarm_objects.undeclared_objects(reading, there.objects))
        self._add(nodes.changed_nodes(target.settings, there.nodes))
        self._found.notes += services.restarts(there.services)
        self._found.asked.append(f"the swarm: {counted(len(there.services), 'service')} and its nodes")

    def _keys(self) -> None:
        self._say("reading the keys of every node")
        found = list(nodes.changed_access(self._targets.services))
        self._add(found)
        silent = {each.what for each in found if isinstance(each, Unasked)}
        count = len(nodes_of(self._targets.services.settings)) - len(silent)
        if count:
            self._found.asked.append(f"the keys of {counted(count, 'node')}")
