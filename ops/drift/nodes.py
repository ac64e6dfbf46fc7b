"""Nodes that are not as the environment's file says, and keys that let in somebody whom it does not name."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from layers.cloud.nodes import ClusterNode
from layers.settings.environment import Environment
from ops.drift.finding import Drift, Unasked
from ops.nodes.authorized_keys import text_of
from ops.nodes.inventory import nodes_of, ssh_to
from ops.swarm.nodes import SwarmNode
from ops.terraform.target import Target

PLACE = "the nodes"
_SIDE_BY_SIDE = 8
_READ = 'cat "$HOME/.ssh/authorized_keys"'
_FILE_S = 20.0


def changed_nodes(settings: Environment, nodes: Iterable[SwarmNode]) -> Iterator[Drift]:
    """Role, availability and labels of every node, as the managers have them.

    There is no record of what the last deploy wrote to a node, so what is compared is the environment's file.
    """
    wanted = {node.name: node for node in nodes_of(settings)}
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
        for name, value in node.own_labels:
            # Services are placed by labels of the engine; a node label is always somebody's own.
            yield _of(
                node, f"node label {name}", "", value, fix=f"docker node update --label-rm {name} {node.name}"
            )
        if declared and node.is_up:
            yield from _differences(settings, node, declared)


def _differences(settings: Environment, node: SwarmNode, declared: ClusterNode) -> Iterator[Drift]:
    if node.role != declared.role:
        verb = "promote" if declared.role == "manager" else "demote"
        yield _of(node, "role", declared.role, node.role, fix=f"docker node {verb} {node.name}")
    olds, news = dict(declared.labels), dict(node.labels)
    for name in sorted({**olds, **news}):
        if olds.get(name) != news.get(name):
            yield _of(
                node,
                f"engine label {name}",
                olds.get(name, ""),
                news.get(name, ""),
                fix=f"a deploy writes the labels of environments/{settings.name}.yaml: python -m ops deploy --env {settings.name}",
            )


def _of(node: SwarmNode, what: str, before: str = "", now: str = "", *, fix: str) -> Drift:
    return Drift(place=PLACE, where=f"node {node.name}", what=what, before=before, now=now, fix=fix)


def changed_keys(target: Target) -> Iterator[Drift | Unasked]:
    """Keys in the operators' account of every node, against those that the environment names.

    Raises:
        WrongUse: a key is supplied, and the shell does not have it.
    """
    cloud = target.settings.cloud
    wanted = text_of(cloud.ssh_keys if cloud else {}).splitlines()
    nodes = nodes_of(target.settings)
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        for found in pool.map(lambda node: list(_keys_of(node, target, wanted)), nodes):
            yield from found


def _keys_of(node: ClusterNode, target: Target, wanted: Sequence[str]) -> Iterator[Drift | Unasked]:
    done = ssh_to(target, node).run("sh", "-c", _READ, timeout=_FILE_S)
    if done.code:
        yield Unasked(what=f"keys of node {node.name}", why=done.reason)
        return
    there = [line.strip() for line in done.output.splitlines()]
    there = [line for line in there if line and not line.startswith("#")]
    fix = f"python -m ops keys --env {target.name} writes the declared ones"
    granted, known = set(map(_grant, wanted)), set(map(_key, wanted))
    for line in there:
        if _grant(line) not in granted:
            what = (
                "lets a declared key in with other options:"
                if _key(line) in known
                else "lets in a key by hand:"
            )
            yield Drift(place=PLACE, where=f"node {node.name}", what=f"{what} {_shown(line)}", fix=fix)
    present = set(map(_key, there))
    for line in wanted:
        if _key(line) not in present:
            yield Drift(place=PLACE, where=f"node {node.name}", what=f"lacks the key {_shown(line)}", fix=fix)


def _key(line: str) -> str:
    """The key itself, without options before it and the comment behind it."""
    words = line.split()
    at = next((i for i, word in enumerate(words[:-1]) if word.startswith(("ssh-", "sk-", "ecdsa-"))), None)
    return line if at is None else " ".join(words[at : at + 2])


def _grant(line: str) -> str:
    """The key with the options before it. A comment says nothing to sshd."""
    key = _key(line)
    return line.partition(key)[0] + key


def _shown(line: str) -> str:
    """Its fingerprint as ``ssh-keygen -l`` prints it, and its comment."""
    words = _key(line).split()
    comment = line.partition(_key(line))[2].strip()
    try:
        digest = hashlib.sha256(base64.b64decode(words[1], validate=True)).digest()
    except (ValueError, IndexError):
        return "a line that is no key"
    print_ = base64.b64encode(digest).decode().rstrip("=")
    return f"SHA256:{print_}" + (f" ({comment})" if comment else "")
