"""What may not be applied by accident."""

from __future__ import annotations

from typing import Any

import pytest

from layers.cloud.protected import PROTECTED, STEPS
from layers.loading import load_environment
from ops.errors import Obstacle
from ops.guard.approvals import Approvals
from ops.guard.droplets import MOVE
from ops.guard.verdict import refusals
from tests.unit.ops_cloud import change, plan

DROPLET = "digitalocean_droplet.app-1"
NAMED = {"name": "prod-app-1"}


PROD = load_environment("prod").model_copy(update={"budget": None})


def obstacles(*changes: dict[str, Any], **named: Any) -> list[Obstacle]:
    return refused_in(plan(*changes), **named)


def refused_in(given: dict[str, Any], **named: Any) -> list[Obstacle]:
    return refusals(given, PROD, Approvals(**named))


def refused(*changes: dict[str, Any], **named: Any) -> list[str]:
    return [obstacle.what.partition(":")[0] for obstacle in obstacles(*changes, **named)]


@pytest.mark.parametrize("type_", PROTECTED)
def test_data_is_neither_destroyed_nor_replaced_whatever_is_named(type_: str) -> None:
    noun = PROTECTED[type_].noun
    gone = change(f"{type_}.x", "delete", before={"name": "x"})
    anew = change(
        f"{type_}.x", "delete", "create", before={"name": "x"}, after={"name": "y"}, paths=("name",)
    )
    assert refused(gone, replace=["x"], destroy=["x"]) == [f"{noun} x would be destroyed"]
    assert refused(anew, replace=["x"], destroy=["x"]) == [f"{noun} x would be replaced (because of name)"]
    (obstacle,) = obstacles(gone)
    assert STEPS in obstacle.fix


def test_a_droplet_is_replaced_only_by_name() -> None:
    anew = change(DROPLET, "delete", "create", before=NAMED, after=NAMED, paths=("image",))
    assert refused(anew) == ["droplet prod-app-1 would be replaced (because of image)"]
    assert refused(anew, replace=["prod-app-2"])
    assert refused(anew, destroy=["prod-app-1"])
    assert refused(anew, replace=["prod-app-1"]) == []


def test_a_droplet_is_destroyed_only_by_name() -> None:
    gone = change(DROPLET, "delete", before=NAMED)
    assert refused(gone) == ["droplet prod-app-1 would be destroyed"]
    assert refused(gone, replace=["prod-app-1"])
    assert refused(gone, destroy=["prod-app-1"]) == []


def test_a_droplet_that_never_became_one_may_be_made_anew() -> None:
    tainted = change(DROPLET, "delete", "create", before=NAMED, after=NAMED, reason="replace_because_tainted")
    assert refused(tainted) == []


def test_a_tainted_volume_may_not() -> None:
    volume = change(
        "digitalocean_volume.x", "delete", "create", before={"name": "x"}, reason="replace_because_tainted"
    )
    assert refused(volume) == ["volume x would be replaced"]


def test_what_providers_plan_in_place_but_cannot_do() -> None:
    shrunk = change(
        'digitalocean_volume.s["redis"]',
        "update",
        before={"name": "v", "size": 5},
        after={"name": "v", "size": 4},
    )
    renamed = change("digitalocean_spaces_bucket.b", "update", before={"name": "a"}, after={"name": "b"})
    assert refused(shrunk) == ["volume v would shrink from 5 to 4 GiB, which no volume can"]
    assert refused(renamed) == ["bucket a would be renamed to b, which changes Terraform's state only"]


def test_harmless_changes_pass() -> None:
    assert not refused(
        change(DROPLET, "update", before={**NAMED, "size": "a"}, after={**NAMED, "size": "b"}),
        change('digitalocean_volume.s["x"]', "update", before={"size": 5}, after={"size": 9}),
        change('digitalocean_volume.s["y"]', "create", after={"name": "y"}),
        change("docker_service.web", "delete", "create", before={"name": "web"}),
        change("digitalocean_firewall.f", "no-op"),
    )


REDIS, MINIO = ('digitalocean_volume.stores["redis"]', 'digitalocean_volume.stores["minio"]')


def attached(before: list[str], after: list[str] | None, *references: str) -> dict[str, Any]:
    """A plan that changes a droplet's volumes; ``after`` is nothing where a volume has no id yet."""
    known = {} if after is None else {"volume_ids": after}
    entry = change(
        DROPLET, "update", before={**NAMED, "id": "7", "volume_ids": before}, after={**NAMED, **known}
    )
    entry["change"]["after_unknown"] = {"volume_ids": True} if after is None else {}
    volumes = [
        {"type": "digitalocean_volume", "address": address, "values": {"id": id_, "name": name}}
        for address, id_, name in ((REDIS, "r", "prod-redis"), (MINIO, "m", "prod-minio"))
    ]
    block = {"address": DROPLET, "expressions": {"volume_ids": {"references": list(references)}}}
    return {
        **plan(entry),
        "prior_state": {"values": {"root_module": {"resources": volumes}}},
        "configuration": {"root_module": {"resources": [block]}},
    }


def test_a_running_store_keeps_its_volume() -> None:
    (obstacle,) = refused_in(attached(["r", "m"], ["m"]))
    assert obstacle.what == "volume prod-redis would be detached from droplet prod-app-1 while it runs"
    assert MOVE in obstacle.fix
    assert refused_in(attached(["r", "m"], ["m"]), moves=["prod-minio"])
    assert not refused_in(attached(["r", "m"], ["m"]), moves=["prod-redis"])
    assert not refused_in(attached(["r"], ["m", "r"]))


def test_a_volume_that_is_yet_to_be_made_hides_no_loss() -> None:
    """Terraform knows nothing of a set with one unknown element in it."""
    assert not refused_in(attached(["r", "m"], None, REDIS, MINIO, 'digitalocean_volume.stores["new"]'))
    (obstacle,) = refused_in(attached(["r", "m"], None, MINIO, 'digitalocean_volume.stores["new"]'))
    assert "volume prod-redis" in obstacle.what
