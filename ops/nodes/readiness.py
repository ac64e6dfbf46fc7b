"""Asks each node whether it is ready for the services."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from layers.cloud.nodes import engine_version, node_facts, volume_name
from layers.node.node import engine_packages
from layers.settings.environment import Environment
from ops.errors import OpsError, WrongUse
from ops.nodes.access import access_of, declared_keys
from ops.nodes.authorized_keys import NodeKeys
from ops.nodes.engine_packages import differs
from ops.nodes.inventory import ClusterNode, nodes_of, ssh_to
from ops.nodes.labels import NodeLabels, labels_of, set_labels
from ops.nodes.node_settings import NodeSettings
from ops.ssh import Ssh
from ops.terminal import screen
from ops.terraform.target import Target
from ops.waiting import wait_until

COMMAND = ("/usr/local/sbin/sprocket-ready", "--json")
INTERVAL_S = 2.0
SIDE_BY_SIDE = 8

Tell = Callable[[Sequence["NodeStatus"], float], None]
"""Receives the statuses of all nodes, and the seconds since the start."""


@dataclass(frozen=True, kw_only=True)
class NodeStatus:
    """The status of one node, as it reports it.

    Attributes:
        missing: what it still waits for, one sentence each.
        configure: settings that a deploy has to write to it, one sentence each.
        keys: operators' keys that it has or lacks, against the environment's file, one sentence each; a deploy writes them.
        rights: accounts that are root's equal and that no deploy made, one sentence each.
        labels: how the labels that managers set differ from the declared ones, one sentence each; a deploy sets them.
        replace: why it must be replaced, one sentence each: it was built with other settings.
        reached: whether it answered.
    """

    node: str
    ready: bool
    missing: tuple[str, ...] = ()
    configure: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    engine: tuple[str, ...] = ()
    reached: bool = True

    @property
    def reasons(self) -> tuple[str, ...]:
        """All of them, what takes longest to correct first."""
        return (
            *self.replace,
            *self.rights,
            *self.engine,
            *self.configure,
            *self.labels,
            *self.keys,
            *self.missing,
        )

    @property
    def is_ready_but_for_engine(self) -> bool:
        """Whether it lacks at most the wanted version of its engine."""
        return self.ready or (bool(self.engine) and self.reasons == self.engine)

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.node}: {'ready' if self.ready else '; '.join(self.reasons)}"


def required_settings(settings: Environment, node: ClusterNode) -> tuple[str, ...]:
    """What the settings require of a node, as arguments for its own check: it knows only the settings that it was built with."""
    labels = node_facts(settings, node).changeable["LABELS"]
    volumes = " ".join(f"{store}={volume_name(settings, store)}" for store in node.stores)
    in_mesh = settings.cloud and settings.cloud.access.tailscale and node.role == "manager"
    mesh = "yes" if in_mesh else "no"
    return ("--role", node.role, "--labels", labels, "--volumes", volumes, "--mesh", mesh)


def required_engine(settings: Environment) -> tuple[str, str]:
    """The engine's package and the pattern of its version, on every node."""
    image = settings.cloud.image if settings.cloud else ""
    return engine_packages(image)[0], engine_version(settings)


def ask(
    node: ClusterNode, ssh: Ssh, wanted: Sequence[str] = (), engine: tuple[str, str] = ("", "*")
) -> NodeStatus:
    """Asks one node for its status.

    Args:
        wanted: see :func:`required_settings`.
        engine: see :func:`required_engine`. A node that was built before it told its packages is not compared.
    """
    done = ssh.run(*COMMAND, *wanted, timeout=20)
    try:
        told = json.loads(done.output.strip().splitlines()[-1])
        missing, configure, replace = (
            tuple(str(line) for line in told.get(key) or []) for key in ("missing", "configure", "replace")
        )
        other = differs(told.get("packages") or {}, *engine)
        return NodeStatus(
            node=node.name,
            ready=bool(told["ready"]) and done.code == 0 and not other,
            missing=missing,
            configure=configure,
            replace=replace,
            engine=(other,) if other else (),
        )
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        pass
    if not done.reached:
        return NodeStatus(
            node=node.name, ready=False, missing=(f"not reached: {done.reason}",), reached=False
        )
    return NodeStatus(node=node.name, ready=False, missing=(f"has no status yet: {done.reason}",))


def node_statuses(
    target: Target, nodes: Iterable[ClusterNode] | None = None, *, keys: Sequence[str] | None = None
) -> list[NodeStatus]:
    """Asks all nodes in parallel, and the managers for their labels once all are ready by themselves.

    Args:
        keys: the operators' keys that each should have; none to not compare them.
    """
    asked = list(nodes if nodes is not None else nodes_of(target.settings))

    def status(node: ClusterNode) -> NodeStatus:
        ssh = ssh_to(target, node)
        settings = target.settings
        found = ask(node, ssh, required_settings(settings, node), required_engine(settings))
        return with_access(found, ssh, keys) if found.is_ready_but_for_engine else found

    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        found = list(pool.map(status, asked))
    if not all(each.is_ready_but_for_engine for each in found):
        return found
    labels = labels_of(target, asked)
    return [with_labels(each, labels[each.node]) for each in found]


def with_access(status: NodeStatus, ssh: Ssh, keys: Sequence[str] | None) -> NodeStatus:
    """A node that is ready by itself (its engine's version aside), and whether only those get in who are declared."""
    try:
        access = access_of(ssh, keys)
    except OpsError as error:
        return replace(status, ready=False, missing=(f"does not say who gets in: {error.problem}",))
    ready = status.ready and not (access.keys or access.rights)
    return replace(status, ready=ready, keys=access.keys, rights=access.rights)


