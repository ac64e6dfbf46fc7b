"""The cloud layer: what each environment orders, and that it fits what the services need."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest

from layers.cloud.nodes import nodes_of
from layers.cloud.stack import ONE_PUBLIC_KEY
from layers.cloud.way_out import way_out
from layers.loading import load_environment
from layers.settings.environment import Environment
from layers.stores import owner_of
from ops.check.placement import fulfils
from ops.model.constraint import DescribedNode, all_met
from rehearsal.droplets.inside.zones import address
from tests.stacks.synthesis import CLOUDS, altered_cloud, cloud, ordered, synthesized


def droplets(settings: Environment) -> dict[str, dict[str, Any]]:
    return ordered(settings).resources("digitalocean_droplet")


def test_the_nodes_of_three_managers_and_a_worker() -> None:
    nodes = {node.name: node for node in nodes_of(load_environment("rehearsal-4"))}
    assert list(nodes) == [f"rehearsal-4-{pool}-1" for pool in ("app", "data", "watch", "work")]
    data = nodes["rehearsal-4-data-1"]
    assert data.dns_name == "data-1.nodes.sprocket.rehearsal.test"
    assert data.stores == ("minio", "postgres")
    assert data.labels == {"storage": "data"}
    assert [name for name, node in nodes.items() if node.is_first] == ["rehearsal-4-app-1"]
    assert nodes["rehearsal-4-work-1"].role == "worker"


def test_there_are_no_nodes_to_order_without_a_cloud() -> None:
    assert nodes_of(load_environment("local")) == ()


def test_directories_belong_to_who_the_store_runs_as() -> None:
    assert (owner_of("redis"), owner_of("letsencrypt"), owner_of("dev-dgraph-zero")) == (
        "999:999",
        "0:0",
        "0:0",
    )


@pytest.mark.parametrize("environment", CLOUDS)
def test_every_volume_is_on_the_node_that_its_store_is_placed_on(environment: str) -> None:
    """By the services' own constraints: a store whose node lacks its directory would never start."""
    found = cloud(environment)
    node_of = {
        store: DescribedNode(role=node.role, labels=node.labels)
        for node in nodes_of(load_environment(environment))
        for store in node.stores
    }
    for service in synthesized(environment).stack.services:
        for mount in service.data_mounts:
            if mount.backup is None:
                continue
            store = mount.source.split("/")[2]
            assert service.constraints and all_met(service.constraints, node_of[store]), service.name
    attached = [v for each in found.resources("digitalocean_droplet").values() for v in each["volume_ids"]]
    assert sorted(attached) == sorted(f'${{digitalocean_volume.stores["{store}"].id}}' for store in node_of)


@pytest.mark.parametrize("environment", CLOUDS)
def test_every_page_has_a_name_that_leads_to_the_public_address(environment: str) -> None:
    settings = load_environment(environment)
    assert settings.cloud is not None
    records = cloud(environment).resources("digitalocean_record").values()
    names = {
        f"{each['name']}.{settings.cloud.zone}".removeprefix("@.")
        for each in records
        if each["value"] == "${digitalocean_reserved_ip.address.ip_address}"
    }
    hosts = [route.host for route in synthesized(environment).stack.ingress.gateway.routes]
    assert hosts
    for host in (*hosts, settings.domain, f"swarm.{settings.domain}"):
        assert host in names or f"*.{host.partition('.')[2]}" in names, host


@pytest.mark.parametrize("environment", CLOUDS)
def test_names_that_nobody_declared_lead_here_below_admin_only(environment: str) -> None:
    """A wildcard above ``admin.<domain>`` would not stand for names there (RFC 4592), and would for names of others."""
    settings = load_environment(environment)
    assert settings.cloud is not None
    records = [
        {"type": each["type"], "name": each["name"], "data": each["value"], "ttl": each.get("ttl", 1800)}
        for each in cloud(environment).resources("digitalocean_record").values()
    ]
    zones = {settings.cloud.zone: records}
    here = "${digitalocean_reserved_ip.address.ip_address}"
    for route in synthesized(environment).stack.ingress.gateway.routes:
        assert address(zones, route.host) == here, route.host
    assert address(zones, f"anything.{settings.pages_domain}") == here
    for nowhere in (settings.pages_domain, f"anything.{settings.domain}", f"admin2.{settings.domain}"):
        assert address(zones, nowhere) is None, nowhere


