"""Changes of a cloud stack by hand: what Terraform reads, and what nobody declares."""

from __future__ import annotations

from typing import Any

import pytest

from layers.loading import load_environment
from ops.cloud.client import Client
from ops.drift import account, resources
from ops.drift.reading import Reading, read
from ops.errors import OpsError
from ops.terraform.runner import Diagnostic, Outcome, TerraformFailed
from tests.unit.ops_boundaries import Boundaries, targets_of
from tests.unit.ops_cloud import change
from tests.unit.ops_terraform import resource

PROD = load_environment("prod")
FIREWALL = "digitalocean_firewall.nodes"
SSH = {"protocol": "tcp", "port_range": "22", "source_addresses": ["192.0.2.0/24"], "source_tags": []}
OPEN = {"protocol": "tcp", "port_range": "8080", "source_addresses": ["0.0.0.0/0"], "source_tags": None}

STATE: dict[str, dict[str, Any]] = {
    "digitalocean_tag.nodes": {"id": "prod", "name": "prod"},
    "digitalocean_droplet.app-1": {
        "id": "7",
        "name": "prod-app-1",
        "size": "s-4vcpu-8gb",
        "status": "active",
    },
    'digitalocean_volume.stores["redis"]': {"id": "v-1", "name": "prod-redis", "size": 5},
    FIREWALL: {"id": "f-1", "name": "prod-nodes"},
    "digitalocean_record.swarm": {
        "id": "11",
        "name": "swarm.sprocket",
        "domain": "mlesports.gg",
        "value": "1.2.3.4",
    },
    "digitalocean_vpc.network": {"id": "vpc-1", "name": "prod"},
    "digitalocean_ssh_key.root": {"id": "21", "name": "prod-root"},
    "digitalocean_spaces_bucket.backups": {"id": "sprocket-prod-backups", "name": "sprocket-prod-backups"},
    "digitalocean_reserved_ip.address": {"id": "1.2.3.4", "ip_address": "1.2.3.4"},
}


@pytest.fixture
def stack(boundaries: Boundaries) -> Boundaries:
    """What is in the state."""
    boundaries.cloud.resources = [resource(address, **values) for address, values in STATE.items()]
    return boundaries


def reading_of() -> Reading:
    cloud = targets_of(PROD).cloud
    assert cloud is not None
    return read(cloud, lambda recorded: None, lambda text: None)[0]


def drifts(stack: Boundaries, address: str, **after: Any) -> None:
    """One resource is read otherwise."""
    before = STATE[address]
    entry = change(address, "update", before={**before, **_without(after)}, after={**before, **after})
    stack.cloud.context["resource_drift"] = [entry]


def _without(after: dict[str, Any]) -> dict[str, Any]:
    return {"inbound_rule": [SSH]} if "inbound_rule" in after else {}


def found() -> list[str]:
    return [f"{each.where}: {each.sentence}" for each in resources.changed_resources(reading_of())]


@pytest.mark.parametrize(
    ("address", "after", "expected"),
    [
        (
            "digitalocean_droplet.app-1",
            {"size": "s-8vcpu-16gb"},
            "droplet prod-app-1: size: s-4vcpu-8gb -> s-8vcpu-16gb",
        ),
        ('digitalocean_volume.stores["redis"]', {"size": 9}, "volume prod-redis: size: 5 GiB -> 9 GiB"),
        (
            "digitalocean_record.swarm",
            {"value": "9.9.9.9"},
            "DNS record swarm.sprocket.mlesports.gg: value: 1.2.3.4 -> 9.9.9.9",
        ),
        (
            FIREWALL,
            {"inbound_rule": [OPEN, {**SSH, "source_tags": None}]},
            "firewall prod-nodes: inbound rule: not set -> port range 8080, protocol tcp, source addresses 0.0.0.0/0",
        ),
        ("digitalocean_droplet.app-1", {"tags": ["prod"]}, "droplet prod-app-1: tags: not set -> prod"),
        (
            "digitalocean_droplet.app-1",
            {"volume_ids": ["v-1"]},
            "droplet prod-app-1: volumes: not set -> prod-redis",
        ),
    ],
)
def test_a_setting_that_is_declared_and_differs_is_named(
    stack: Boundaries, address: str, after: dict[str, Any], expected: str
) -> None:
    drifts(stack, address, **after)
    assert found() == [expected]


