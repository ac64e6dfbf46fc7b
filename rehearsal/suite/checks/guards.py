"""Plans that would lose data or a droplet are refused before anything is applied."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ops.errors import OpsError
from ops.terraform.apply import apply
from rehearsal.suite.check import Check
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

Edit = Callable[[dict[str, Any]], None]


def guards(world: World) -> str:
    """Makes such edits in the synthesized stack: each is refused, and nothing changes."""
    cloud = world.cloud
    file = cloud.folder / "cdk.tf.json"
    whole = file.read_text()
    before = _all(world)
    told = []
    for name, (edit, words) in EDITS.items():
        world.say(f"trying to {name}")
        document = json.loads(whole)
        edit(document)
        try:
            file.write_text(json.dumps(document))
            try:
                apply(cloud, parallelism=10)
            except OpsError as error:
                if words not in str(error):
                    raise CheckFailed(f"{name}: refused, but without {words!r}: {error}") from None
                told.append(name)
                world.diary.say(f"    {error}", shown=False)
            else:
                raise CheckFailed(f"{name}: was applied")
        finally:
            file.write_text(whole)
        if _all(world) != before:
            raise CheckFailed(f"{name}: refused, but something changed")
    return f"{len(told)} refused: {', '.join(told)}"


def _all(world: World) -> set[tuple[str, str]]:
    return {(each.type, each.id) for each in world.emulator.resources()}


def _shrink(document: dict[str, Any]) -> None:
    volumes = document["resource"]["digitalocean_volume"]["stores"]["for_each"]
    volumes["rabbitmq"]["size"] -= 1


def _rename(document: dict[str, Any]) -> None:
    volumes = document["resource"]["digitalocean_volume"]["stores"]["for_each"]
    volumes["redis"]["name"] += "-new"


def _drop_volume(document: dict[str, Any]) -> None:
    block = document["resource"]["digitalocean_volume"]["stores"]
    del block["for_each"]["redis"]
    for droplet in document["resource"]["digitalocean_droplet"].values():
        droplet["volume_ids"] = [v for v in droplet.get("volume_ids") or [] if '"redis"' not in v]
    for resources in document["resource"].get("digitalocean_project_resources", {}).values():
        resources["resources"] = [v for v in resources["resources"] if 'stores["redis"]' not in v]


def _move_droplet(document: dict[str, Any]) -> None:
    next(iter(document["resource"]["digitalocean_droplet"].values()))["region"] = "fra1"


def _drop_address(document: dict[str, Any]) -> None:
    document["resource"]["digitalocean_reserved_ip"]["address"]["region"] = "fra1"


EDITS: Mapping[str, tuple[Edit, str]] = {
    "shrink a volume": (_shrink, "docs/runbooks/destroy-data.md"),
    "rename a volume": (_rename, "docs/runbooks/destroy-data.md"),
    "drop a volume": (_drop_volume, "docs/runbooks/destroy-data.md"),
    "move the address": (_drop_address, "docs/runbooks/destroy-data.md"),
    "move a droplet": (_move_droplet, "replace-node"),
}

GUARDS = Check(name="guards", what="plans that lose data, an address or a droplet are refused", run=guards)
