"""Where services run after a change, and who shares a network."""

from __future__ import annotations

from typing import Any

from layers.loading import load_environment
from ops.model.changes import Action
from ops.model.inventory import from_synthesis
from ops.model.offline_plan import from_inventories
from ops.report.compare import compare
from ops.report.placement import ANY, Compared, topology_of
from ops.report.topology import Member, PlacedNode, Topology
from tests.unit.ops_cloud import cloud
from tests.unit.ops_fixtures import service, stack
from tests.unit.report_scene import Document, changed


def drawn(environment: str, *stacks: tuple[str, Document, Document]) -> Topology:
    made = []
    for name, before, after in stacks:
        old, new = from_synthesis(before), from_synthesis(after)
        planned = from_inventories(old, new)
        report = compare(name, old, new, planned, compared_with="revision v1")
        made.append(Compared(report=report, before=old, after=new, planned=planned))
    return topology_of(load_environment(environment), made)


def placed(name: str, *constraints: str, replicas: int = 1, per_node: int = 0) -> dict[str, Any]:
    """A service with constraints."""
    values = service(f"platform/{name}", name=name, replicas=replicas)
    values["task_spec"]["placement"] = {"constraints": list(constraints), "max_replicas": per_node}
    return {name: values}


def names(topology: Topology) -> dict[str, list[str]]:
    """Services by node."""
    return {node.name: [each.name for each in node.services] for node in topology.nodes}


def test_services_are_on_the_node_that_their_constraints_ask_for() -> None:
    after = {
        "resource": {
            "docker_service": {
                **placed("on-data", "node.labels.storage==data"),
                **placed("on-watch", "node.labels.storage == watch"),
                **placed("anywhere"),
                **placed("everywhere", replicas=3, per_node=1),
                **placed("manager", "node.role==manager"),
                **placed("not-on-watch", "node.labels.storage!=watch", "node.labels.storage != data"),
                **placed("by-name", "node.hostname==REHEARSAL-3-data-1"),
                **placed("in-capitals", "Node.Labels.storage==WATCH"),
            }
        }
    }
    assert names(drawn("rehearsal-3", ("rehearsal-3-services", after, after))) == {
        "rehearsal-3-app-1": ["everywhere", "not-on-watch"],
        "rehearsal-3-data-1": ["by-name", "everywhere", "on-data"],
        "rehearsal-3-watch-1": ["everywhere", "in-capitals", "on-watch"],
        ANY: ["anywhere", "manager"],
    }


def test_one_node_has_everything() -> None:
    (node,) = drawn("local", ("local-services", stack(), stack())).nodes
    assert node.name == "this machine"
    assert [service.name for service in node.services] == ["redis", "web"]
    assert [volume.name for volume in node.volumes] == ["sprocket-redis"]
    assert list(node.layers) == ["data", "platform"]


def test_what_changes_is_marked_and_what_goes_is_still_there() -> None:
    after = changed()
    del after["resource"]["docker_service"]["redis"]
    (node,) = drawn("local", ("local-services", stack(), after)).nodes
    assert [(each.name, each.action, each.effect) for each in node.services] == [
        ("redis", Action.DESTROY, "gone"),
        ("web", None, ""),
    ]


def test_members_of_a_network_are_marked() -> None:
    after = changed()
    del after["resource"]["docker_service"]["redis"]
    topology = drawn("local", ("local-services", stack(), after))
    network = next(each for each in topology.networks if each.name == "redis-net")
    assert network.members == (Member(name="redis", action=Action.DESTROY), Member(name="web"))
    assert network.is_changed and network.is_internal
    edge = next(each for each in topology.networks if each.name == "edge")
    assert not edge.is_changed and not edge.is_internal


def test_droplets_and_volumes_are_marked_on_their_node() -> None:
    after = cloud()
    after["resource"]["digitalocean_droplet"]["app-1"]["size"] = "s-8vcpu-16gb"
    after["resource"]["digitalocean_volume"]["stores"]["for_each"]["minio"]["size"] = 60
    (node,) = drawn("prod", ("prod-cloud", cloud(), after)).nodes
    assert (node.name, node.action) == ("prod-app-1", Action.CHANGE)
    assert [(each.name, each.detail, each.action) for each in node.volumes] == [
        ("prod-minio", "60 GiB", Action.CHANGE),
        ("prod-redis", "5 GiB", None),
    ]


def test_a_droplet_that_no_pool_has_any_more_is_drawn_alone() -> None:
    before = cloud()
    old = {**before["resource"]["digitalocean_droplet"]["app-1"], "name": "prod-old-1"}
    before["resource"]["digitalocean_droplet"]["old-1"] = old
    nodes = drawn("prod", ("prod-cloud", before, cloud())).nodes
    assert nodes[-1] == PlacedNode(name="prod-old-1", detail="s-4vcpu-8gb", action=Action.DESTROY)


def test_databases_buckets_and_addresses_are_beside_the_nodes() -> None:
    after = cloud()
    after["resource"]["digitalocean_database_cluster"]["db"]["count"] = 1
    beside = drawn("prod", ("prod-cloud", cloud(), after)).beside
    assert [(each.kind, each.name, each.action) for each in beside] == [
        ("database cluster", "prod-db", Action.ADD),
        ("reserved ip", "address", None),
    ]
