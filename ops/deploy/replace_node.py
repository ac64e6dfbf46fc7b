"""Replaces one droplet while the platform runs: out of the swarm, replaced, back in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import docker.errors

from ops.check.acknowledgement import acknowledged_changes
from ops.cloud import orphans
from ops.cloud.client import Client
from ops.cloud.force_power_off import power_off
from ops.deploy.approval import approval
from ops.deploy.convergence import has_services, wait_for_convergence
from ops.deploy.deploy import (
    READY_TIMEOUT_S,
    check_prerequisites,
    check_stores_first,
    deploy_services,
)
from ops.deploy.replacement_plan import address_of, droplet_id, other_changes
from ops.errors import Obstacle, OpsError, Refused
from ops.guard.verdict import refusals
from ops.nodes import known_hosts, readiness, status
from ops.nodes.inventory import ClusterNode, node_named, nodes_of
from ops.swarm.nodes import SwarmNode, SwarmNodes
from ops.terminal import screen
from ops.terraform.apply import ApprovedChanges, apply, new_plan
from ops.terraform.target import Target, Targets, targets_of
from ops.waiting import wait_until

DRAIN_S = 180.0
STABLE_S = 10.0
BACK_S = 120.0
QUORUM = (
    "a swarm needs more than half of its managers: bring them back first (docs/runbooks/replace-a-node.md)"
)


@dataclass
class Replacement:
    """One replacement of one node.

    Args:
        ends_swarm: it may be the only manager.
        dead: it does not answer or hangs: it is not drained, and is powered off through the API.
    """

    targets: Targets
    node: ClusterNode
    ends_swarm: bool
    parallelism: int
    dead: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each step took."""

    @classmethod
    def of(
        cls, environment: str, node: str, *, ends_swarm: bool, parallelism: int, dead: bool = False
    ) -> Replacement:
        """Synthesizes the environment and finds the node in it."""
        with screen.doing(f"synthesizing {environment}"):
            targets = targets_of(environment)
            targets.needed_cloud("its node is this machine")
        return cls(targets, node_named(targets.services.settings, node), ends_swarm, parallelism, dead)

    def run(self, *, ask: Callable[[str], bool] | None) -> None:
        """All steps, each timed.

        Raises:
            Refused: the swarm would lose its quorum or its only manager, or the plan cannot be made or changes more than
                this droplet. Nothing was changed.
            OpsError: a step failed; the message says in what state the node is.
        """
        check_prerequisites(self.targets, "" if self.ends_swarm else "cloud")
        with self._step("look"):
            self._cloud.terraform.init()
            orphans.import_orphans(self._cloud, screen.err.print)
            swarm_nodes = self._swarm_nodes()
            self._refuse(obstacles(self.node, swarm_nodes, ends_swarm=self.ends_swarm))
        last = self._is_last(swarm_nodes)
        if last:
            check_stores_first(self.targets.services)
        with self._step("plan"):
            self._dry_run()
        if ask is not None and not ask(
            f"replace {self.node.name}? Its volumes stay; its own disk is deleted"
        ):
            raise OpsError("not approved; nothing was changed")
        with self._reactivated_on_failure(swarm_nodes):
            if not last:
                self._leave(swarm_nodes)
            if self.dead and (droplet := self._droplet_id()):
                with self._step("power off"):
                    power_off(droplet, Client())
            with self._step("replace the droplet"):
                apply(
                    self._cloud,
                    parallelism=self.parallelism,
                    approve=self._approve,
                    approved=self._approved_changes(),
                )
        known_hosts.update_known_hosts(self._cloud)
        with self._step("wait until it is ready"):
            readiness.require_ready(
                self.targets.services,
                wait_s=READY_TIMEOUT_S,
                tell=status.StatusDisplay(screen.err),
                # The services of a new swarm need all nodes; in a running one, others may be the next to be replaced.
                nodes=None if last else [self.node],
            )
        if last:
            with self._step("deploy the services to the new swarm"):
                deploy_services(
                    self.targets,
                    stable_s=STABLE_S,
                    parallelism=self.parallelism,
                    ask=None,
                    approved=ApprovedChanges(
                        acknowledged=tuple(acknowledged_changes(self.targets.services.name))
                    ),
                )
        else:
            with self._step("remove the old entry"):
                self._remove_old_entry()
            if has_services(self.targets.services):
                with self._step("wait until all services converged"):
                    wait_for_convergence(self.targets.services, STABLE_S)
        self._report()

    @property
    def _cloud(self) -> Target:
        return self.targets.needed_cloud("its node is this machine")

    def _refuse(self, obstacles: Iterator[Obstacle]) -> None:
        found = list(obstacles)
        if found:
            raise Refused(f"{self.node.name} is not replaced; nothing was changed", found)

    def _swarm_nodes(self) -> list[SwarmNode]:
        """The swarm's nodes; those that the environment declares where its engine cannot be asked."""
        try:
            with self.targets.services.swarm() as swarm:
                return SwarmNodes(swarm).all()
        except docker.errors.APIError as error:
            problem, fix = f"the engine cannot list the swarm's nodes: {error.explanation or error}", QUORUM
        except OpsError as error:
            problem, fix = error.problem, error.fix
        if not self.node.is_first:
            first = next(each for each in nodes_of(self.targets.services.settings) if each.is_first)
            raise OpsError(
                problem,
                fix=f"{fix}; engines are reached through {first.name}: if it is dead, replace it first",
            )
        # Without a droplet nothing can answer: an earlier run, or someone else, has destroyed it.
        if self.dead or not self._droplet_id():
            return [_as_declared(each, self.node) for each in nodes_of(self.targets.services.settings)]
        raise OpsError(problem, fix=f"{fix}; if {self.node.name} itself is dead, add --dead")

    def _is_last(self, swarm_nodes: list[SwarmNode]) -> bool:
        return self.node.role == "manager" and sum(swarm_node.is_manager for swarm_node in swarm_nodes) <= 1

    def _approved_changes(self) -> ApprovedChanges:
        """A droplet that is not in the state (an apply failed half way) is simply created."""
        known = self._droplet_id()
        return ApprovedChanges(replace=(self.node.name,)) if known else ApprovedChanges()

    def _droplet_id(self) -> str:
        address = address_of(self._cloud.wanted, self.node.name)
        return droplet_id(self._cloud.terraform.state(), address)

    def _dry_run(self) -> None:
        """Plans and prints without applying, so that what would fail or be refused does so while the node still runs."""
        approved = self._approved_changes()
        with new_plan(self._cloud, False, self.parallelism, approved.replace) as (_, plan):
            self._refuse(iter(refusals(plan or {}, self._cloud.settings, approved)))
            self._approve(plan or {})
            approval(self._cloud, None)(plan or {})

    def _approve(self, plan: Mapping[str, Any]) -> bool:
        self._refuse(other_changes(plan, address_of(self._cloud.wanted, self.node.name), self._cloud))
        return True

    def _leave(self, swarm_nodes: list[SwarmNode]) -> None:
        """Drains and demotes it; a node that is dead already is only demoted."""
        if self._is_as_declared(swarm_nodes):
            # Its entry is removed by the node that comes after it.
            return
        swarm_node = next((each for each in swarm_nodes if each.name == self.node.name and each.is_up), None)
        with self.targets.services.swarm() as swarm:
            known = SwarmNodes(swarm)
            if swarm_node is not None and not self.dead:
                with self._step("drain"):
                    known.drain(swarm_node.id)
                    known.wait_until_empty(swarm_node.id, timeout_s=DRAIN_S)
            for each in swarm_nodes:
                if each.name == self.node.name and each.is_manager:
                    with self._step("demote"):
                        known.demote(each.id)

    def _is_as_declared(self, swarm_nodes: list[SwarmNode]) -> bool:
        return any(each.name == self.node.name and not each.id for each in swarm_nodes)

    @contextmanager
    def _reactivated_on_failure(self, swarm_nodes: list[SwarmNode]) -> Iterator[None]:
        """When a step fails before the old droplet is destroyed, its node is activated and promoted again."""
        had = self._droplet_id()
        try:
            yield
        except (OpsError, KeyboardInterrupt) as failure:
            own = [each for each in swarm_nodes if each.name == self.node.name and each.is_up]
            if own and not self._is_last(swarm_nodes):
                self._restore(own, had)
            if isinstance(failure, Refused):
                # Its text says that nothing was changed, which is no longer true.
                raise OpsError(
                    f"{self.node.name}: the plan has changed since it was checked\n  {failure}"
                ) from None
            raise

    def _restore(self, own: list[SwarmNode], had: str) -> None:
        again = f"python -m ops replace-node --env {self.targets.name} --node {self.node.name}"
        try:
            now = self._droplet_id()
            if not had or now != had or not _is_active(had):
                screen.err.print(
                    f"  the old droplet is destroyed or off; continue with the same command: {again}"
                )
                return
            with self.targets.services.swarm() as swarm:
                for each in own:
                    SwarmNodes(swarm).activate(each.id)
                    if each.is_manager:
                        SwarmNodes(swarm).promote(each.id)
            screen.err.print(
                f"  {self.node.name} is active again and has its role back; then run again: {again}"
            )
        except (OpsError, docker.errors.APIError) as error:
            promote = f" && docker node promote {self.node.name}" if own[0].is_manager else ""
            screen.err.print(
                f"  {self.node.name} could not be activated again ({error}); if its droplet still exists, run on "
                f"another manager: docker node update --availability active {self.node.name}{promote}"
            )

    def _remove_old_entry(self) -> None:
        """The node that joins removes its predecessor's entry; this removes it where the node could not."""
        with self.targets.services.swarm() as swarm:
            known = SwarmNodes(swarm)

            def same() -> list[SwarmNode]:
                return [each for each in known.all() if each.name == self.node.name]

            def joined() -> bool:
                return any(each.is_up and each.availability == "active" for each in same())

            if not wait_until(joined, BACK_S, interval_s=1):
                raise OpsError(f"{self.node.name} is ready but not in the swarm after {BACK_S:g} s")
            for each in same():
                if not each.is_up:
                    known.remove(each.id, manager=each.is_manager)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        screen.err.print(f"{name} ...")
        started = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - started

    def _report(self) -> None:
        screen.out.print(f"{self.node.name} is replaced")
        for step, seconds in self.seconds.items():
            screen.out.print(f"  {seconds:5.0f} s  {step}")
        screen.out.print(f"  {sum(self.seconds.values()):5.0f} s  total")

    def as_data(self) -> Mapping[str, Any]:
        """For programs."""
        return {"node": self.node.name, "seconds": dict(self.seconds)}