def with_labels(status: NodeStatus, labels: NodeLabels) -> NodeStatus:
    """A node that is ready by itself (its engine's version aside), and whether services find it by its labels."""
    ready = status.ready and not (labels.differences or labels.unknown)
    return replace(status, ready=ready, labels=labels.differences, missing=labels.unknown)


def keys_to_compare(target: Target) -> list[str] | None:
    """The keys that each node should have; none, with a warning, where this machine does not know them all."""
    try:
        return declared_keys(target.settings)
    except WrongUse as error:
        screen.warn(f"warning: the keys on the nodes are not compared: {error.problem}")
        return None


def wait_until_ready(
    look: Callable[[], list[NodeStatus]],
    *,
    wait_s: float,
    tell: Tell = lambda statuses, seconds: None,
    configures: bool = False,
    but_for_engine: bool = False,
) -> list[NodeStatus]:
    """Asks until all are ready, one must be replaced, or the timeout is reached; returns the last statuses.

    Args:
        configures: whether ``look`` writes settings to nodes that have other ones; if it does not, waiting for those is useless.
        but_for_engine: goes on for all else where a node has another engine; without it, that ends the wait.
    """
    started = time.monotonic()

    def done(found: list[NodeStatus]) -> bool:
        tell(found, time.monotonic() - started)
        stays = any(
            _needs_more_than_time(each, but_for_engine)
            or ((each.configure or each.labels or each.keys) and not configures)
            for each in found
        )
        return stays or not _late(found, but_for_engine)

    return wait_until(look, wait_s, done=done, interval_s=INTERVAL_S)


def require_ready(
    target: Target,
    *,
    wait_s: float,
    tell: Tell,
    nodes: Iterable[ClusterNode] | None = None,
    writes_keys: bool = False,
    but_for_engine: bool = False,
) -> list[NodeStatus]:
    """Waits like :func:`wait_until_ready`, for a command that needs all nodes ready; writes changed volumes and sets labels.

    Args:
        writes_keys: write the operators' keys to nodes that have other ones. Without it, such a node ends the wait.
        but_for_engine: a node that has another engine and lacks nothing else is ready enough.

    Raises:
        OpsError: a node is not ready; names what each still waits for.
    """
    chosen = list(nodes if nodes is not None else nodes_of(target.settings))
    node_settings, node_keys = NodeSettings(target), NodeKeys(target)
    keys = keys_to_compare(target)

    def look() -> list[NodeStatus]:
        found = node_statuses(target, chosen, keys=keys)
        node_settings.write(each.node for each in found if each.configure and not each.replace)
        if mislabelled := {each.node for each in found if each.labels}:
            affected = [node for node in chosen if node.name in mislabelled]
            set_labels(target, labels_of(target, affected).values())
        wrong = [each.node for each in found if each.keys]
        if wrong and not writes_keys:
            raise _not_ready(target, found, "")
        node_keys.write(wrong)
        return found

    found = wait_until_ready(look, wait_s=wait_s, tell=tell, configures=True, but_for_engine=but_for_engine)
    if _late(found, but_for_engine):
        at_once = any(_needs_more_than_time(each, but_for_engine) for each in found)
        raise _not_ready(target, found, "" if at_once else f" after {wait_s:g} s", but_for_engine)
    return found


def _needs_more_than_time(status: NodeStatus, but_for_engine: bool) -> bool:
    return bool(status.replace or status.rights or (status.engine and not but_for_engine))


def _late(found: Sequence[NodeStatus], but_for_engine: bool) -> list[NodeStatus]:
    return [each for each in found if not (each.is_ready_but_for_engine if but_for_engine else each.ready)]


def _not_ready(
    target: Target, found: Sequence[NodeStatus], waited: str, but_for_engine: bool = False
) -> OpsError:
    late = _late(found, but_for_engine)
    return OpsError(
        "\n  ".join([f"{len(late)} of {len(found)} nodes are not ready{waited}", *map(str, late)]),
        fix=fix_of(target.name, [replace(each, engine=()) for each in late] if but_for_engine else late),
    )


def fix_of(environment: str, late: Sequence[NodeStatus]) -> str:
    """What to do about nodes that are not ready: about the reason that comes first."""
    if outdated := [each.node for each in late if each.replace]:
        commands = ", then ".join(
            f"python -m ops replace-node --env {environment} --node {name}" for name in outdated
        )
        return f"revert the edit, or replace them one after the other: {commands}; docs/runbooks/replace-a-node.md"
    if any(each.engine for each in late):
        return f"upgrade them one after the other: python -m ops upgrade-engine --env {environment}; docs/runbooks/upgrade-the-engine.md"
    if any(not each.reached for each in late):
        return (
            f"check that this machine may connect (cloud/access in environments/{environment}.yaml) and the host key: "
            f"python -m ops known-hosts --env {environment}; docs/runbooks/access.md"
        )
    if any(each.rights for each in late):
        return "find out who made the account, and replace the node: docs/runbooks/access.md, docs/runbooks/replace-a-node.md"
    if any(each.keys for each in late):
        return f"write the declared keys: python -m ops keys --env {environment}; docs/runbooks/access.md"
    if any(each.configure for each in late):
        return "look at the journal of the node: journalctl -u sprocket-volumes"
    return f"watch them: python -m ops ready --env {environment} --wait 600"
