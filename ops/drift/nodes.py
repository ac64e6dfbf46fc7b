"""Nodes that are not as the environment's file says, and who gets in on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase

from layers.cloud.nodes import ClusterNode, engine_version
from layers.settings.environment import Environment
from ops.drift.finding import Drift, Unasked
from ops.errors import OpsError
from ops.nodes.access import access_of, declared_keys
from ops.nodes.inventory import nodes_of, ssh_to
from ops.swarm.nodes import SwarmNode
from ops.terraform.target import Target

PLACE = "the nodes"
_SIDE_BY_SIDE = 8


def changed_nodes(settings: Environment, nodes: Iterable[SwarmNode]) -> Iterator[Drift]:
    """Role, availability and labels of every node, as the managers have them.

    There is no record of what the last deploy wrote to a node, so what is compared is the environment's file.
    """
    wanted = {node.name: node for node in nodes_of(settings)}
    # Without a cloud, nodes have names of their own, and their pools' labels from whoever made them.
    by_hand = () if wanted else [each for pool in settings.nodes.values() for each in pool.labels.items()]
    for node in nodes:
        declared = wanted.get(node.name)
        if wanted and declared is None and node.is_up:
            yield _of(node, "was not added by a deploy", fix=f"docker node rm --force {node.name}")
        if node.availability != "active":
            yield _of(
                node,
                "availability",
                "active",
                node.availability,
                fix=f"docker node update --availability active {node.name}",
            )
        if declared is None:
            for name, value in (label for label in node.labels if label not in by_hand):
                fix = f"docker node update --label-rm {name} {node.name}"
                yield _of(node, f"label {name}", "", value, fix=fix)
        elif node.is_up:
            yield from _differences(settings, node, declared)


def _differences(settings: Environment, node: SwarmNode, declared: ClusterNode) -> Iterator[Drift]:
    if node.role != declared.role:
        verb = "promote" if declared.role == "manager" else "demote"
        yield _of(node, "role", declared.role, node.role, fix=f"docker node {verb} {node.name}")
    # A package's version has the Debian revision behind the last dash; the engine does not know its own.
    version = engine_version(settings).rpartition("-")[0] or engine_version(settings)
    if node.engine and not fnmatchcase(node.engine, version):
        fix = f"python -m ops upgrade-engine --env {settings.name} (docs/runbooks/upgrade-the-engine.md)"
        yield _of(node, "engine", version, node.engine, fix=fix)
    olds, news = dict(declared.labels), dict(node.labels)
    for name in sorted({**olds, **news}):
        if olds.get(name) != news.get(name):
            yield _of(
                node,
                f"label {name}",
                olds.get(name, ""),
                news.get(name, ""),
                fix=f"set the labels of environments/{settings.name}.yaml: python -m ops ready --env {settings.name} --write",
            )


def _of(node: SwarmNode, what: str, before: str = "", now: str = "", *, fix: str) -> Drift:
    return Drift(place=PLACE, where=f"node {node.name}", what=what, before=before, now=now, fix=fix)


def changed_access(target: Target) -> Iterator[Drift | Unasked]:
    """Keys in the operators' account of every node, and accounts that are root's equal, against what is declared.

    Raises:
        WrongUse: a key is supplied, and the shell does not have it.
    """
    wanted = declared_keys(target.settings)
    nodes = nodes_of(target.settings)
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        for found in pool.map(lambda node: list(_access_of(node, target, wanted)), nodes):
            yield from found


def _access_of(node: ClusterNode, target: Target, wanted: Sequence[str]) -> Iterator[Drift | Unasked]:
    try:
        access = access_of(ssh_to(target, node), wanted)
    except OpsError as error:
        yield Unasked(what=f"who gets in on node {node.name}", why=error.problem)
        return
    where = f"node {node.name}"
    for what in access.keys:
        fix = f"python -m ops keys --env {target.name} writes the declared ones"
        yield Drift(place=PLACE, where=where, what=what, fix=fix)
    for what in access.rights:
        fix = f"docs/runbooks/access.md; if nobody knows why: python -m ops replace-node --env {target.name} --node {node.name}"
        yield Drift(place=PLACE, where=where, what=what, fix=fix)