@pytest.mark.parametrize("environment", CLOUDS)
def test_every_node_has_a_name_on_the_private_network(environment: str) -> None:
    found = cloud(environment)
    records = {each["name"]: each for each in found.resources("digitalocean_record").values()}
    for node in nodes_of(load_environment(environment)):
        name = next(name for name in records if node.dns_name.startswith(f"{name}."))
        address = f"${{digitalocean_droplet.{node.pool}-{node.number}.ipv4_address_private}}"
        assert (records[name]["value"], records[name]["ttl"]) == (address, 60)


@pytest.mark.parametrize("environment", CLOUDS)
def test_all_managers_of_now_have_one_name(environment: str) -> None:
    settings = load_environment(environment)
    records = cloud(environment).resources("digitalocean_record").values()
    found = [each["value"] for each in records if each["name"].split(".")[:2] == ["managers", "nodes"]]
    assert sorted(found) == sorted(
        f"${{digitalocean_droplet.{node.pool}-{node.number}.ipv4_address_private}}"
        for node in nodes_of(settings)
        if node.role == "manager"
    )


@pytest.mark.parametrize("environment", CLOUDS)
def test_traefik_runs_where_the_public_address_leads(environment: str) -> None:
    settings = load_environment(environment)
    assert settings.cloud is not None
    assigned = cloud(environment).resources("digitalocean_reserved_ip_assignment")["address"]["droplet_id"]
    assert assigned == f"${{digitalocean_droplet.{settings.cloud.ingress_pool}-1.id}}"
    traefik = next(s for s in synthesized(environment).stack.services if s.name == "traefik")
    assert traefik.constraints and fulfils(settings.nodes[settings.cloud.ingress_pool], traefik.constraints)


def test_the_managed_database_answers_by_its_name() -> None:
    found = cloud("prod")
    record = found.resources("digitalocean_record")["db_sprocket_mlesports_gg"]
    assert (record["type"], record["value"]) == (
        "CNAME",
        "${digitalocean_database_cluster.postgres[0].private_host}.",
    )
    assert found.document["output"]["postgres_password"]["sensitive"] is True


def test_objects_on_spaces_have_buckets_and_a_key_that_opens_those_alone() -> None:
    def change(document: dict[str, Any]) -> None:
        document["data"]["object_storage"] = {"kind": "spaces", "endpoint": "nyc3.digitaloceanspaces.com"}
        document["cloud"]["volumes"].pop("minio")

    found = ordered(altered_cloud("staging", change))
    buckets = found.resources("digitalocean_spaces_bucket")["buckets"]["for_each"]
    dev = ["sprocket-dev-replays", "sprocket-dev-image-generation"]
    assert set(buckets) == {
        "sprocket-staging-backups",
        *dev,
        "sprocket-staging-replays",
        "sprocket-staging-image-generation",
    }
    grants = found.resources("digitalocean_spaces_key")["instance-dev"]["grant"]
    assert [each["bucket"] for each in grants] == [
        f'${{digitalocean_spaces_bucket.buckets["{name}"].name}}' for name in dev
    ]
    assert {"dev_s3_access_key", "dev_s3_secret_key", "staging_s3_secret_key"} <= set(
        found.document["output"]
    )


def test_with_a_mesh_no_address_outside_reaches_ssh() -> None:
    found = ordered(altered_cloud("prod", lambda d: d["cloud"].update(access={"tailscale": True})))
    rules = found.resources("digitalocean_firewall")["nodes-firewall"]["inbound_rule"]
    assert next(rule for rule in rules if rule.get("port_range") == "22")["source_addresses"] == [
        "10.124.0.0/20"
    ]
    assert found.document["variable"]["tailscale_key_app_1"]["sensitive"] is True


