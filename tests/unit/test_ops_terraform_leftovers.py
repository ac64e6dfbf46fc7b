"""What an apply that did not finish left on the swarm, told from what is somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from ops.errors import OpsError
from ops.model.inventory import from_synthesis
from ops.swarm.engine import RunningService
from ops.terraform.leftovers import leftovers, remove_leftovers
from ops.terraform.lock_holder import LockHolder, StateLocked
from ops.terraform.target import Target
from tests.unit.ops_boundaries import Boundaries, targets_of
from tests.unit.ops_fixtures import at, stack
from tests.unit.ops_nodes import SETTINGS
from tests.unit.ops_swarm import FakeSwarm, on_swarm
from tests.unit.ops_terraform import resource

NETWORK = resource("docker_network.redis", id="net-1", name="redis-net")


def document() -> dict[str, Any]:
    found = stack()
    found["resource"]["docker_config"] = {"conf": at("web/conf", name="web-conf-0a1b2c3d", data="")}
    found["resource"]["docker_secret"] = {"key": at("web/key", name='web-key-${substr("x", 0, 8)}')}
    return found


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"values": {"root_module": {"resources": list(resources)}}}


def found(
    *services: RunningService,
    shared: bool = False,
    known: tuple[Any, ...] = (NETWORK,),
    names: dict[str, dict[str, str]] | None = None,
) -> list[str]:
    swarm = FakeSwarm(services_=list(services), names_=names or {})
    return [
        f"{each.kind} {each.id}"
        for each in leftovers(from_synthesis(document()), state(*known), swarm, shared=shared)
    ]


def test_a_service_of_our_name_on_a_network_of_our_state_is_ours() -> None:
    assert found(on_swarm("web", "left", uses=["net-1"])) == ["service left"]


@pytest.mark.parametrize(
    "service",
    [
        pytest.param(on_swarm("web", "left", uses=["net-9"]), id="another checkout's: none of our ids"),
        pytest.param(on_swarm("web", "left"), id="made by hand: it uses nothing"),
        pytest.param(on_swarm("debug", "left", uses=["net-1"]), id="not of our names, beside us"),
        pytest.param(
            on_swarm("web", "left", uses=["net-1", "net-9"]), id="on a network that nobody declared, too"
        ),
    ],
)
def test_anything_else_is_not(service: RunningService) -> None:
    assert found(service) == []


def test_what_is_in_the_state_is_no_leftover() -> None:
    known = (NETWORK, resource("docker_service.web", id="there", name="web"))
    assert found(on_swarm("web", "there", uses=["net-1"]), known=known) == []


def test_what_a_leftover_uses_and_no_state_knows_is_left_over_too() -> None:
    """A state in a bucket is some seconds late: the config and the secret are as new as the service."""
    names = {
        "config": {"web-conf-0a1b2c3d": "conf", "web-conf-99999999": "older"},
        "secret": {"web-key-0a1b2c3d": "key", "web-key-other": "not-ours"},
    }
    left = on_swarm("web", "left", uses=["net-1", "conf", "key"])
    assert found(left, names=names) == ["service left", "config conf", "secret key"]
    other = on_swarm("blog", "blog", uses=["conf"])
    assert found(left, other, names=names) == ["service left", "secret key"], "somebody else uses that one"


def test_what_nobody_uses_is_ours_only_where_one_state_is_shared_under_a_lock() -> None:
    names = {"config": {"web-conf-0a1b2c3d": "conf"}}
    assert found(names=names) == []
    assert found(shared=True, names=names) == ["config conf"]
    assert found(shared=True, known=(), names=names) == [], "an empty state may be a lost one"


@pytest.fixture
def services(boundaries: Boundaries) -> Target:
    boundaries.services.resources = [NETWORK]
    boundaries.swarm.services_ = [on_swarm("web", "left", uses=["net-1"]), on_swarm("blog", uses=["net-9"])]
    return targets_of(SETTINGS, of_services=document()).services


def test_leftovers_are_removed_and_named(services: Target, boundaries: Boundaries) -> None:
    told: list[str] = []
    remove_leftovers(services, told.append)
    assert (told, boundaries.done) == (["service web"], ["remove service left"])
    remove_leftovers(services, told.append)
    assert boundaries.done == ["remove service left"]


def test_while_somebody_applies_nothing_is_removed(services: Target, boundaries: Boundaries) -> None:
    boundaries.services.holder = LockHolder(
        id="1", path="bucket/x", operation="OperationTypeApply", who="ann@laptop", created=0
    )
    with pytest.raises(StateLocked, match="ann@laptop"):
        remove_leftovers(services, lambda each: None)
    assert boundaries.done == []


def test_what_the_other_apply_finished_meanwhile_stays(
    services: Target, boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends between the list and the lock: then its service is in the state."""
    terraform = boundaries.services

    def free() -> None:
        terraform.resources.append(resource("docker_service.web", id="left", name="web"))

    monkeypatch.setattr(terraform, "lock_holder", free)
    assert remove_leftovers(services, lambda each: None) == []
    assert boundaries.done == []


def test_what_stays_in_use_is_an_error(
    services: Target, boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    boundaries.swarm.services_ = [on_swarm("web", "left", uses=["net-1", "conf"])]
    boundaries.swarm.names_ = {"config": {"web-conf-0a1b2c3d": "conf"}}
    monkeypatch.setattr(boundaries.swarm, "remove", lambda kind, id_: kind == "service")
    with pytest.raises(
        OpsError, match=r"config web-conf-0a1b2c3d is left from an apply .* still in use after 30 s"
    ):
        remove_leftovers(services, lambda each: None)
