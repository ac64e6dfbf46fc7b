"""Upgrades the engine, containerd and runc of every node, one node after the other, and stops at the first failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import docker.errors
from rich.text import Text

from layers.cloud.nodes import boot_order, engine_version
from ops.deploy import prerequisites
from ops.deploy.convergence import has_services, wait_for_convergence
from ops.errors import Obstacle, OpsError, Refused
from ops.nodes import readiness, status
from ops.nodes.engine_packages import ANSWER_S, EnginePackages, NodeEngine, NodeIdle
from ops.nodes.inventory import ClusterNode, nodes_of
from ops.swarm.engine import RunningService
from ops.swarm.nodes import SwarmNode, SwarmNodes
from ops.terminal import screen
from ops.terraform.held_lock import HeldLock
from ops.terraform.target import Target, Targets, targets_of
from ops.waiting import wait_until

DRAIN_S = 180.0
READY_S = 300.0
BACK_S = 120.0
CONVERGED_S = 600.0
STABLE_S = 10.0
LONGEST_S = DRAIN_S + ANSWER_S + READY_S + BACK_S + CONVERGED_S
"""After which the command gives a node up."""

ABOUT_S = 180.0
"""For a plan: the rehearsal's engines were back with all their services 62 to 94 s after a restart (two cores, three nodes); a drain and dpkg come on top."""

_UNTOUCHED = "no engine is upgraded; nothing was changed"


@dataclass(frozen=True, kw_only=True)
class NodeUpgrade:
    """What is to be done on one node."""

    node: ClusterNode
    packages: EnginePackages
    drained: bool
    """By an earlier run that failed, or by a person."""

    @property
    def is_needed(self) -> bool:
        """A drained node becomes active again, whatever it has."""
        return bool(self.packages.changes) or self.drained