def test_a_key_of_the_mesh_is_in_the_user_data_of_one_manager_only() -> None:
    """User data is there for as long as the droplet: what stays in it is a key that works once, and a worker has none."""
    found = ordered(altered_cloud("rehearsal-4", lambda d: d["cloud"].update(access={"tailscale": True})))
    droplets = found.resources("digitalocean_droplet")
    managers = {node.name for node in nodes_of(load_environment("rehearsal-4")) if node.role == "manager"}
    keys = {
        droplet["name"]: re.findall(r"base64encode\(var\.(tailscale\w*)\)", droplet["user_data"])
        for droplet in droplets.values()
    }
    assert {name for name, used in keys.items() if used} == managers and len(managers) == 3
    assert all(
        used == [f"tailscale_key_{name.removeprefix('rehearsal-4-').replace('-', '_')}"]
        for name, used in keys.items()
        if used
    )
    assert {name for name in found.document["variable"] if name.startswith("tailscale")} == {
        key for used in keys.values() for key in used
    }


@pytest.mark.parametrize(
    ("access", "where"),
    [
        ({"tailscale": True}, "${digitalocean_droplet.app-1.ipv4_address_private}"),
        # While the mesh takes over, the old way must go on working.
        (
            {"tailscale": True, "ssh_from": ["198.51.100.7/32"]},
            "${digitalocean_reserved_ip.address.ip_address}",
        ),
        ({"ssh_from": ["198.51.100.7/32"]}, "${digitalocean_reserved_ip.address.ip_address}"),
    ],
)
def test_the_managers_name_leads_to_where_ssh_is_open(access: dict[str, Any], where: str) -> None:
    found = ordered(altered_cloud("prod", lambda d: d["cloud"].update(access=access)))
    record = found.resources("digitalocean_record")["swarm_sprocket_mlesports_gg"]
    assert (record["type"], record["value"]) == ("A", where)
    rules = found.resources("digitalocean_firewall")["nodes-firewall"]["inbound_rule"]
    ssh = next(rule for rule in rules if rule.get("port_range") == "22")
    assert ssh["source_addresses"] == [*access.get("ssh_from", []), "10.124.0.0/20"]


def test_an_operators_key_that_is_supplied_is_put_in_by_terraform() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGcTsYKfHoT1Y4PYQ5fM2qCKDOOcGRzNFZ4tnuZWpJiK"
    keys = {"ci": "supplied", "ci-2": "supplied", "eve": key}
    told = droplets(altered_cloud("prod", lambda d: d["cloud"].update(ssh_keys=keys)))["app-1"]["user_data"]
    assert "${trimspace(var.ssh_key_ci)}" in told and "${trimspace(var.ssh_key_ci_2)}" in told and key in told
    assert "AAAA supplied" not in told


def test_a_supplied_key_of_two_lines_would_be_two_keys_and_is_refused() -> None:
    """Terraform itself tries the pattern: it ends up in a condition of the variable."""
    assert re.search(ONE_PUBLIC_KEY, "ssh-ed25519 AAAAC3 me@example.org")
    for value in ("ssh-ed25519 AAAA\nssh-rsa BBBB", "ssh-ed25519 AAAA me\nssh-rsa BBBB", "AAAA", ""):
        assert not re.search(ONE_PUBLIC_KEY, value), value
    variable = cloud("prod").document["variable"]["ssh_key_ci"]
    assert "trimspace(var.ssh_key_ci)" in variable["validation"][0]["condition"]


@pytest.mark.parametrize("environment", CLOUDS)
def test_a_private_key_is_told_to_those_alone_who_need_it(environment: str) -> None:
    for node in nodes_of(load_environment(environment)):
        told = cloud(environment).resources("digitalocean_droplet")[f"{node.pool}-{node.number}"]["user_data"]
        private = {
            name
            for name in ("host_key", "worker_host_key", "join_manager", "join_worker", "root_key_pair")
            if f"tls_private_key.{name}.private_key_openssh" in told
        }
        own = {"manager": {"host_key", "join_manager"}, "worker": {"worker_host_key", "join_worker"}}
        assert private == own[node.role]