def _as_declared(node: ClusterNode, dead: ClusterNode) -> SwarmNode:
    """A declared node as the swarm would list it if it could be asked: all are up but the dead one."""
    up = node.name != dead.name
    return SwarmNode(
        id=node.name if up else "",
        name=node.name,
        role=node.role,
        state="ready" if up else "down",
        availability="active",
        reachability="reachable" if up and node.role == "manager" else "",
    )


def _is_active(droplet: str) -> bool:
    return Client().one(f"droplets/{droplet}", "droplet").get("status") == "active"


def obstacles(node: ClusterNode, swarm_nodes: list[SwarmNode], *, ends_swarm: bool) -> Iterator[Obstacle]:
    """Why a node must not be replaced now."""
    managers = [swarm_node for swarm_node in swarm_nodes if swarm_node.is_manager]
    reachable = [swarm_node for swarm_node in managers if swarm_node.is_reachable]
    goes = [swarm_node for swarm_node in reachable if swarm_node.name == node.name]
    if node.role == "manager" and len(managers) <= 1:
        if not ends_swarm:
            yield Obstacle(
                what=f"{node.name} is the only manager: its swarm ends with it, and every service is down until it is deployed again",
                fix="add --ends-swarm to accept that (data on volumes stays), or deploy three managers first",
            )
        return
    # It is demoted first: of the managers that stay, more than half must be reachable.
    stay = len(managers) - len([swarm_node for swarm_node in managers if swarm_node.name == node.name])
    left = len(reachable) - len(goes)
    if node.role == "manager" and left <= stay // 2:
        others = ", ".join(m.name for m in managers if not m.is_reachable and m.name != node.name)
        yield Obstacle(
            what=f"without {node.name} the swarm has {left} of {stay} managers and no quorum ({others} do not answer)",
            fix=f"bring {others or 'the others'} back first (docker node ls shows them)",
        )