@dataclass
class EngineUpgrade:
    """One upgrade of all nodes."""

    targets: Targets
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each node took."""
    _locks: list[HeldLock] = field(default_factory=list, init=False)

    @classmethod
    def of(cls, environment: str) -> EngineUpgrade:
        """Synthesizes the environment."""
        with screen.doing() as say:
            say(f"synthesizing {environment}")
            targets = targets_of(environment)
            targets.needed_cloud("its engine is this machine's, which nobody upgrades from here")
        return cls(targets)

    @property
    def target(self) -> Target:
        """Where the services are."""
        return self.targets.services

    def run(self, *, ask: Callable[[str], bool] | None) -> None:
        """Looks, shows, asks, and upgrades, with the locks of both states: no deploy, replacement or other upgrade begins meanwhile.

        One that is at work already has a lock only while its Terraform runs. What shows it besides is refused.

        Raises:
            StateLocked: somebody else changes the environment. Nothing was changed.
            Refused: the states' credentials are missing, a node is not ready, a service is being updated, or the swarm would lose its
                quorum. Nothing was changed.
            OpsError: a node failed, or a lock was lost; the nodes after it were not touched.
        """
        self._require_access()
        with ExitStack() as locks:
            with screen.doing() as say:
                for target in self.targets.all:
                    say(f"locking the state of {target.stack}")
                    target.terraform.init()
                    self._locks.append(locks.enter_context(target.terraform.locked()))
            self._run(ask)

    def _require_access(self) -> None:
        stacks = self.targets.all
        found = [
            *prerequisites.tools(locks=any(each.state_file is None for each in stacks)),
            *(obstacle for each in stacks for obstacle in prerequisites.state_access(each)),
        ]
        if found:
            raise Refused(_UNTOUCHED, list(dict.fromkeys(found)))

    def _run(self, ask: Callable[[str], bool] | None) -> None:
        self._refuse_unless_ready()
        todo = [each for each in self._look() if each.is_needed]
        if not todo:
            version = engine_version(self.target.settings)
            screen.out.print(f"every node has {version}, and the mirrors have nothing newer", markup=False)
            return
        self._show(todo)
        if ask is not None and not ask(
            f"upgrade {len(todo)} nodes of {self.target.name}, one after the other?"
        ):
            raise OpsError("not approved; nothing that runs was changed")
        for done, each in enumerate(todo):
            started = time.monotonic()
            try:
                for lock in self._locks:
                    lock.require_held()
                self._require_others_there(todo[done:])
                self._upgrade(each)
            except OpsError as error:
                left = ", ".join(other.node.name for other in todo[done + 1 :]) or "none"
                raise OpsError(
                    f"{each.node.name} is not upgraded: {error.problem}",
                    fix="; ".join(
                        filter(None, (error.fix, f"not touched: {left}; then run the same command again"))
                    ),
                ) from None
            self.seconds[each.node.name] = time.monotonic() - started
        for name, seconds in self.seconds.items():
            screen.out.print(f"{seconds:5.0f} s  {name}", markup=False)

    def _refuse_unless_ready(self) -> None:
        with screen.doing() as say:
            say("asking the nodes")
            found = readiness.node_statuses(self.target, keys=readiness.keys_to_compare(self.target))
            with self.target.swarm() as swarm:
                members, services = SwarmNodes(swarm).all(), swarm.services()
        obstacles = [
            *not_ready(self.target.name, found),
            *updating(services),
            *without_quorum(
                self.target.name, members, [each.name for each in nodes_of(self.target.settings)]
            ),
        ]
        if obstacles:
            raise Refused(_UNTOUCHED, obstacles)

    def _require_others_there(self, todo: Sequence[NodeUpgrade]) -> None:
        """Before every node: minutes have passed, and a restore or a person at the swarm takes no lock."""
        with self.target.swarm() as swarm:
            members, services = SwarmNodes(swarm).all(), swarm.services()
        declared = [node.name for node in nodes_of(self.target.settings)]
        known = {other.node.name for other in todo if other.drained}
        obstacles = [
            *updating(services),
            *without_quorum(self.target.name, members, declared),
            *drained_meanwhile(members, [name for name in declared if name not in known]),
        ]
        if obstacles:
            raise OpsError(
                "; ".join(obstacle.what for obstacle in obstacles),
                fix="; ".join(dict.fromkeys(obstacle.fix for obstacle in obstacles)),
            )

    def _look(self) -> list[NodeUpgrade]:
        """Downloads on every node, so that none is away for longer than dpkg needs. The least important node comes first."""
        found, version = [], engine_version(self.target.settings)
        with self.target.swarm() as swarm:
            members = SwarmNodes(swarm).all()
        with screen.doing() as say:
            for node in reversed(boot_order(nodes_of(self.target.settings))):
                packages = NodeEngine(self.target, node, say).ask("download", version)
                drained = _entry(members, node).availability != "active"
                found.append(NodeUpgrade(node=node, packages=packages, drained=drained))
        return found

    def _show(self, todo: Sequence[NodeUpgrade]) -> None:
        only = len(nodes_of(self.target.settings)) == 1
        for each in todo:
            what = ", ".join(each.packages.changes) or "nothing newer; it becomes active again"
            screen.out.print(Text(f"{each.node.name}: {what}"), soft_wrap=True)
            if each.drained:
                # Nothing on the node or in the swarm tells who did it.
                screen.out.print(
                    "  it was drained by an earlier run or by a person: continue only if nobody replaces it",
                    soft_wrap=True,
                )
            away = "every service" if only else ", ".join(each.node.stores)
            if away:
                screen.out.print(
                    Text(
                        f"  away for about {ABOUT_S / 60:.0f} minutes: {away} "
                        f"(given up after {LONGEST_S / 60:.0f} minutes)"
                    ),
                    soft_wrap=True,
                )

    def _upgrade(self, each: NodeUpgrade) -> None:
        with self._active_again_if_idle(each.node):
            if each.packages.changes:
                self._drain(each.node)
                with screen.doing() as say:
                    engine = NodeEngine(self.target, each.node, say)
                    has = engine.ask("install", engine_version(self.target.settings))
                if has.changes:
                    raise OpsError(f"after the installation there is still to do: {', '.join(has.changes)}")
                readiness.require_ready(
                    self.target, wait_s=READY_S, tell=status.StatusDisplay(screen.err), nodes=[each.node]
                )
            self._activate(each.node)
        if has_services(self.target):
            wait_for_convergence(self.target, STABLE_S, timeout_s=CONVERGED_S)

    def _drain(self, node: ClusterNode) -> None:
        screen.err.print(f"{node.name}: drain", markup=False)
        try:
            with self.target.swarm() as swarm:
                known = SwarmNodes(swarm)
                id_ = _entry(known.all(), node).id
                known.drain(id_)
                known.wait_until_empty(id_, timeout_s=DRAIN_S)
        except OpsError as error:
            raise NodeIdle(error.problem, fix=error.fix) from None
        except docker.errors.DockerException as error:
            raise NodeIdle(str(error)) from None

    def _activate(self, node: ClusterNode) -> None:
        """Once the managers see it again."""

        def activated() -> bool:
            try:
                return self._activates(node)
            except (OpsError, docker.errors.DockerException):
                return False

        if not wait_until(activated, BACK_S, interval_s=2):
            raise OpsError(f"the managers do not see it {BACK_S:g} s after its upgrade")
        screen.err.print(f"{node.name}: active", markup=False)

    def _activates(self, node: ClusterNode) -> bool:
        """Lets it take tasks again, if the managers see it; says whether they do."""
        with self.target.swarm() as swarm:
            known = SwarmNodes(swarm)
            entry = _entry(known.all(), node)
            if entry.is_up:
                known.activate(entry.id)
            return entry.is_up

    @contextmanager
    def _active_again_if_idle(self, node: ClusterNode) -> Iterator[None]:
        """A node becomes active again on a failure after which nothing is installed on it. Else its engine may be restarted at any moment."""
        by_hand = f"docker node update --availability active {node.name}"
        try:
            yield
        except KeyboardInterrupt:
            screen.err.print(f"{node.name} stays drained; run the same command again", markup=False)
            raise
        except NodeIdle:
            try:
                if self._activates(node):
                    screen.err.print(f"{node.name} is active again", markup=False)
                else:
                    screen.err.print(f"{node.name} is down and stays drained; later: {by_hand}", markup=False)
            except (OpsError, docker.errors.DockerException) as error:
                screen.err.print(f"{node.name} stays drained ({error}); later: {by_hand}", markup=False)
            raise
        except (OpsError, docker.errors.DockerException):
            screen.err.print(
                f"{node.name} stays drained: it may still be installing, or is not ready. On the node, systemctl status sprocket-engine "
                f"says whether it is, and journalctl -u sprocket-engine what it does. Once that has ended, run the same command again, or: {by_hand}",
                markup=False,
                soft_wrap=True,
            )
            raise


def not_ready(environment: str, found: Sequence[readiness.NodeStatus]) -> Iterator[Obstacle]:
    """Nodes that lack something besides the wanted version."""
    for each in found:
        if not each.is_ready_but_for_engine:
            others = replace(each, engine=())
            fix = readiness.fix_of(environment, [others])
            if (others.configure or others.labels or others.keys) and not (others.replace or others.rights):
                fix = f"write what is declared: python -m ops ready --env {environment} --write --wait 600"
            yield Obstacle(what=f"{each.node}: {'; '.join(others.reasons) or 'is not ready'}", fix=fix)


def updating(services: Sequence[RunningService]) -> Iterator[Obstacle]:
    """Services whose tasks are being replaced: a deploy goes on when its Terraform has ended, or a person updates them."""
    if names := sorted(each.name for each in services if each.is_updating):
        yield Obstacle(
            what=f"the update of {', '.join(names)} is in progress",
            fix="wait until the deploy has ended; if nobody deploys, docker service ps NAME says what it waits for: a drained node "
            "becomes active by docker node update --availability active NODE",
        )


def without_quorum(
    environment: str, members: Sequence[SwarmNode], declared: Sequence[str]
) -> Iterator[Obstacle]:
    """Why no node may be away now: one is down already, or too few managers would be left. A swarm of one manager is away with it."""
    for name in declared:
        if not any(each.name == name and each.is_up for each in members):
            yield Obstacle(
                what=f"{name} is down in the swarm",
                fix=f"bring it back first: python -m ops ready --env {environment}; docs/runbooks/replace-a-node.md",
            )
    managers = [each for each in members if each.is_manager]
    reachable = [each for each in managers if each.is_reachable]
    if len(managers) > 1 and len(reachable) - 1 <= len(managers) // 2:
        yield Obstacle(
            what=f"{len(reachable)} of {len(managers)} managers answer: without another one there is no quorum",
            fix="bring the others back first (docker node ls), or have three managers",
        )


def drained_meanwhile(members: Sequence[SwarmNode], names: Sequence[str]) -> Iterator[Obstacle]:
    """Nodes that somebody else has taken out of service since the start of the upgrade."""
    for each in members:
        if each.name in names and each.is_up and each.availability != "active":
            yield Obstacle(
                what=f"{each.name} was set to {each.availability} by somebody else",
                fix="wait until they are done (docker node ls)",
            )


def _entry(members: Sequence[SwarmNode], node: ClusterNode) -> SwarmNode:
    """The node's entry; where an older one of its name is left, the one that is up."""
    same = [each for each in members if each.name == node.name]
    if not same:
        raise OpsError(f"{node.name} is not in the swarm", fix="docker node ls, on a manager")
    return next((each for each in same if each.is_up), same[0])