@pytest.mark.parametrize("environment", CLOUDS)
def test_nodes_boot_for_updates_three_quarters_of_an_hour_apart(environment: str) -> None:
    """Three managers in three pools have number 1 each."""
    texts = [each["user_data"] for each in cloud(environment).resources("digitalocean_droplet").values()]
    hours = [re.findall(r'Reboot-Time "(\d\d):(\d\d)"', text)[0] for text in texts]
    minutes = sorted(int(hour) * 60 + int(minute) for hour, minute in hours)
    assert len(minutes) == len(nodes_of(load_environment(environment)))
    assert all(later - earlier >= 45 for earlier, later in itertools.pairwise(minutes))


# -- the same addresses in Terraform after an edit -------------------------------------------------------------


def addresses(settings: Environment) -> set[str]:
    document = ordered(settings).document["resource"]
    return {f"{kind}.{name}" for kind, found in document.items() for name in found}


EDITS: dict[str, Any] = {
    "pools in another order": lambda d: d.update(nodes=dict(reversed(d["nodes"].items()))),
    "a further pool in front": lambda d: d.update(
        nodes={"aaa": {**d["nodes"]["work"], "role": "worker"}, **d["nodes"]}
    ),
    "one worker more": lambda d: d["nodes"]["work"].update(count=2),
    "keys in another order": lambda d: d["cloud"].update(ssh_keys={"a": "supplied", "rehearsal": "supplied"}),
    "another image": lambda d: d["cloud"].update(image="debian-13-x64", engine_version="26.1.*"),
    "no alerts": lambda d: d["cloud"].update(alerts={"email": "x@example.com"}),
    "volumes in another order": lambda d: d["cloud"].update(
        volumes=dict(reversed(d["cloud"]["volumes"].items()))
    ),
    "a label": lambda d: d["nodes"]["data"].update(labels={"storage": "data", "tier": "x"}),
    "more access": lambda d: d["cloud"].update(access={"tailscale": True}),
    "backups": lambda d: d["cloud"].update(droplet_backups="daily"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_moves_no_address(edit: str) -> None:
    before = addresses(load_environment("rehearsal-4"))
    assert before <= addresses(altered_cloud("rehearsal-4", EDITS[edit]))


def test_an_order_in_the_settings_means_nothing() -> None:
    def reverse(document: dict[str, Any]) -> None:
        for holder, key in ((document, "nodes"), (document["cloud"], "volumes")):
            holder[key] = dict(reversed(holder[key].items()))

    once = cloud("rehearsal-4").document["resource"]
    other = ordered(altered_cloud("rehearsal-4", reverse)).document["resource"]
    assert json.dumps(other, sort_keys=True) == json.dumps(once, sort_keys=True)


# -- what to do about a refused plan --------------------------------------------------------------------------

DESTROYED = """
╷
│ Error: Instance cannot be destroyed
│
│   on cdk.tf.json line 400, in resource.digitalocean_volume.stores:
│  400:       "stores": {
│
│ Resource digitalocean_volume.stores["grafana"] has
│ lifecycle.prevent_destroy set, but the plan calls for this resource to be
│ destroyed.
╵
"""
SHRUNK = """
│ Error: volumes `size` can only be expanded and not shrunk
│
│   with digitalocean_volume.stores["redis"],
│   on cdk.tf.json line 400
"""


def test_a_refused_plan_names_what_would_be_lost_and_the_way_out() -> None:
    kept, shrunk = way_out(DESTROYED + SHRUNK)
    assert kept.startswith(
        'digitalocean_volume.stores["grafana"] would be destroyed or replaced, and with it the data of a store; undo the edit.'
    )
    assert "terraform state rm 'digitalocean_volume.stores[\"grafana\"]'" in kept
    assert shrunk.startswith(
        'digitalocean_volume.stores["redis"] would shrink, which is not possible; restore the larger number.'
    )


def test_a_plan_refused_for_another_reason_has_no_way_out_here() -> None:
    assert way_out("Error: No value for required variable") == []
