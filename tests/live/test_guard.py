"""The guard on plans of the real Terraform and the real providers, against DigitalOcean's emulated API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.guard.acknowledged_change import AcknowledgedChange
from ops.guard.approvals import Approvals
from ops.guard.kind import Kind
from ops.guard.stack_change import of_plan
from ops.guard.verdict import Verdict, verdicts, verdicts_of_plan
from tests.live.cloud_terraform import CloudTerraform
from tests.live.test_innocent_edits import edited

pytestmark = [
    pytest.mark.live(needs=["terraform", "digitalocean provider", "random provider", "tls provider"]),
    pytest.mark.proof,
]

Document = dict[str, Any]
Edit = Callable[[Document], object]
TODAY = datetime.now(UTC).date()
DROPLET = "digitalocean_droplet.work-1"


BUCKETS = [
    f'digitalocean_spaces_bucket.buckets["sprocket-{name}"]'
    for name in ("prod-backups", "main-replays", "main-image-generation")
]


def settings(document: Document) -> None:
    document["cloud"]["database"] |= {"users": ["reader"]}


def more(document: Document) -> None:
    """A generated password, which the services stacks have."""
    document["resource"]["random_password"] = {"jwt": {"length": 24}}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudTerraform]:
    """An account in which everything stands; the tests only plan."""
    terraform = CloudTerraform(tmp_path_factory.mktemp("cloud"))
    try:
        terraform.declare(edited(settings), more)
        terraform.apply()
        yield terraform
    finally:
        terraform.close()


def of(type_: str) -> Callable[[Document], Document]:
    def resources(document: Document) -> Document:
        more(document)
        found: Document = document["resource"][type_]
        return found

    return resources


def unprotected(document: Document, type_: str, name: str) -> Document:
    """A resource without the protection that has Terraform refuse the plan itself."""
    found: Document = of(type_)(document)[name]
    found["lifecycle"]["prevent_destroy"] = False
    return found


def buckets(document: Document) -> Document:
    """All buckets: they are instances of one resource."""
    found: Document = of("digitalocean_spaces_bucket")(document)["buckets"]
    return found


def _no_user(document: Document) -> None:
    more(document)
    document["resource"].pop("digitalocean_database_user")


def _no_key(document: Document) -> None:
    of("digitalocean_spaces_key")(document).pop("backups")
    for name in ("backups_access_key", "backups_secret_key"):
        document["output"].pop(name)


def _renamed_volume(document: Document) -> None:
    volumes = unprotected(document, "digitalocean_volume", "stores")["for_each"]
    volumes["grafana"]["name"] = "prod-dashboards"


def _no_firewall(document: Document) -> None:
    of("digitalocean_firewall")(document).pop("ingress-firewall")
    for droplet in document["resource"]["digitalocean_droplet"].values():
        droplet["depends_on"].remove("digitalocean_firewall.ingress-firewall")


def _policy(document: Document) -> None:
    more(document)
    policy = {"bucket": "sprocket-prod-backups", "region": "nyc3", "policy": '{"Version": "2012-10-17"}'}
    document["resource"]["digitalocean_spaces_bucket_policy"] = {"p": policy}


def _admit(firewall: str, **rule: Any) -> Edit:
    return lambda document: of("digitalocean_firewall")(document)[firewall]["inbound_rule"].append(rule)


EDITS: dict[str, tuple[Edit, Kind, str | list[str]]] = {
    "a generated password gets a new value": (
        lambda d: of("random_password")(d)["jwt"].update(length=32),
        Kind.LOST_SECRET,
        "random_password.jwt",
    ),
    "a generated password is removed": (
        lambda document: None,
        Kind.LOST_SECRET,
        "random_password.jwt",
    ),
    "a key gets a new value": (
        lambda d: of("tls_private_key")(d)["join_worker"].update(algorithm="RSA"),
        Kind.LOST_SECRET,
        "tls_private_key.join_worker",
    ),
    "a database user is removed": (
        _no_user,
        Kind.LOST_DATABASE_USER,
        "digitalocean_database_user.reader",
    ),
    "a database is removed": (
        lambda d: unprotected(d, "digitalocean_database_db", "postgres").update({"for_each": {}}),
        Kind.LOST_DATABASE,
        'digitalocean_database_db.postgres["sprocket_main"]',
    ),
    "the database's clients are more": (
        lambda d: of("digitalocean_database_firewall")(d)["postgres"]["rule"].append(
            {"type": "ip_addr", "value": "192.0.2.9"}
        ),
        Kind.OPENED_PORT,
        "digitalocean_database_firewall.postgres: ip_addr 192.0.2.9",
    ),
    "a bucket keeps no versions": (
        lambda d: buckets(d).update(versioning={"enabled": False}),
        Kind.LOST_VERSIONS,
        BUCKETS,
    ),
    "a bucket keeps old versions for less long": (
        lambda d: buckets(d)["lifecycle_rule"][0].update(noncurrent_version_expiration={"days": 7}),
        Kind.SHORTER_RETENTION,
        [f"{bucket}: what was overwritten or deleted after 7 days" for bucket in BUCKETS],
    ),
    "a bucket gets a policy": (_policy, Kind.BUCKET_POLICY, "digitalocean_spaces_bucket_policy.p"),
    "a bucket becomes public": (
        lambda d: buckets(d).update(acl="public-read"),
        Kind.BUCKET_POLICY,
        BUCKETS,
    ),
    "a Spaces key is removed": (_no_key, Kind.LOST_SPACES_KEY, "digitalocean_spaces_key.backups"),
    "a DNS record is removed": (
        lambda d: of("digitalocean_record")(d).pop("api_sprocket_mlesports_gg"),
        Kind.LOST_RECORD,
        "digitalocean_record.api_sprocket_mlesports_gg",
    ),
    "a DNS record is renamed": (
        lambda d: of("digitalocean_record")(d)["api_sprocket_mlesports_gg"].update(name="rest"),
        Kind.LOST_RECORD,
        "digitalocean_record.api_sprocket_mlesports_gg",
    ),
    "the address is another one": (
        lambda d: unprotected(d, "digitalocean_reserved_ip", "address").update(region="fra1"),
        Kind.LOST_ADDRESS,
        "digitalocean_reserved_ip.address",
    ),
    "a volume is another one": (_renamed_volume, Kind.LOST_VOLUME, 'digitalocean_volume.stores["grafana"]'),
    "a port is opened to the world": (
        _admit("nodes-firewall", protocol="tcp", port_range="5432", source_addresses=["0.0.0.0/0"]),
        Kind.OPENED_PORT,
        "digitalocean_firewall.nodes-firewall: tcp 5432 from 0.0.0.0/0",
    ),
    "ssh is opened to a wider network": (
        _admit("nodes-firewall", protocol="tcp", port_range="22", source_addresses=["192.0.0.0/16"]),
        Kind.OPENED_PORT,
        "digitalocean_firewall.nodes-firewall: tcp 22 from 192.0.0.0/16",
    ),
    "a firewall is removed": (
        _no_firewall,
        Kind.OPENED_PORT,
        "digitalocean_firewall.ingress-firewall: tag prod-ingress",
    ),
}
"""Edits of the JSON, the kind of what each loses or opens, and what its acknowledgement names."""


def judged(cloud: CloudTerraform, plan: Document, *entries: AcknowledgedChange) -> list[Verdict]:
    return verdicts_of_plan(plan, edited(settings), Approvals(acknowledged=entries))


def found(seen: list[Verdict]) -> set[tuple[Kind, str]]:
    return {(each.rule.kind, each.loss.about) for each in seen if each.is_refused}


@pytest.mark.parametrize("edit", EDITS)
def test_it_is_refused_and_passes_with_its_acknowledgement_only(cloud: CloudTerraform, edit: str) -> None:
    change, kind, named = EDITS[edit]
    abouts = [named] if isinstance(named, str) else named
    expected = {(kind, about) for about in abouts}
    cloud.declare(edited(settings), change)
    plan = cloud.planned()
    assert found(judged(cloud, plan)) == expected

    until = TODAY + timedelta(days=1)
    entries = [AcknowledgedChange(kind=kind, about=a, reason="a test", until=until) for a in abouts]
    assert found(judged(cloud, plan, *entries)) == set()
    late = [entry.model_copy(update={"until": TODAY - timedelta(days=1)}) for entry in entries]
    assert found(judged(cloud, plan, *late)) == expected


def test_a_droplet_that_terraform_calls_tainted_and_the_api_active_is_kept(cloud: CloudTerraform) -> None:
    cloud.declare(edited(settings), more)
    cloud.taint(DROPLET)
    try:
        (seen,) = judged(cloud, cloud.planned())
    finally:
        cloud.untaint(DROPLET)
    assert (seen.rule.kind, seen.loss.about) == (Kind.ACTIVE_DROPLET, DROPLET)
    assert "droplet prod-work-1 would be replaced" in seen.loss.what
    assert f"terraform untaint '{DROPLET}'" in seen.fix
    assert judged(cloud, cloud.planned()) == []


def test_a_first_deploy_and_one_without_changes_are_not_stopped(cloud: CloudTerraform) -> None:
    cloud.declare(edited(settings), more)
    plan = cloud.planned()
    assert judged(cloud, plan) == []
    first = {**plan, "prior_state": None, "resource_changes": [_created(r) for r in plan["resource_changes"]]}
    assert list(verdicts(of_plan(first), Approvals(), TODAY, edited(settings))) == []


def _created(entry: Document) -> Document:
    return {**entry, "change": {**entry["change"], "actions": ["create"], "before": None}}
