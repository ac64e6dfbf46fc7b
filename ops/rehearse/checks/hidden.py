"""No secret is anywhere that somebody could read it: not in what commands printed, not on nodes, not in the API's log."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ops.rehearse.check import Check
from ops.rehearse.outcome import CheckFailed
from ops.rehearse.world import World
from ops.secrets import known_values

SHORTEST = 8
PUBLIC = ("ssh-ed25519 ", "ssh-rsa ", "ecdsa-")
SAME_IN_EVERY_KEY = "b3BlbnNzaC1rZXktdjE"
"""How the first line of each OpenSSH key begins."""
_JOURNAL = ("journalctl", "--no-pager", "--output=cat")
_LOGS = ("sh", "-c", "cat /var/log/cloud-init*.log 2>/dev/null; true")
_PROCESSES = ("ps", "-eo", "args")
_ENVIRONMENTS = (
    "sh", "-c", "docker ps -q | xargs -r docker inspect --format '{{json .Config.Env}} {{json .Config.Labels}} {{json .Args}}'",
)  # fmt: skip


def hidden(world: World) -> str:
    """Looks for every value that the states hold, and for the join tokens, in all that could be read."""
    values = secret_values(world)
    places = 0
    found = []
    for place, text in _places(world):
        places += 1
        found += [f"{what} is in {place}" for what, value in values.items() if value in text]
    if found:
        raise CheckFailed("; ".join(sorted(set(found))[:8]))
    return f"{len(values)} values, {places} places"


def secret_values(world: World) -> dict[str, str]:
    """Values by a name that may be shown: what the states hold, what was supplied, and the swarm's join tokens."""
    found: dict[str, str] = {}
    for target in world.targets.all:
        target.terraform.init()
        for number, value in enumerate(sorted(known_values(target.terraform.state()))):
            for part in parts_of(value):
                found[f"value {number} of {target.stack} ({len(found)})"] = part
    with world.swarm() as swarm:
        for role, token in (swarm.api.inspect_swarm().get("JoinTokens") or {}).items():
            found[f"join token for a {role}"] = token
    return found


def parts_of(value: str) -> Iterator[str]:
    """What to look for: a value as it is, a key line by line, since logs break lines. Public keys are no secret."""
    if value.startswith(PUBLIC):
        return
    for line in value.splitlines():
        if len(line) >= SHORTEST and not line.startswith(("-----", SAME_IN_EVERY_KEY)):
            yield line


def _places(world: World) -> Iterator[tuple[str, str]]:
    yield "what the commands printed", world.diary.text()
    yield "the plan's text", world.ops("plan", "--env", world.environment)
    yield "the API's log", json.dumps(world.emulator.log())
    for node in world.nodes:
        for place, words in {
            "journal": _JOURNAL,
            "log of cloud-init": _LOGS,
            "list of processes": _PROCESSES,
            "environment, labels and arguments of containers": _ENVIRONMENTS,
        }.items():
            yield f"{place} of {node.name}", world.box.exec(node.name, *words, timeout=60).stdout


HIDDEN = Check(
    name="hidden", what="secrets are in no log, plan, process list, label or environment", run=hidden
)
