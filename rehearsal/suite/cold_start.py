"""From nothing to a running platform: the steps of a maintainer, timed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from rehearsal.suite import markers
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

READY_S = 300


def cloud(world: World) -> str:
    """Applies the cloud stack; this also writes its host key to known_hosts."""
    world.ops("deploy", "--env", world.environment, "--only", "cloud", "--yes")
    return f"{len(world.droplets())} droplets"


def nodes(world: World) -> str:
    """Waits until every node is ready."""
    world.ops("ready", "--env", world.environment, "--wait", str(READY_S))
    return ""


def services(world: World) -> str:
    """Applies the services stack and waits until it converges."""
    world.ops("deploy", "--env", world.environment, "--only", "services", "--yes", "--stable", "5")
    return f"{len(world.services.wanted.of_type('docker_service'))} services"


def smoke(world: World) -> str:
    """Runs the smoke test from outside, as users see the platform; names resolve to the reserved address."""
    told = world.ops(
        "smoke", "--env", world.environment, "--connect", world.address, "--json", expect=(0, 1), timeout=300
    )
    found = json.loads(told)
    failed = [f"{each['area']}: {each['name']}" for each in found["checks"] if each["status"] == "failed"]
    if failed:
        raise CheckFailed(f"{len(failed)} of {found['passed'] + len(failed)}: {'; '.join(failed[:5])}")
    for what, which in found["tested"].items():
        world.notes[what] = which
    return f"{found['passed']} passed, {found['not_checked']} not checked"


def empty_plans(world: World) -> str:
    """Checks that Terraform plans no changes in either stack."""
    told = json.loads(world.ops("plan", "--env", world.environment, "--json"))
    for stack in told["stacks"]:
        if stack["offline"]:
            raise CheckFailed(f"{stack['name']} was not planned by Terraform: {stack['offline']}")
        if any(stack["counts"].values()):
            raise CheckFailed(f"{stack['name']} would change: {_changes(stack)}")
    return "no changes in either stack"


def marked(world: World) -> str:
    """Writes a marker to each store, which later checks read back."""
    markers.write(world)
    return ", ".join(world.marks)


def _changes(stack: Mapping[str, object]) -> str:
    layers = stack["layers"]
    assert isinstance(layers, list)
    services = [f"{c['name']} ({c['action']})" for layer in layers for c in layer["services"]]
    items = [f"{i['type']} {i['name']} ({i['action']})" for layer in layers for i in layer["items"]]
    return ", ".join([*services, *items][:8])


STEPS: Mapping[str, Callable[[World], str]] = {
    "cloud stack": cloud,
    "nodes ready": nodes,
    "services stack": services,
    "smoke": smoke,
    "empty plans": empty_plans,
    "markers": marked,
}
