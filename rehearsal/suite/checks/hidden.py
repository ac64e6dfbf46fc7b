"""No secret can be read anywhere: not in output of commands, not on nodes, not in the API's log."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Sequence

from layers.cloud.nodes import ClusterNode
from ops.model.state import ids_in
from ops.terraform.secrets import known_values
from rehearsal.suite.check import Check
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

SHORTEST = 8
PUBLIC = ("ssh-ed25519 ", "ssh-rsa ", "ecdsa-")
TOKEN = re.compile(r"SWMTKN-1-[0-9a-z]+-[0-9a-z]+")
"""Matches a join token of any swarm, also an earlier one."""
CREDENTIALS = ("DIGITALOCEAN_TOKEN", "SPACES_SECRET_ACCESS_KEY")
PIECE, SAME_ENCODED = 48, 160
SAME_IN_EVERY_KEY = "b3BlbnNzaC1rZXktdjE"
"""Start of the first line of each OpenSSH key."""
_JOURNAL = ("journalctl", "--no-pager", "--output=cat")
_LOGS = ("sh", "-c", "cat /var/log/cloud-init*.log 2>/dev/null; true")
_PROCESSES = ("ps", "-eo", "args")
_ENVIRONMENTS = (
    "sh", "-c", "docker ps -q | xargs -r docker inspect --format '{{json .Config.Env}} {{json .Config.Labels}} {{json .Args}}'",
)  # fmt: skip


def hidden(world: World) -> str:
    """Searches all places for every secret value in the states, and for join tokens."""
    values = secret_values(world)
    there = [node for node in world.nodes if _answers(world, node.name)]
    if not there:
        raise CheckFailed("no node can be searched")
    _can_find(world, there[0].name, values)
    places = 0
    found = []
    for place, text in _places(world, there):
        places += 1
        found += [f"{what} is in {place}" for what, value in values.items() if value in text]
        if TOKEN.search(text):
            found.append(f"a join token is in {place}")
    if found:
        raise CheckFailed("; ".join(sorted(set(found))[:8]))
    away = len(world.nodes) - len(there)
    return f"{len(values)} values, {places} places" + (f"; {away} nodes cannot be searched" if away else "")


def secret_values(world: World) -> dict[str, str]:
    """Values by a name that may be shown: what the states and sensitive outputs hold, and what the shell was given.

    The id of a resource is none of them: the access key of Spaces is the id of its key, and the API has it in paths.
    """
    found: dict[str, str] = {}
    for target in world.targets.all:
        target.terraform.init()
        state = target.terraform.state()
        values = known_values(state) | {str(value) for value in target.terraform.secret_outputs().values()}
        values -= ids_in(state)
        for number, value in enumerate(sorted(values)):
            for part in parts_of(value):
                found[f"value {number} of {target.stack} ({len(found)})"] = part
    return found | {name: os.environ[name] for name in CREDENTIALS if os.environ.get(name)}


def _answers(world: World, node: str) -> bool:
    from rehearsal.emulator import MachineError

    try:
        return world.box.exec(node, "true").returncode == 0
    except MachineError:
        return False


def _can_find(world: World, node: str, values: dict[str, str]) -> None:
    """In the user data, which root of a node alone can read, there are keys: a search that misses them is blind.

    Raises:
        CheckFailed: it is.
    """
    text = world.box.exec(node, "sh", "-c", "cat /var/lib/cloud/instance/user-data.txt").stdout
    if not any(value in text for what, value in values.items() if world.cloud.stack in what):
        raise CheckFailed(f"the search does not find the keys that are in the user data of {node}")


def parts_of(value: str) -> Iterator[str]:
    """What to look for: a value as it is, a key line by line, since logs break lines. Public keys are no secret."""
    if value.startswith(PUBLIC):
        return
    lines = value.splitlines()
    for line in lines:
        if len(line) >= SHORTEST and not line.startswith(("-----", SAME_IN_EVERY_KEY)):
            yield line
    if len(lines) > 1:
        # As user data has it. The beginning is the same in every key, and where an encoder breaks lines is not known.
        encoded = base64.b64encode(value.encode()).decode()
        yield from (encoded[at : at + PIECE] for at in range(SAME_ENCODED, len(encoded) - PIECE, PIECE))


def _places(world: World, nodes: Sequence[ClusterNode]) -> Iterator[tuple[str, str]]:
    yield "what the commands printed", world.diary.text()
    yield "the plan's text", world.ops("plan", "--env", world.environment)
    yield "the API's log", json.dumps(world.emulator.log())
    for node in nodes:
        for place, words in {
            "journal": _JOURNAL,
            "log of cloud-init": _LOGS,
            "list of processes": _PROCESSES,
            "environment, labels and arguments of containers": _ENVIRONMENTS,
        }.items():
            yield f"{place} of {node.name}", world.box.exec(node.name, *words, timeout=60).stdout


HIDDEN = Check(
    name="hidden",
    what="secrets are in no log, plan, process list, label or environment",
    run=hidden,
    needs_platform=False,
)
