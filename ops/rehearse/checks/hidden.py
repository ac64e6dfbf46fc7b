"""No secret is anywhere that somebody could read it: not in what commands printed, not on nodes, not in the API's log."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ops.rehearse.check import Check
from ops.rehearse.outcome import CheckFailed
from ops.rehearse.world import World
from ops.secrets import known_values

SHORTEST = 8
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
    """Values by a name that may be shown. Keys of several lines by their longest line: logs break lines."""
    found: dict[str, str] = {}
    for target in world.targets.all:
        target.terraform.init()
        values = known_values(target.terraform.state())
        for number, value in enumerate(sorted(values)):
            longest = max(value.splitlines() or [""], key=len)
            if len(longest) >= SHORTEST and longest not in ("generated", "deploy"):
                found[f"value {number} of {target.stack}"] = longest
    found = {name: value for name, value in found.items() if not value.startswith(("ssh-ed25519 ", "-----"))}
    with world.swarm() as swarm:
        for role, token in (swarm.api.inspect_swarm().get("JoinTokens") or {}).items():
            found[f"join token for a {role}"] = token
    return found


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
