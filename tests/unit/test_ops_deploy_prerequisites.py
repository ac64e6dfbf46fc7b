"""What stops a deploy before it starts, in the words that people read."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from ops.deploy import preflight, prerequisites
from ops.errors import Obstacle, Refused
from ops.model.inventory import from_synthesis
from ops.model.state import ids_in
from ops.swarm import local, ports
from ops.terraform.missing_values import missing_values
from tests.unit.ops_fixtures import service, stack
from tests.unit.ops_swarm import FakeSwarm, on_swarm

WANTED = from_synthesis(stack())


def whats(obstacles: Any) -> list[str]:
    return [obstacle.what for obstacle in obstacles]


@pytest.mark.parametrize(
    ("membership", "expected"),
    [
        ({"LocalNodeState": "inactive"}, []),
        ({"LocalNodeState": "active", "ControlAvailable": True, "Nodes": 1}, []),
        (
            {"LocalNodeState": "active", "ControlAvailable": False},
            ["this engine is a worker of another swarm"],
        ),
        (
            {"LocalNodeState": "active", "ControlAvailable": True, "Nodes": 3},
            ["this engine's swarm has 3 nodes; this environment needs a swarm of one"],
        ),
        ({"LocalNodeState": "locked"}, ["the engine's swarm state is locked"]),
    ],
)
def test_only_an_own_swarm_of_one_node_will_do(membership: dict[str, Any], expected: list[str]) -> None:
    assert whats(prerequisites.own_swarm(membership)) == expected


def test_another_machine_must_be_a_manager() -> None:
    assert whats(prerequisites.managed_swarm({"LocalNodeState": "inactive"}, "ssh://deploy@swarm")) == [
        "the engine at ssh://deploy@swarm is not a manager of a swarm"
    ]


def test_foreign_services_are_named() -> None:
    swarm = FakeSwarm(services_=[on_swarm("blog"), on_swarm("wiki"), on_swarm("redis", "ours")])
    assert list(prerequisites.foreign_services(swarm, WANTED, {"ours"})) == [
        Obstacle(
            what="the swarm runs services that this environment does not declare: blog, wiki",
            fix="use a machine whose swarm is empty, or remove them: docker service rm blog wiki",
        )
    ]


def test_names_that_others_took_are_named_with_their_kind() -> None:
    swarm = FakeSwarm(
        services_=[on_swarm("web", "other")],
        names_={
            "network": {"redis-net": "n1", "edge": "n2"},
            "volume": {"sprocket-redis": "sprocket-redis"},
        },
    )
    found = list(prerequisites.taken_names(swarm, WANTED, {"ours"}, in_swarm=True))
    assert whats(found) == [
        "service web exists already, but not in Terraform's state",
        "networks edge, redis-net exist already, but not in Terraform's state",
        "volume sprocket-redis exists already, but not in Terraform's state",
    ]
    assert found[2].fix == (
        "if the state was lost, restore it (docs/runbooks/restore-the-state.md); docker volume rm sprocket-redis (deletes their data)"
    )


def test_what_is_in_the_state_is_ours() -> None:
    state = {"values": {"root_module": {"resources": [{"values": {"id": "a"}}, {"values": {}}]}}}
    assert ids_in(state) == {"a"}
    swarm = FakeSwarm(services_=[on_swarm("web", "a")])
    assert not list(prerequisites.taken_names(swarm, WANTED, {"a"}, in_swarm=True))


@pytest.fixture
def listening() -> Any:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def publishing(port: int) -> Any:
    return from_synthesis(
        {"resource": {"docker_service": {"t": service("ingress/t", name="traefik", port=port)}}}
    )


def test_a_taken_port_names_its_holder(listening: int) -> None:
    assert ports.is_taken(listening)
    (found,) = prerequisites.taken_ports(FakeSwarm(), publishing(listening), set(), in_swarm=True)
    assert found.what.startswith(f"port {listening}, which traefik publishes, is in use by ")
    assert "(process " in found.what


def test_a_taken_port_names_the_container_that_holds_it(listening: int) -> None:
    swarm = FakeSwarm(publishing={listening: ["nginx"]})
    (found,) = prerequisites.taken_ports(swarm, publishing(listening), set(), in_swarm=True)
    assert found.what == f"port {listening}, which traefik publishes, is in use by container nginx"


def test_our_own_service_may_hold_its_port(listening: int) -> None:
    swarm = FakeSwarm(services_=[on_swarm("traefik", "ours")])
    assert not list(prerequisites.taken_ports(swarm, publishing(listening), {"ours"}, in_swarm=True))


def test_a_free_port_is_no_obstacle(listening: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert not list(prerequisites.taken_ports(FakeSwarm(), publishing(port), set(), in_swarm=True))


def test_unresolved_images_are_named_with_all_their_services() -> None:
    document = stack()
    for name in ("a", "b"):
        document["resource"]["docker_service"][name] = service(
            f"platform/{name}", name=name, image="app:1@unresolved"
        )
    (found,) = prerequisites.unresolved(from_synthesis(document))
    assert found.what == "1 image has no digest yet (unresolved):\n    app:1 of a, b"
    assert "ops images resolve" in found.fix


def test_missing_secrets_are_named_all_together_with_the_way_to_give_them() -> None:
    document = {
        "variable": {
            "bot_token": {"description": "token of the bot", "sensitive": True},
            "given": {"description": "x"},
            "optional": {"default": "y"},
            "steam_key": {"description": "key of Steam"},
        }
    }
    found = missing_values([document], deploys="prod", environment={"TF_VAR_given": "1"})
    assert whats(value.obstacle for value in found) == [
        "TF_VAR_bot_token is not set: token of the bot",
        "TF_VAR_steam_key is not set: key of Steam",
    ]
    assert found[0].fix == (
        "export it, or have Doppler set all of them: doppler run --name-transformer tf-var -- make up ENV=prod"
    )


def test_a_missing_terraform_says_where_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert whats(prerequisites.tools()) == [
        "Terraform 1.6 or newer is not installed",
        "Node.js 20 or newer is not installed",
    ]


def test_missing_programs_of_the_image_builder_are_obstacles_with_a_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert preflight.image_tools() == [
        Obstacle(
            what="images cannot be built without docker: the Docker engine's command line",
            fix="Debian: apt-get install docker.io",
        ),
        Obstacle(
            what="images cannot be built without docker-registry: a registry to push to",
            fix="Debian: apt-get install docker-registry",
        ),
    ]


def test_an_old_terraform_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, words in {"terraform": 'echo \'{"terraform_version": "1.5.7"}\'', "node": "true"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{words}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert whats(prerequisites.tools()) == ["Terraform 1.5 is too old: 1.6 or newer is needed"]


def test_a_refusal_names_everything_at_once() -> None:
    error = Refused(
        "local cannot be deployed", [Obstacle(what="a", fix="do b"), Obstacle(what="c", fix="do d")]
    )
    assert str(error) == "local cannot be deployed\n- a\n    do b\n- c\n    do d"


def test_a_swarm_that_was_started_is_left_again(tmp_path: Path) -> None:
    note = tmp_path / "state" / "swarm.json"
    swarm = FakeSwarm(swarm_nodes={"LocalNodeState": "inactive"})
    assert local.ensure(swarm, note)
    assert not local.ensure(swarm, note)
    assert local.end_if_ours(swarm, note)
    assert swarm.done == ["start 127.0.0.1", "leave"]
    assert not note.exists()


def test_a_swarm_that_was_there_before_is_not_left(tmp_path: Path) -> None:
    note = tmp_path / "swarm.json"
    swarm = FakeSwarm(swarm_nodes={"LocalNodeState": "active", "Cluster": {"ID": "another"}})
    assert not local.ensure(swarm, note)
    assert not local.end_if_ours(swarm, note)
    note.write_text('{"started": "swarm-1"}')
    assert not local.end_if_ours(swarm, note)
    assert swarm.done == []
