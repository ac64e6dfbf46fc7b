"""What is said of services that no node takes: only what would help."""

from __future__ import annotations

import pytest

from layers.loading import load_environment
from ops.deploy.placement import without_a_node
from ops.errors import Obstacle
from ops.model.inventory import from_synthesis
from ops.model.services import services_of
from ops.swarm.nodes import SwarmNode
from tests.unit.ops_fixtures import stack

READY = "python -m ops ready --env {} --write"
RELEASES = "python -m ops releases --env {}"


def told(environment: str, *constraints: str) -> list[Obstacle]:
    """Of a service with these constraints, on one node without labels."""
    document = stack()
    document["resource"]["docker_service"].pop("redis")
    document["resource"]["docker_service"]["web"]["task_spec"]["placement"] = {
        "constraints": list(constraints)
    }
    node = SwarmNode(id="1", name="one", role="manager", state="ready", availability="active")
    services = services_of(from_synthesis(document))
    return list(without_a_node(load_environment(environment), services, [node]))


def test_labels_that_the_file_declares_are_to_be_set() -> None:
    (obstacle,) = told("prod", "node.labels.storage==main")
    assert obstacle.what == (
        "web would wait forever: no node has node.labels.storage==main; there are one (manager, no labels)"
    )
    assert obstacle.fix == f"set the labels that environments/prod.yaml declares: {READY.format('prod')}"


@pytest.mark.parametrize(
    "constraint", ["engine.labels.storage==main", "node.labels.storage==other", "node.hostname==gone"]
)
def test_what_no_declared_pool_meets_is_to_be_changed(constraint: str) -> None:
    (obstacle,) = told("prod", constraint)
    assert obstacle.fix == (
        "change under nodes in environments/prod.yaml what the nodes have, or what the services are placed by, and deploy; "
        f"instead of an earlier release, choose a later one: {RELEASES.format('prod')}"
    )


def test_a_service_needs_all_that_it_asks_for_on_one_node() -> None:
    (obstacle,) = told("prod", "node.labels.storage==main", "node.role==worker")
    assert READY.format("prod") not in obstacle.fix


def test_labels_of_nodes_that_no_cloud_makes_are_set_by_hand() -> None:
    (obstacle,) = told("local", "node.labels.storage==main")
    assert obstacle.fix == (
        "give a node what they ask for (a label: docker node update --label-add NAME=VALUE NODE), or place the services otherwise; "
        f"instead of an earlier release, choose a later one: {RELEASES.format('local')}"
    )


def test_services_with_another_way_out_are_told_apart() -> None:
    document = stack()
    for name, more in (("redis", []), ("web", ["node.role==worker"])):
        placement = {"constraints": ["node.labels.storage==main", *more]}
        document["resource"]["docker_service"][name]["task_spec"]["placement"] = placement
    nodes = [
        SwarmNode(id=role, name=role, role=role, state="ready", availability="active")
        for role in ("manager", "worker")
    ]
    found = list(without_a_node(load_environment("prod"), services_of(from_synthesis(document)), nodes))
    assert [(each.what.partition(" ")[0], READY.format("prod") in each.fix) for each in found] == [
        ("redis", True),
        ("web", False),
    ]
