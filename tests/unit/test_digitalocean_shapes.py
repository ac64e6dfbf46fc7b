"""Every route of the emulator answers with the fields of the public API; so do its refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.emulator.routes import ROUTER
from tests.unit.do_shapes.box import DROPLET, KEY, RULE, Box, boxed
from tests.unit.do_shapes.shapes import faults, tables

ROUTES = {f"{route.method} {route.path}" for route in ROUTER.routes}


def test_there_is_a_table_for_every_route_and_no_other() -> None:
    assert set(tables()[1]) == ROUTES


def test_every_route_answers_in_shape(tmp_path: Path) -> None:
    with boxed(tmp_path) as box:
        for part in (
            _account,
            _droplets,
            _volumes,
            _reserved_ips,
            _network,
            _dns,
            _projects,
            _databases,
            _watching,
        ):
            part(box)
        assert ROUTES - box.well_answered == set()


def _account(box: Box) -> None:
    for path in ("account", "regions", "sizes", "images", "actions", "images/debian-12-x64"):
        box.ask("GET", f"/v2/{path}")
    key = box.ask("POST", "/v2/account/keys", {"name": "a", "public_key": KEY}, 201)["ssh_key"]
    box.ask("GET", "/v2/account/keys")
    box.ask("GET", f"/v2/account/keys/{key['fingerprint']}")
    assert box.ask("PUT", f"/v2/account/keys/{key['id']}", {"name": "b"})["ssh_key"]["name"] == "b"
    box.ask("DELETE", f"/v2/account/keys/{key['id']}", expect=204)
    grants = [{"bucket": "b", "permission": "read"}]
    key = box.ask("POST", "/v2/spaces/keys", {"name": "a", "grants": grants}, 201)["key"]
    path = f"/v2/spaces/keys/{key['access_key']}"
    box.ask("GET", "/v2/spaces/keys")
    box.ask("GET", path)
    box.ask("PUT", path, {"name": "b", "grants": grants})
    assert box.ask("PATCH", path, {"name": "c"})["key"]["grants"] == grants
    box.ask("DELETE", path, expect=204)


def _droplets(box: Box) -> None:
    policy = {"plan": "daily", "hour": 4}
    number = box.droplet(
        ipv6=True, backups=True, backup_policy=policy, tags=["a"], user_data="x", ssh_keys=None
    )
    action = box.ask("POST", f"/v2/droplets/{number}/actions", {"type": "power_off"}, 201)["action"]["id"]
    box.done()
    for path in ("", f"/{number}", f"/{number}/actions", f"/{number}/actions/{action}"):
        box.ask("GET", f"/v2/droplets{path}")
    box.ask("GET", f"/v2/actions/{action}")
    tagged = {"resources": [{"resource_id": str(number), "resource_type": "droplet"}]}
    box.ask("POST", "/v2/tags", {"name": "b"}, 201)
    box.ask("POST", "/v2/tags/b/resources", tagged, 204)
    box.ask("GET", "/v2/tags")
    assert box.ask("GET", "/v2/tags/b")["tag"]["resources"]["droplets"]["count"] == 1
    box.ask("DELETE", "/v2/tags/b/resources", tagged, 204)
    box.ask("DELETE", "/v2/tags/b", expect=204)
    box.ask("DELETE", f"/v2/droplets/{number}", expect=204)
    box.done()


def _volumes(box: Box) -> None:
    number, id = box.droplet(), box.volume(tags=["a"], filesystem_type="ext4")
    body = {"type": "attach", "droplet_id": number, "region": "fra1"}
    action = box.ask("POST", f"/v2/volumes/{id}/actions", body, 202)["action"]["id"]
    box.done()
    for path in ("", f"/{id}", f"/{id}/actions", f"/{id}/actions/{action}"):
        box.ask("GET", f"/v2/volumes{path}")
    box.ask("DELETE", f"/v2/volumes/{box.volume(name='other')}", expect=204)


def _reserved_ips(box: Box) -> None:
    number = box.droplet()
    body = {"droplet_id": number}
    ip = box.ask("POST", "/v2/reserved_ips", body, 202)["reserved_ip"]["ip"]
    box.done()
    path = f"/v2/reserved_ips/{ip}"
    action = box.ask("POST", f"{path}/actions", {"type": "unassign"}, 201)["action"]["id"]
    box.done()
    box.ask("GET", "/v2/reserved_ips")
    for part in ("", "/actions", f"/actions/{action}"):
        box.ask("GET", f"{path}{part}")
    box.ask("DELETE", path, expect=204)


def _network(box: Box) -> None:
    vpc = box.ask("POST", "/v2/vpcs", {"name": "a", "region": "fra1", "ip_range": "10.9.0.0/24"}, 201)["vpc"][
        "id"
    ]
    box.droplet(vpc_uuid=vpc)
    box.ask("GET", "/v2/vpcs")
    box.ask("GET", f"/v2/vpcs/{vpc}")
    assert len(box.ask("GET", f"/v2/vpcs/{vpc}/members")["members"]) == 1
    box.ask("PUT", f"/v2/vpcs/{vpc}", {"name": "b", "default": True})
    box.ask("PATCH", f"/v2/vpcs/{vpc}", {"description": "d"})
    other = box.ask("POST", "/v2/vpcs", {"name": "c", "region": "fra1"}, 201)["vpc"]["id"]
    box.ask("DELETE", f"/v2/vpcs/{other}", expect=204)
    body = {"name": "fw", "droplet_ids": None, "tags": ["a"], "inbound_rules": [RULE], "outbound_rules": None}
    id = box.ask("POST", "/v2/firewalls", body, 202)["firewall"]["id"]
    box.ask("GET", "/v2/firewalls")
    box.ask("GET", f"/v2/firewalls/{id}")
    box.ask("PUT", f"/v2/firewalls/{id}", body)
    box.ask("DELETE", f"/v2/firewalls/{id}", expect=204)


def _dns(box: Box) -> None:
    box.ask("POST", "/v2/domains", {"name": "a.example", "ip_address": "192.0.2.1"}, 201)
    box.ask("GET", "/v2/domains")
    box.ask("GET", "/v2/domains/a.example")
    path = "/v2/domains/a.example/records"
    body = {"type": "MX", "name": "@", "data": "m.example.", "priority": 10, "ttl": 300}
    number = box.ask("POST", path, body, 201)["domain_record"]["id"]
    assert len(box.ask("GET", path)["domain_records"]) == 6
    box.ask("GET", f"{path}/{number}")
    box.ask("PUT", f"{path}/{number}", {"data": "n.example."})
    box.ask("PATCH", f"{path}/{number}", {"ttl": 60})
    box.ask("DELETE", f"{path}/{number}", expect=204)
    box.ask("DELETE", "/v2/domains/a.example", expect=204)


def _projects(box: Box) -> None:
    project = box.ask("POST", "/v2/projects", {"name": "a", "purpose": "Mine"}, 201)["project"]
    assert project["purpose"] == "Other: Mine"
    path = f"/v2/projects/{project['id']}"
    for where in ("/v2/projects", "/v2/projects/default", path, "/v2/projects/default/resources"):
        box.ask("GET", where)
    body = {"name": "b", "description": "", "purpose": "IoT", "environment": "staging", "is_default": False}
    assert box.ask("PUT", path, body)["project"]["environment"] == "Staging"
    box.ask("PATCH", path, {"description": "d"})
    urns = {"resources": [f"do:droplet:{box.droplet()}"]}
    assert box.ask("POST", f"{path}/resources", urns)["resources"][0]["status"] == "assigned"
    assert len(box.ask("GET", f"{path}/resources")["resources"]) == 1
    box.ask("POST", "/v2/projects/default/resources", urns)
    box.ask("DELETE", path, expect=204)


def _databases(box: Box) -> None:
    path = f"/v2/databases/{box.cluster(tags=['a'])}"
    box.ask("GET", "/v2/databases")
    box.ask("GET", path)
    box.ask("PUT", f"{path}/maintenance", {"day": "monday", "hour": "04:00"}, 204)
    box.ask("PUT", f"{path}/upgrade", {"version": "17"}, 204)
    box.ask("PUT", f"{path}/resize", {"size": "db-s-1vcpu-2gb", "num_nodes": 2}, 202)
    box.done()
    box.ask("PUT", f"{path}/migrate", {"region": "ams3"}, 202)
    box.done()
    box.ask("PUT", f"{path}/firewall", {"rules": [{"type": "tag", "value": "a"}]}, 204)
    assert len(box.ask("GET", f"{path}/firewall")["rules"]) == 1
    box.ask("POST", f"{path}/dbs", {"name": "x"}, 201)
    box.ask("POST", f"{path}/users", {"name": "x"}, 201)
    pool = {"name": "p", "mode": "session", "size": 5, "db": "x", "user": "x"}
    box.ask("POST", f"{path}/pools", pool, 201)
    for members, name in (("pools", "p"), ("users", "x"), ("dbs", "x")):
        box.ask("GET", f"{path}/{members}")
        box.ask("GET", f"{path}/{members}/{name}")
        box.ask("DELETE", f"{path}/{members}/{name}", expect=204)
    box.ask("DELETE", path, expect=204)
    box.done()


def _watching(box: Box) -> None:
    alerts = {"email": ["a@example.com"], "slack": None}
    policy = {"type": "v1/insights/droplet/cpu", "description": "cpu", "compare": "GreaterThan", "value": 80}
    policy |= {"window": "5m", "entities": [], "tags": [], "alerts": alerts, "enabled": True}
    id = box.ask("POST", "/v2/monitoring/alerts", policy)["policy"]["uuid"]
    box.ask("GET", "/v2/monitoring/alerts")
    box.ask("GET", f"/v2/monitoring/alerts/{id}")
    box.ask("PUT", f"/v2/monitoring/alerts/{id}", policy)
    box.ask("DELETE", f"/v2/monitoring/alerts/{id}", expect=204)
    check = {
        "name": "a",
        "type": "https",
        "target": "https://a.example",
        "regions": ["eu_west"],
        "enabled": True,
    }
    path = f"/v2/uptime/checks/{box.ask('POST', '/v2/uptime/checks', check, 201)['check']['id']}"
    alert = {
        "name": "a",
        "type": "down",
        "notifications": alerts,
        "threshold": 0,
        "comparison": "",
        "period": "2m",
    }
    id = box.ask("POST", f"{path}/alerts", alert, 201)["alert"]["id"]
    box.ask("GET", "/v2/uptime/checks")
    box.ask("GET", path)
    box.ask("PUT", path, check)
    box.ask("GET", f"{path}/alerts")
    box.ask("GET", f"{path}/alerts/{id}")
    box.ask("PUT", f"{path}/alerts/{id}", alert)
    box.ask("DELETE", f"{path}/alerts/{id}", expect=204)
    box.ask("DELETE", path, expect=204)


@pytest.mark.parametrize(
    ("shape", "value", "fault"),
    [
        ("@meta", {"total": "1"}, "at.total: '1' is no integer"),
        ("@meta", {}, "at: total is missing"),
        ("@meta", {"total": 1, "more": 1}, "at: no field more"),
        ("@where", "mars1", "at: 'mars1' is not of"),
        (["uuid"], ["x"], "at[0]: 'x' is no uuid"),
        ("time", "2024-01-01 00:00:00", "is no time"),
        ({"one_of": ["integer", "null"]}, "x", "is no integer"),
        ("@droplet", {**DROPLET}, "at: id is missing"),
    ],
)
def test_the_tables_can_fail(shape: object, value: object, fault: str) -> None:
    assert any(fault in one for one in faults(shape, value, "at"))
