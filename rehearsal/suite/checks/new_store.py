"""A new store and a new label on a running node, by an edit of the environment's file and docs/runbooks/add-a-store.md."""

from __future__ import annotations

import json
import time
from typing import Any

from layers.cloud.nodes import ClusterNode, volume_name
from layers.images import PACKAGES_LOCK, read_lock
from layers.loading import read_environment
from ops.swarm.nodes import SwarmNodes
from rehearsal.suite import markers
from rehearsal.suite.check import Check
from rehearsal.suite.editing import edit
from rehearsal.suite.health import wait_until_healthy
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

STORES = ("dgraph-alpha", "dgraph-zero")
"""Of the rating service: what it takes to switch it on is in the environment's file alone."""

SERVICE = "elo-service"
LABEL = ("rated", "yes")
"""A new label of the node that gets the stores."""

UNTOUCHED = "backup-store"
"""A store of the same node in every rehearsal, whose task must go on."""


def new_store(world: World) -> str:
    """Two stores and a label more: the node gets the volumes and mounts them while it runs; they keep data."""
    droplets, running = dict(world.droplets()), _task(world)
    edit(world, _with_ratings(world))
    node = next(node for node in world.nodes if STORES[0] in node.stores)
    booted = _on(world, node, "uptime", "-s")
    _expect_reported(world, node, "has other settings than wanted: volumes without dgraph-alpha=")
    started = time.monotonic()
    told = world.ops("deploy", "--env", world.environment, "--yes", "--stable", "5")
    seconds = time.monotonic() - started
    if dict(world.droplets()) != droplets:
        raise CheckFailed(f"droplets were {droplets} and are {dict(world.droplets())}: {told}")
    if _on(world, node, "uptime", "-s") != booted:
        raise CheckFailed(f"{node.name} was rebooted")
    if _task(world) != running:
        raise CheckFailed(f"{UNTOUCHED} on the same node was restarted")
    for store in STORES:
        _mounted(world, node, store)
    if (labels := _labels(world, node)) != node.labels:
        raise CheckFailed(f"the labels of {node.name} are {labels}, not {dict(node.labels)}")
    markers.write(world)
    wait_until_healthy(world)
    return f"{', '.join(STORES)} on {node.name} after {seconds:.0f} s: same droplet, no boot, {UNTOUCHED} went on"


def _labels(world: World, node: ClusterNode) -> dict[str, str]:
    """As the managers have them."""
    with world.swarm() as swarm:
        return next(dict(each.labels) for each in SwarmNodes(swarm).all() if each.name == node.name)


def _with_ratings(world: World) -> dict[str, Any]:
    document = read_environment(world.environment)
    image = read_lock(PACKAGES_LOCK).images[SERVICE]
    cloud, platform, nodes = document["cloud"], document["platform"], document["nodes"]
    label = document["stores"].get("label", "main")
    name = next(name for name, pool in nodes.items() if pool.get("labels", {}).get("storage") == label)
    pool = {**nodes[name], "labels": {**nodes[name]["labels"], LABEL[0]: LABEL[1]}}
    instances = {name: {**each, "elo": True} for name, each in platform["instances"].items()}
    pin = {"name": image.name, "tag": image.tag, "digest": image.digest}
    return {
        **document,
        "nodes": {**nodes, name: pool},
        "images": {**document["images"], "overrides": {SERVICE: pin}},
        "platform": {**platform, "instances": instances},
        "cloud": {**cloud, "volumes": {**cloud["volumes"], **dict.fromkeys(STORES, 1)}},
    }


def _expect_reported(world: World, node: ClusterNode, words: str) -> None:
    told = json.loads(world.ops("ready", "--env", world.environment, "--json", expect=(1,)))
    if not any(words in line for each in told if each["node"] == node.name for line in each["configure"]):
        raise CheckFailed(f"ops ready does not say that {node.name} {words}...: {told}")


def _mounted(world: World, node: ClusterNode, store: str) -> None:
    device = f"/dev/disk/by-id/scsi-0DO_Volume_{volume_name(world.services.settings, store)}"
    wanted = _on(world, node, "readlink", "-f", device)
    found = _on(world, node, "findmnt", "-no", "SOURCE", f"/mnt/{store}")
    if found != wanted:
        raise CheckFailed(f"/mnt/{store} of {node.name} is from {found or 'nothing'}, not from {wanted}")


def _on(world: World, node: ClusterNode, *words: str) -> str:
    return world.box.exec(node.name, *words, timeout=20).stdout.strip()


def _task(world: World) -> str | None:
    with world.tasks() as tasks:
        return tasks.container(UNTOUCHED)


NEW_STORE = Check(
    name="new-store",
    what="a new store: its volume is attached and mounted while the node runs, nothing is replaced",
    run=new_store,
)
