"""What the machines are told of a database cluster: where it is to be, and who may connect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.emulator import DatabaseCluster, DatabaseEndpoint, Machines
from tests.unit.do_shapes.box import Box, boxed


class Notes(Machines):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.made: list[DatabaseCluster] = []
        self.sources: dict[str, tuple[str, ...] | None] = {}
        self.gone: list[str] = []

    def database(self, cluster: DatabaseCluster) -> DatabaseEndpoint | None:
        self.made.append(cluster)
        return None

    def database_sources(self, cluster: str, addresses: tuple[str, ...] | None) -> None:
        self.sources[cluster] = addresses

    def delete_database(self, cluster: str) -> None:
        self.gone.append(cluster)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def box(tmp_path: Path, notes: Notes) -> Iterator[Box]:
    with boxed(tmp_path, notes) as box:
        yield box


def test_a_machine_is_told_all_it_needs(box: Box, notes: Notes) -> None:
    body = {"name": "a", "region": "fra1", "ip_range": "10.7.0.0/24"}
    vpc = box.ask("POST", "/v2/vpcs", body, 201)["vpc"]["id"]
    box.droplet(vpc_uuid=vpc)
    id = box.cluster(private_network_uuid=vpc)
    (told,) = notes.made
    private = box.ask("GET", f"/v2/databases/{id}")["database"]["private_connection"]
    assert (told.id, told.name, told.engine, told.version) == (id, "db", "pg", "16")
    assert (told.private_ipv4, told.vpc_range) == ("10.7.0.3", "10.7.0.0/24")
    assert told.connections == 22, "one GiB: 25, three of them kept"
    assert (private["host"], private["port"]) == (told.endpoint.private_host, told.endpoint.port)
    box.ask("DELETE", f"/v2/databases/{id}", expect=204)
    box.done()
    assert notes.gone == [id]


def test_who_may_connect_follows_tags_and_droplets(box: Box, notes: Notes) -> None:
    id, number = box.cluster(), box.droplet(tags=["swarm"])
    box.droplet()
    box.done()
    assert notes.sources[id] is None, "without rules it is open to the world"
    rules = [{"type": "tag", "value": "swarm"}, {"type": "ip_addr", "value": "192.0.2.0/24"}]
    box.ask("PUT", f"/v2/databases/{id}/firewall", {"rules": rules}, 204)
    box.done()
    networks = box.ask("GET", f"/v2/droplets/{number}")["droplet"]["networks"]["v4"]
    assert set(notes.sources[id] or ()) == {"192.0.2.0/24", *(one["ip_address"] for one in networks)}
    one = [{"type": "droplet", "value": str(number)}]
    box.ask("PUT", f"/v2/databases/{id}/firewall", {"rules": one}, 204)
    box.done()
    assert set(notes.sources[id] or ()) == {one["ip_address"] for one in networks}
    box.ask("PUT", f"/v2/databases/{id}/firewall", {"rules": rules}, 204)
    box.ask("DELETE", f"/v2/droplets/{number}", expect=204)
    box.done()
    assert notes.sources[id] == ("192.0.2.0/24",)
    box.ask("PUT", f"/v2/databases/{id}/firewall", {"rules": rules[:1]}, 204)
    box.done()
    assert notes.sources[id] == (), "a tag that nobody carries lets nobody in"