@pytest.mark.parametrize(
    ("address", "after"),
    [
        ("digitalocean_droplet.app-1", {"status": "off", "ipv4_address": "9.9.9.9", "updated_at": "now"}),
        ("digitalocean_droplet.app-1", {"image": "debian-13-x64"}),
        ("digitalocean_record.swarm", {"ttl": 1800}),
        (FIREWALL, {"inbound_rule": [{**SSH, "source_tags": None}], "tags": [], "status": "waiting"}),
    ],
    ids=["DigitalOcean's own", "ignored by declaration", "not declared", "another spelling"],
)
def test_what_nobody_declares_or_what_changes_by_itself_is_no_drift(
    stack: Boundaries, address: str, after: dict[str, Any]
) -> None:
    drifts(stack, address, **after)
    assert found() == []


def test_what_is_gone_and_what_has_another_password(stack: Boundaries) -> None:
    gone = change("digitalocean_record.swarm", "delete", before=STATE["digitalocean_record.swarm"])
    user = change(
        "digitalocean_database_user.core",
        "update",
        before={"name": "core", "password": "one-password"},
        after={"name": "core", "password": "other-password"},
    )
    stack.cloud.context["resource_drift"] = [gone, user]
    stack.cloud.changes = [change("digitalocean_record.swarm", "create", after={})]
    assert found() == [
        "database user digitalocean_database_user.core: has another password (not shown)",
        "DNS record swarm.sprocket.mlesports.gg: is gone",
    ]
    (_, record) = resources.changed_resources(reading_of())
    assert record.fix == "a deploy makes it again: python -m ops deploy --env prod"


