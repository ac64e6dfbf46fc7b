"""The host key of a role's nodes is replaced, by the steps of docs/runbooks/rotate-a-secret.md (The nodes' keys)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from ruamel.yaml import YAML

from layers.loading import environments_folder, read_environment
from ops.check.acknowledgement import FOLDER
from ops.guard.kind import Kind
from ops.nodes.inventory import ClusterNode
from ops.nodes.known_hosts import OUTPUTS
from ops.terraform.runner import program
from rehearsal.suite.check import Check
from rehearsal.suite.editing import edit
from rehearsal.suite.health import wait_until_healthy
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World


def host_key(world: World) -> str:
    """The workers' key while the platform runs, or that of the only node, whose platform is switched off first."""
    env = ("--env", world.environment)
    nodes = rotated(world)
    key = OUTPUTS[nodes[0].role]
    ends_swarm = () if nodes[0].role == "worker" else ("--dead", "--ends-swarm")
    before = _shown(world, nodes[0])
    started = time.monotonic()
    if ends_swarm:
        world.ops("down", *env, "--yes")
    with _acknowledged(world, f"tls_private_key.{key}"):
        _taint(world, f"tls_private_key.{key}")
        refused = world.begin("deploy", *env, "--only", "cloud", "--yes")
        world.end(refused, expect=(1,))
    if not any("the host keys of" in line and "have changed" in line for line in refused.heard):
        raise CheckFailed(f"the deploy does not ask about the new key: {' | '.join(refused.heard[-4:])}")
    world.ops("known-hosts", *env, "--accept")
    for node in nodes:
        world.ops("replace-node", *env, "--node", node.name, "--yes", *ends_swarm)
    wait_until_healthy(world, names=True)
    seconds = time.monotonic() - started
    now = str(world.cloud.terraform.outputs()[key]).split()[1]
    for node in nodes:
        if _shown(world, node) != now or now == before:
            raise CheckFailed(f"{node.name} does not show the new {key}")
    return f"{key} of {', '.join(node.name for node in nodes)} in {seconds:.0f} s; the old one is not shown any more"


def rotated(world: World) -> list[ClusterNode]:
    """The nodes whose key can be replaced: all workers, or the only node; managers of other nodes have no way yet."""
    workers = [node for node in world.nodes if node.role == "worker"]
    return workers or (list(world.nodes) if len(world.nodes) == 1 else [])


@contextmanager
def _acknowledged(world: World, address: str) -> Iterator[None]:
    """The loss of a key is in the environment's file of acknowledged changes, for as long as the block runs."""
    edit(world, read_environment(world.environment))  # so that the file is written to a copy of the folder
    file = environments_folder() / FOLDER / f"{world.environment}.yaml"
    until = datetime.now(UTC).date() + timedelta(days=1)
    entry = {"kind": Kind.LOST_SECRET.value, "about": address, "reason": "rehearsed", "until": until}
    file.parent.mkdir(exist_ok=True)
    before = file.read_text() if file.exists() else None
    with file.open("w") as out:
        YAML(typ="safe", pure=True).dump({"changes": [entry]}, out)
    try:
        yield
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_text(before)


def _taint(world: World, address: str) -> None:
    words = [program(), f"-chdir={world.cloud.folder}", "taint", address]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise CheckFailed(f"taint {address}: {done.stderr.strip()}")


def _shown(world: World, node: ClusterNode) -> str:
    """The key that a node's sshd shows, without its type."""
    done = world.box.exec(node.name, "ssh-keyscan", "-t", "ed25519", "127.0.0.1")
    words = done.stdout.split()
    if len(words) != 3:
        raise CheckFailed(f"the sshd of {node.name} shows no ed25519 key: {done.stderr.strip()}")
    return words[2]


HOST_KEY = Check(
    name="host-key",
    what="the workers' host key, or the only node's, is replaced: the old one is not shown any more",
    run=host_key,
    applies=lambda world: "" if rotated(world) else "this rehearsal has several managers and no worker",
)
