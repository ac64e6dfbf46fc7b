"""What the emulator refuses, with the statuses that clients wait for or give up on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rehearsal.emulator import Settings
from rehearsal.emulator.settings import Seconds
from tests.unit.do_shapes.box import CLUSTER, DROPLET, KEY, RULE, VOLUME, Box, boxed


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with boxed(tmp_path) as box:
        yield box


def test_without_a_token_nothing_is_answered(box: Box) -> None:
    answer = httpx.get(f"{box.emulator.url}/v2/droplets", trust_env=False)
    assert answer.status_code == 401
    assert answer.json()["id"] == "unauthorized"


def test_what_does_not_exist_is_not_found(box: Box) -> None:
    for path in (
        "droplets/1",
        "volumes/x",
        "vpcs/x",
        "tags/x",
        "domains/x.example",
        "firewalls/x",
        "actions/1",
    ):
        assert box.ask("GET", f"/v2/{path}", expect=404)["id"] == "not_found"
        assert box.ask("DELETE", f"/v2/{path}", expect=404)["id"] == "not_found"
    box.ask("GET", "/v2/kubernetes/clusters", expect=404)
    assert "cluster not found" in box.refused("GET", "/v2/databases/x", status=404)


def test_what_was_deleted_is_not_found(box: Box) -> None:
    number = box.droplet()
    box.ask("DELETE", f"/v2/droplets/{number}", expect=204)
    box.done()
    box.ask("GET", f"/v2/droplets/{number}", expect=404)
    box.ask("DELETE", f"/v2/droplets/{number}", expect=404)


def test_an_attached_volume_is_not_deleted(box: Box) -> None:
    id = box.volume()
    number = box.droplet(volumes=[{"id": id}])
    assert "attached volume cannot be deleted" in box.refused("DELETE", f"/v2/volumes/{id}", status=409)
    other = {**DROPLET, "volumes": [id]}
    assert "already attached" in box.refused("POST", "/v2/droplets", other, status=422)
    box.ask("DELETE", f"/v2/droplets/{number}", expect=204)
    box.done()
    assert box.ask("GET", f"/v2/volumes/{id}")["volume"]["droplet_ids"] == []
    box.ask("DELETE", f"/v2/volumes/{id}", expect=204)


def test_a_volume_grows_and_never_shrinks(box: Box) -> None:
    id = box.volume()
    for size in (9, 10):
        body = {"type": "resize", "size_gigabytes": size}
        assert "must be larger" in box.refused("POST", f"/v2/volumes/{id}/actions", body, status=422)
    box.ask("POST", f"/v2/volumes/{id}/actions", {"type": "resize", "size_gigabytes": 11}, 202)
    box.done()
    assert box.ask("GET", f"/v2/volumes/{id}")["volume"]["size_gigabytes"] == 11


def test_a_volume_is_attached_in_its_own_region_only(box: Box) -> None:
    id, number = box.volume(region="ams3"), box.droplet()
    body = {"type": "attach", "droplet_id": number}
    assert "is in region ams3" in box.refused("POST", f"/v2/volumes/{id}/actions", body, status=422)
    body["type"] = "detach"
    assert "Attachment not found" in box.refused("POST", f"/v2/volumes/{id}/actions", body, status=422)


def test_a_vpc_with_members_or_the_default_one_is_not_deleted(box: Box) -> None:
    number = box.droplet()
    default = box.ask("GET", f"/v2/droplets/{number}")["droplet"]["vpc_uuid"]
    assert "default VPC" in box.refused("DELETE", f"/v2/vpcs/{default}", status=403)
    vpc = box.ask("POST", "/v2/vpcs", {"name": "a", "region": "fra1"}, 201)["vpc"]["id"]
    cluster = box.cluster(private_network_uuid=vpc)
    assert "with members" in box.refused("DELETE", f"/v2/vpcs/{vpc}", status=409)
    box.ask("DELETE", f"/v2/databases/{cluster}", expect=204)
    box.ask("DELETE", f"/v2/vpcs/{vpc}", expect=204)


def test_a_project_with_resources_is_not_deleted(box: Box) -> None:
    path = f"/v2/projects/{box.ask('POST', '/v2/projects', {'name': 'a', 'purpose': 'IoT'}, 201)['project']['id']}"
    urns = {"resources": [f"do:droplet:{box.droplet()}", "do:volume:gone"]}
    answered = box.ask("POST", f"{path}/resources", urns)["resources"]
    assert [one["status"] for one in answered] == ["assigned", "not_found"]
    # The provider repeats the delete on exactly this sentence.
    assert box.refused("DELETE", path, status=412) == "cannot delete a project with resources"
    box.refused(
        "DELETE", f"/v2/projects/{box.ask('GET', '/v2/projects/default')['project']['id']}", status=412
    )


def test_a_reserved_ip_is_known_to_projects_by_its_old_name(box: Box) -> None:
    ip = box.ask("POST", "/v2/reserved_ips", {"region": "fra1"}, 202)["reserved_ip"]["ip"]
    urns = {"resources": [f"do:reservedip:{ip}"]}
    assert (
        box.ask("POST", "/v2/projects/default/resources", urns)["resources"][0]["urn"]
        == f"do:floatingip:{ip}"
    )


def test_a_droplet_does_one_thing_at_a_time(tmp_path: Path) -> None:
    slow = Settings(Seconds(create=0, action=30, destroy=0))
    with boxed(tmp_path, settings=slow) as box:
        number, id = box.droplet(), box.volume()
        path = f"/v2/droplets/{number}"
        box.ask("POST", f"{path}/actions", {"type": "shutdown"}, 201)
        assert box.ask("GET", path)["droplet"]["locked"]
        # The provider repeats an attach on exactly this sentence.
        pending = "Droplet already has a pending event."
        assert box.refused("POST", f"{path}/actions", {"type": "reboot"}, status=422) == pending
        body = {"type": "attach", "droplet_id": number}
        assert box.refused("POST", f"/v2/volumes/{id}/actions", body, status=422) == pending
        ip = box.ask("POST", "/v2/reserved_ips", {"region": "fra1"}, 202)["reserved_ip"]["ip"]
        body["type"] = "assign"
        assert box.refused("POST", f"/v2/reserved_ips/{ip}/actions", body, status=422) == pending
        box.ask("DELETE", path, expect=204)  # takes the action with it


def test_names_and_keys_are_used_once(box: Box) -> None:
    once: list[tuple[str, dict[str, Any], int, int, str]] = [
        (
            "account/keys",
            {"name": "a", "public_key": KEY},
            201,
            422,
            "SSH Key is already in use on your account",
        ),
        ("domains", {"name": "a.example"}, 201, 422, "domain 'a.example': name already exists"),
        ("volumes", VOLUME, 201, 409, "volume name already exists"),
        ("firewalls", {"name": "fw", "inbound_rules": [RULE]}, 202, 409, "duplicate name"),
        ("vpcs", {"name": "a", "region": "fra1"}, 201, 422, "This name already exists"),
        ("projects", {"name": "a", "purpose": "IoT"}, 201, 409, "already in use"),
        ("databases", CLUSTER, 201, 422, "not in use"),
    ]
    for path, body, made, status, message in once:
        box.ask("POST", f"/v2/{path}", body, made)
        assert message in box.refused("POST", f"/v2/{path}", body, status=status)


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("droplets", {**DROPLET, "size": "huge"}, "invalid size"),
        ("droplets", {**DROPLET, "image": "plan9"}, "invalid image"),
        ("droplets", {**DROPLET, "region": "mars1"}, "region 'mars1' is invalid"),
        ("droplets", {**DROPLET, "name": "a b"}, "valid hostname characters"),
        ("droplets", {**DROPLET, "ssh_keys": [1]}, "1 are invalid key identifiers"),
        ("droplets", {**DROPLET, "vpc_uuid": "x"}, "no VPC of region fra1"),
        ("droplets", {**DROPLET, "user_data": "x" * 65537}, "maximum is 65536 bytes"),
        ("droplets", {**DROPLET, "volumes": ["x"]}, "volume x does not exist"),
        ("account/keys", {"name": "a", "public_key": "ssh-rsa AAAA"}, "Fingerprint could not be generated"),
        ("volumes", {**VOLUME, "size_gigabytes": 0}, "from 1 to 16384"),
        ("volumes", {**VOLUME, "name": "Data"}, "lower-case"),
        ("volumes", {**VOLUME, "filesystem_type": "ext4", "filesystem_label": "x" * 17}, "at most 16"),
        ("firewalls", {"name": "fw", "tags": ["x"], "inbound_rules": [RULE]}, "tag 'x' does not exist"),
        ("firewalls", {"name": "fw"}, "at least one rule"),
        (
            "firewalls",
            {"name": "fw", "inbound_rules": [{**RULE, "ports": "0-70000"}]},
            "ports '0-70000' is invalid",
        ),
        (
            "firewalls",
            {"name": "fw", "inbound_rules": [{**RULE, "sources": {"addresses": ["x"]}}]},
            "invalid address",
        ),
        ("vpcs", {"name": "a", "region": "fra1", "ip_range": "10.0.0.0/8"}, "/16 to /28"),
        ("domains", {"name": "nodot"}, "name is invalid"),
        ("databases", {**CLUSTER, "size": "db-huge"}, "size must be one of"),
        ("spaces/keys", {"name": "a", "grants": [{"permission": "read"}]}, "names a bucket"),
        ("tags", {"name": "a b"}, "letters, digits"),
    ],
)
def test_wrong_orders_say_what_is_wrong(box: Box, path: str, body: dict[str, Any], message: str) -> None:
    box.emulator.world.store.put("tag", "known", {"name": "known"})
    assert message in box.refused("POST", f"/v2/{path}", body, status=422)


def test_a_refused_order_leaves_nothing(box: Box) -> None:
    box.refused("POST", "/v2/droplets", {**DROPLET, "tags": ["new"], "ssh_keys": [1]}, status=422)
    box.done()
    assert box.emulator.resources() == []


def test_vpcs_do_not_overlap(box: Box) -> None:
    body = {"name": "a", "region": "fra1", "ip_range": "10.5.0.0/20"}
    box.ask("POST", "/v2/vpcs", body, 201)
    assert "overlaps" in box.refused("POST", "/v2/vpcs", {**body, "name": "b"}, status=422)


def test_what_is_not_emulated_says_so(box: Box) -> None:
    number = box.droplet()
    assert "does not know" in box.refused(
        "POST", f"/v2/droplets/{number}/actions", {"type": "snapshot"}, status=501
    )
    assert "with rules" in box.refused("POST", "/v2/databases", {**CLUSTER, "rules": [{}]}, status=501)


def test_records_are_checked(box: Box) -> None:
    box.ask("POST", "/v2/domains", {"name": "a.example"}, 201)
    path = "/v2/domains/a.example/records"
    wrong = [
        ({"type": "A", "name": "@", "data": "x"}, "not a valid IPv4 address"),
        ({"type": "CNAME", "name": "www", "data": "a.example"}, "end with a dot"),
        ({"type": "A", "name": "@", "data": "192.0.2.1", "ttl": 5}, "at least 30"),
        ({"type": "BOGUS", "name": "@", "data": "x"}, "type must be one of"),
    ]
    for body, message in wrong:
        assert message in box.refused("POST", path, body, status=422)
    box.ask("POST", path, {"type": "A", "name": "w", "data": "192.0.2.1", "ttl": 300}, 201)
    box.ask("POST", path, {"type": "A", "name": "w", "data": "192.0.2.2", "ttl": 60}, 201)
    both = box.ask("GET", f"{path}?name=w.a.example&type=A")["domain_records"]
    assert [one["ttl"] for one in both] == [60, 60]  # RFC 2181: one time to live for one name and type


def test_broken_requests_are_bad_requests(box: Box) -> None:
    for content in (b"{", b"[]"):
        assert box.client.post("/v2/tags", content=content).json()["id"] == "bad_request"
    assert box.ask("GET", "/v2/droplets?page=0", expect=400)["id"] == "bad_request"