def test_a_plan_that_terraform_refuses_is_no_reason_to_name_nothing(
    stack: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> bool:
        raise TerraformFailed(
            "terraform plan", Outcome(code=1, diagnostics=[Diagnostic(severity="error", summary="no")])
        )

    drifts(stack, 'digitalocean_volume.stores["redis"]', size=9)
    monkeypatch.setattr(stack.cloud, "plan", refuse)
    (only,) = resources.changed_resources(reading_of())
    assert only.fix == "a deploy is refused now: terraform plan: no"
    monkeypatch.setattr(stack.cloud, "refresh_only", refuse)
    assert reading_of().unread == "terraform plan: no"


def test_a_state_that_somebody_works_on_says_nothing(
    stack: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*args: object, **kwargs: object) -> bool:
        error = Diagnostic(severity="error", summary="Error acquiring the state lock")
        raise TerraformFailed("terraform plan", Outcome(code=1, diagnostics=[error]))

    monkeypatch.setattr(stack.cloud, "plan", locked)
    monkeypatch.setattr(stack.cloud, "refresh_only", locked)
    with pytest.raises(OpsError, match="Error acquiring the state lock"):
        reading_of()


# -- what nobody declares ------------------------------------------------------------------------------------------


def undeclared(stack: Boundaries, **lists: list[dict[str, Any]]) -> list[str]:
    stack.account.lists = {"domain_records": [], **lists}
    there = account.listing("mlesports.gg", Client())
    return [f"{each.where}: {each.sentence}" for each in account.undeclared_resources(reading_of(), there)]


OURS: dict[str, list[dict[str, Any]]] = {
    "droplets": [{"id": 7, "name": "prod-app-1", "tags": ["prod"]}],
    "volumes": [{"id": "v-1", "name": "prod-redis", "size_gigabytes": 5, "droplet_ids": [7]}],
    "firewalls": [{"id": "f-1", "name": "prod-nodes", "tags": ["prod"]}],
    "ssh_keys": [{"id": 21, "name": "prod-root", "fingerprint": "aa"}],
    "domain_records": [
        {"id": 1, "type": "SOA", "name": "@", "data": "1800"},
        {"id": 2, "type": "NS", "name": "@", "data": "ns1.digitalocean.com"},
        {"id": 11, "type": "A", "name": "swarm.sprocket", "data": "1.2.3.4"},
    ],
}
RULE = {"protocol": "tcp", "ports": "5432", "sources": {"addresses": ["0.0.0.0/0"]}}


def test_what_the_state_knows_is_declared(stack: Boundaries) -> None:
    assert undeclared(stack, **OURS) == []


@pytest.mark.parametrize(
    ("key", "raw", "expected"),
    [
        (
            "droplets",
            {"id": 8, "name": "debug", "tags": ["prod"], "size_slug": "s-1"},
            "droplet debug: was not made by a deploy (s-1)",
        ),
        (
            "droplets",
            {"id": 8, "name": "debug", "vpc_uuid": "vpc-1"},
            "droplet debug: was not made by a deploy",
        ),
        (
            "volumes",
            {"id": "v", "name": "scratch", "size_gigabytes": 7, "droplet_ids": [7]},
            "volume scratch: was not made by a deploy (7 GiB)",
        ),
        (
            "firewalls",
            {"id": "f", "name": "quick-fix", "tags": ["prod"], "inbound_rules": [RULE]},
            "firewall quick-fix: was not made by a deploy (lets in tcp 5432)",
        ),
        (
            "ssh_keys",
            {"id": 9, "name": "prod-mallory", "fingerprint": "bb"},
            "ssh key prod-mallory: was not made by a deploy (bb)",
        ),
        (
            "keys",
            {
                "name": "laptop",
                "access_key": "DO1",
                "grants": [{"bucket": "sprocket-prod-backups", "permission": "read"}],
            },
            "Spaces key laptop: was not made by a deploy (read sprocket-prod-backups)",
        ),
        (
            "domain_records",
            {"id": 5, "type": "A", "name": "swarm.sprocket", "data": "6.6.6.6"},
            "DNS record A swarm.sprocket.mlesports.gg: was not made by a deploy (6.6.6.6)",
        ),
    ],
)
def test_what_acts_on_something_of_ours_is_named(
    stack: Boundaries, key: str, raw: dict[str, Any], expected: str
) -> None:
    assert undeclared(stack, **{**OURS, key: [*OURS.get(key, []), raw]}) == [expected]


@pytest.mark.parametrize(
    ("key", "raw"),
    [
        ("droplets", {"id": 8, "name": "staging-app-1", "tags": ["staging"]}),
        ("droplets", {"id": 8, "name": "production-of-others", "tags": []}),
        ("volumes", {"id": "v", "name": "photos", "size_gigabytes": 7, "droplet_ids": [99]}),
        ("firewalls", {"id": "f", "name": "theirs", "tags": ["theirs"], "droplet_ids": [99]}),
        ("ssh_keys", {"id": 9, "name": "alice", "fingerprint": "cc"}),
        ("domain_records", {"id": 5, "type": "TXT", "name": "@", "data": "v=spf1 -all"}),
        ("domain_records", {"id": 5, "type": "A", "name": "wiki", "data": "6.6.6.6"}),
        # An instance of staging, below prod's domain and not below staging's own.
        ("domain_records", {"id": 5, "type": "A", "name": "dev.sprocket", "data": "6.6.6.6"}),
    ],
)
def test_what_others_have_in_the_account_is_left_to_them(
    stack: Boundaries, key: str, raw: dict[str, Any]
) -> None:
    assert undeclared(stack, **{**OURS, key: [*OURS.get(key, []), raw]}) == []


def test_an_ssh_key_of_somebody_in_the_account_is_a_note(stack: Boundaries) -> None:
    stack.account.lists = {
        "ssh_keys": [
            *OURS["ssh_keys"],
            {"id": 9, "name": "alice", "fingerprint": "cc"},
            {"id": 10, "name": "staging-root", "fingerprint": "dd"},
        ]
    }
    (note,) = account.foreign_keys(reading_of(), account.listing("mlesports.gg", Client()))
    assert note.startswith("the account has the ssh key alice (cc), which no environment declares")
