"""Rebuilds one droplet while the platform stands: out of the swarm, made anew, back in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ops import known_hosts, ready, screen, standings
from ops.apply import Meant, apply
from ops.deploy import READY_TIMEOUT_S, SETTLE_TIMEOUT_S, deploy_services, settle
from ops.errors import Obstacle, OpsError, Refused
from ops.members import Member, Members
from ops.nodes import ClusterNode, node_named
from ops.target import Targets, targets_of

DRAIN_S = 180.0
STABLE_S = 10.0
BACK_S = 120.0


@dataclass
class Replacement:
    """One rebuild of one node."""

    targets: Targets
    node: ClusterNode
    ends_swarm: bool
    parallelism: int
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each step took."""

    @classmethod
    def of(cls, environment: str, node: str, *, ends_swarm: bool, parallelism: int) -> Replacement:
        """Synthesizes the environment and finds the node in it."""
        with screen.doing(f"synthesizing {environment}"):
            targets = targets_of(environment)
            targets.needed_cloud("its node is this machine")
        return cls(targets, node_named(targets.services.settings, node), ends_swarm, parallelism)

    def run(self, *, ask: Callable[[str], bool] | None) -> None:
        """All steps, each timed.

        Raises:
            Refused: the swarm would lose its quorum, or its only manager; nothing was changed.
            OpsError: a step failed; the message says what stands.
        """
        with self._step("look"):
            members = self._members()
            found = list(obstacles(self.node, members, ends_swarm=self.ends_swarm))
            if found:
                raise Refused(f"{self.node.name} is not replaced; nothing was changed", found)
        if ask is not None and not ask(f"replace {self.node.name}? Its volumes stay, its own disk does not"):
            raise OpsError("not approved; nothing was changed")
        last = self._is_last(members)
        if not last:
            self._leave(members)
        with self._step("make the droplet anew"):
            self._apply()
        with self._step("wait until it is ready"):
            ready.required(
                self.targets.services, wait_s=READY_TIMEOUT_S, tell=standings.Shown(screen.err), nodes=None
            )
        if last:
            with self._step("deploy the services anew"):
                deploy_services(self.targets, stable_s=STABLE_S, parallelism=self.parallelism, ask=None)
        else:
            with self._step("remove the dead entry"):
                self._forget()
            with self._step("wait until every service runs"):
                settle(self.targets.services, STABLE_S, timeout_s=SETTLE_TIMEOUT_S)
        self._report()

    def _members(self) -> list[Member]:
        with self.targets.services.swarm() as swarm:
            return Members(swarm).all()

    def _is_last(self, members: list[Member]) -> bool:
        return self.node.role == "manager" and sum(member.is_manager for member in members) <= 1

    def _leave(self, members: list[Member]) -> None:
        """Drains it and takes its vote away; a node that is dead already only loses its vote."""
        member = next((each for each in members if each.name == self.node.name and each.is_up), None)
        with self.targets.services.swarm() as swarm:
            known = Members(swarm)
            if member is not None:
                with self._step("drain"):
                    known.drain(member.id)
                    known.wait_until_empty(member.id, timeout_s=DRAIN_S)
            for each in members:
                if each.name == self.node.name and each.is_manager:
                    with self._step("demote"):
                        known.demote(each.id)

    def _apply(self) -> None:
        cloud = self.targets.needed_cloud("")
        cloud.terraform.init()
        apply(cloud, parallelism=self.parallelism, meant=Meant(replace=(self.node.name,)))
        known_hosts.take_over(cloud)

    def _forget(self) -> None:
        """The node that joins removes its predecessor's entry; what is left when it could not is removed here."""
        deadline = time.monotonic() + BACK_S
        with self.targets.services.swarm() as swarm:
            known = Members(swarm)
            while True:
                same = [each for each in known.all() if each.name == self.node.name]
                alive = [each for each in same if each.is_up and each.availability == "active"]
                if alive:
                    break
                if time.monotonic() > deadline:
                    raise OpsError(f"{self.node.name} is ready but not in the swarm after {BACK_S:g} s")
                time.sleep(1)
            for each in same:
                if not each.is_up:
                    known.remove(each.id, manager=each.is_manager)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        screen.err.print(f"{name} ...")
        started = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - started

    def _report(self) -> None:
        screen.out.print(f"{self.node.name} is back")
        for step, seconds in self.seconds.items():
            screen.out.print(f"  {seconds:5.0f} s  {step}")
        screen.out.print(f"  {sum(self.seconds.values()):5.0f} s  in all")

    def as_data(self) -> Mapping[str, Any]:
        """For programs."""
        return {"node": self.node.name, "seconds": dict(self.seconds)}


def obstacles(node: ClusterNode, members: list[Member], *, ends_swarm: bool) -> Iterator[Obstacle]:
    """Why a node must not go now."""
    managers = [member for member in members if member.is_manager]
    reachable = [member for member in managers if member.is_reachable]
    goes = [member for member in reachable if member.name == node.name]
    if node.role == "manager" and len(managers) <= 1:
        if not ends_swarm:
            yield Obstacle(
                what=f"{node.name} is the only manager: its swarm ends with it, and every service is away until it is back",
                fix="add --ends-swarm if that is meant (data on volumes stays), or have three managers first",
            )
        return
    # Demoted first, it has no vote any more: of the managers that stay, more than half must be there.
    stay = len(managers) - len([member for member in managers if member.name == node.name])
    left = len(reachable) - len(goes)
    if node.role == "manager" and left <= stay // 2:
        others = ", ".join(m.name for m in managers if not m.is_reachable and m.name != node.name)
        yield Obstacle(
            what=f"without {node.name} the swarm has {left} of {stay} managers and no quorum ({others} do not answer)",
            fix=f"bring {others or 'the others'} back first: python -m ops ready",
        )
