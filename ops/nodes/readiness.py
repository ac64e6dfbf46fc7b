"""Asks each node whether it is ready for the services."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from layers.cloud.nodes import volume_name
from layers.settings.environment import Environment
from ops.errors import OpsError
from ops.nodes.inventory import ClusterNode, nodes_of, ssh_to
from ops.nodes.node_settings import NodeSettings
from ops.ssh import Ssh
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
        replace: why it must be replaced, one sentence each: it was built with other settings.
        reached: whether it answered.
    """

    node: str
    ready: bool
    missing: tuple[str, ...] = ()
    configure: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    reached: bool = True

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.node}: {'ready' if self.ready else '; '.join((*self.replace, *self.configure, *self.missing))}"


def required_settings(settings: Environment, node: ClusterNode) -> tuple[str, ...]:
    """What the settings require of a node, as arguments for its own check: it knows only the settings that it was built with."""
    labels = " ".join(f"{key}={value}" for key, value in sorted(node.labels.items()))
    volumes = " ".join(f"{store}={volume_name(settings, store)}" for store in node.stores)
    mesh = "yes" if settings.cloud and settings.cloud.access.tailscale else "no"
    return ("--role", node.role, "--labels", labels, "--volumes", volumes, "--mesh", mesh)


def ask(node: ClusterNode, ssh: Ssh, wanted: Sequence[str] = ()) -> NodeStatus:
    """Asks one node for its status.

    Args:
        wanted: see :func:`required_settings`.
    """
    done = ssh.run(*COMMAND, *wanted, timeout=20)
    try:
        told = json.loads(done.output.strip().splitlines()[-1])
        missing, configure, replace = (
            tuple(str(line) for line in told.get(key) or []) for key in ("missing", "configure", "replace")
        )
        ready = bool(told["ready"]) and done.code == 0
        return NodeStatus(node=node.name, ready=ready, missing=missing, configure=configure, replace=replace)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        pass
    if not done.reached:
        return NodeStatus(
            node=node.name, ready=False, missing=(f"not reached: {done.reason}",), reached=False
        )
    return NodeStatus(node=node.name, ready=False, missing=(f"has no status yet: {done.reason}",))


def node_statuses(target: Target, nodes: Iterable[ClusterNode] | None = None) -> list[NodeStatus]:
    """Asks all nodes in parallel."""
    asked = list(nodes if nodes is not None else nodes_of(target.settings))
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        return list(
            pool.map(
                lambda node: ask(node, ssh_to(target, node), required_settings(target.settings, node)), asked
            )
        )


def wait_until_ready(
    look: Callable[[], list[NodeStatus]],
    *,
    wait_s: float,
    tell: Tell = lambda statuses, seconds: None,
    configures: bool = False,
) -> list[NodeStatus]:
    """Asks until all are ready, one must be replaced, or the timeout is reached; returns the last statuses.

    Args:
        configures: whether ``look`` writes settings to nodes that have other ones; if it does not, waiting for those is useless.
    """
    started = time.monotonic()

    def done(found: list[NodeStatus]) -> bool:
        tell(found, time.monotonic() - started)
        stays = any(each.replace or (each.configure and not configures) for each in found)
        return stays or all(each.ready for each in found)

    return wait_until(look, wait_s, done=done, interval_s=INTERVAL_S)


def require_ready(
    target: Target, *, wait_s: float, tell: Tell, nodes: Iterable[ClusterNode] | None = None
) -> list[NodeStatus]:
    """Waits like :func:`wait_until_ready`, for a command that needs all nodes ready; writes changed labels and volumes.

    Raises:
        OpsError: a node is not ready; names what each still waits for.
    """
    chosen = list(nodes if nodes is not None else nodes_of(target.settings))
    node_settings = NodeSettings(target)

    def look() -> list[NodeStatus]:
        found = node_statuses(target, chosen)
        node_settings.write(each.node for each in found if each.configure and not each.replace)
        return found

    found = wait_until_ready(look, wait_s=wait_s, tell=tell, configures=True)
    late = [each for each in found if not each.ready]
    if late:
        waited = "" if any(each.replace for each in late) else f" after {wait_s:g} s"
        raise OpsError(
            "\n  ".join([f"{len(late)} of {len(found)} nodes are not ready{waited}", *map(str, late)]),
            fix=_fix(target, late),
        )
    return found


def _fix(target: Target, late: Sequence[NodeStatus]) -> str:
    if outdated := [each.node for each in late if each.replace]:
        commands = ", then ".join(
            f"python -m ops replace-node --env {target.name} --node {name}" for name in outdated
        )
        return f"revert the edit, or replace them one after the other: {commands}; docs/runbooks/replace-a-node.md"
    if any(not each.reached for each in late):
        return (
            f"check that this machine may connect (cloud/access in environments/{target.name}.yaml) and the host key: "
            f"python -m ops known-hosts --env {target.name}; docs/runbooks/access.md"
        )
    if any(each.configure for each in late):
        return "look at the journal of the node: journalctl -u sprocket-volumes"
    return f"watch them: python -m ops ready --env {target.name} --wait 600"
