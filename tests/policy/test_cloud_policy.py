"""What every environment orders obeys the rules, and each rule can find something."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from layers.cloud.protected import PROTECTED
from tests.policy import cloud_rules
from tests.policy.cloud_rules import RULES, Document, Rule, tags_and_firewalls_are_the_environments_own
from tests.stacks.synthesis import ALL, CLOUDS, cloud, synthesized


@pytest.mark.parametrize("environment", CLOUDS)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_is_obeyed(environment: str, rule: Rule) -> None:
    assert list(rule(cloud(environment).document)) == []


@pytest.mark.parametrize("environment", CLOUDS)
def test_tags_and_firewalls_are_the_environments_own(environment: str) -> None:
    assert list(tags_and_firewalls_are_the_environments_own(cloud(environment).document, environment)) == []


@pytest.mark.parametrize(
    "kind",
    [
        "digitalocean_tag",
        "digitalocean_firewall",
        "digitalocean_vpc",
        "digitalocean_project",
        "digitalocean_ssh_key",
    ],
)
def test_two_environments_of_one_account_share_no_name(kind: str) -> None:
    names = {
        environment: {each["name"] for each in cloud(environment).resources(kind).values()}
        for environment in CLOUDS
    }
    for one, other in itertools.combinations(CLOUDS, 2):
        assert names[one] and not names[one] & names[other]


@pytest.mark.parametrize("environment", ["prod", "staging"])
def test_private_networks_of_one_account_do_not_overlap(environment: str) -> None:
    ranges = [cloud(each).resources("digitalocean_vpc")["network"]["ip_range"] for each in CLOUDS]
    own = cloud(environment).resources("digitalocean_vpc")["network"]["ip_range"]
    assert ranges.count(own) == 1


def test_what_has_prevent_destroy_is_in_the_table_of_protected_types() -> None:
    """One that is missing there would go without a word of ours; one that is only there would not be protected."""
    found = {
        type_
        for environment in CLOUDS
        for type_, group in cloud(environment).document["resource"].items()
        for values in group.values()
        if values.get("lifecycle", {}).get("prevent_destroy")
    }
    assert found == set(PROTECTED) == set(cloud_rules.KEPT)


@pytest.mark.parametrize("environment", ALL)
def test_the_services_stack_protects_nothing_by_itself(environment: str) -> None:
    groups = synthesized(environment).document["resource"].values()
    assert not any(
        "prevent_destroy" in each.get("lifecycle", {}) for group in groups for each in group.values()
    )


def _of(document: Document, kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["resource"][kind][name]
    return found


def _droplet(document: Document, name: str) -> dict[str, Any]:
    return _of(document, "digitalocean_droplet", name)


def _rules(document: Document) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = _of(document, "digitalocean_firewall", "nodes-firewall")["inbound_rule"]
    return rules


MISTAKES: dict[str, tuple[Callable[[Document], object], str, str]] = {
    "a volume that can be destroyed": (
        lambda d: _of(d, "digitalocean_volume", "stores")["lifecycle"].update(prevent_destroy=False),
        "data_is_kept",
        "digitalocean_volume.stores can be destroyed",
    ),
    "no database, and no protection for the one there was": (
        lambda d: d["resource"].pop("digitalocean_database_cluster"),
        "data_is_kept",
        "there is no digitalocean_database_cluster, so its protection is gone with it",
    ),
    "SSH for the world": (
        lambda d: _rules(d)[0].update(source_addresses=["0.0.0.0/0"]),
        "firewalls_open_what_is_meant",
        "nodes-firewall opens ('tcp', '22') to the world",
    ),
    "the swarm for an office": (
        lambda d: _rules(d)[1]["source_addresses"].append("192.0.2.1/32"),
        "firewalls_open_what_is_meant",
        "nodes-firewall opens the swarm's ('tcp', '2377') to {'192.0.2.1/32'}",
    ),
    "Postgres for a neighbour": (
        lambda d: _rules(d).append(
            {"protocol": "tcp", "port_range": "5432", "source_addresses": ["192.0.2.1/32"]}
        ),
        "firewalls_open_what_is_meant",
        "nodes-firewall opens ('tcp', '5432')",
    ),
    "pages on every node": (
        lambda d: _of(d, "digitalocean_firewall", "ingress-firewall").update(
            tags=["${digitalocean_tag.nodes.id}"]
        ),
        "pages_are_on_the_ingress_node_alone",
        "ingress-firewall opens pages on ['${digitalocean_tag.nodes.id}']",
    ),
    "a droplet before its firewall": (
        lambda d: _droplet(d, "app-1").pop("depends_on"),
        "droplets_are_guarded_before_they_are_there",
        "app-1 may be there before its firewall",
    ),
    "a droplet without a tag": (
        lambda d: _droplet(d, "app-1").update(tags=[]),
        "droplets_are_guarded_before_they_are_there",
        "app-1 has no tag that a firewall protects",
    ),
    "a droplet that an image replaces": (
        lambda d: _droplet(d, "app-1")["lifecycle"]["ignore_changes"].remove("image"),
        "edits_replace_no_droplet",
        "app-1 is replaced when image change",
    ),
    "a droplet that is cut off": (
        lambda d: _droplet(d, "app-1").update(graceful_shutdown=False),
        "edits_replace_no_droplet",
        "app-1 is not given the time to shut down",
    ),
    "a private key in clear": (
        lambda d: _droplet(d, "app-1").update(user_data="-----BEGIN OPENSSH PRIVATE KEY-----"),
        "secrets_are_expressions",
        "BEGIN [A-Z ]*PRIVATE KEY is in the stack in clear",
    ),
    "an output that shows a secret": (
        lambda d: d["output"]["backups_secret_key"].pop("sensitive"),
        "secrets_are_expressions",
        "output backups_secret_key shows a secret",
    ),
    "a worker with the managers' key": (
        lambda d: _droplet(d, "work-1").update(
            user_data="${tls_private_key.join_manager.private_key_openssh}"
        ),
        "workers_cannot_join_as_managers",
        "work-1 has the private half of join_manager",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(mistake: str) -> None:
    make, rule, finding = MISTAKES[mistake]
    document = copy.deepcopy(cloud("rehearsal-4").document)
    make(document)
    assert finding in list(getattr(cloud_rules, rule)(document))


def test_every_rule_can_find_something() -> None:
    assert {rule.__name__ for rule in RULES} == {rule for _, rule, _ in MISTAKES.values()}


def test_a_tag_of_another_environment_is_found() -> None:
    document = copy.deepcopy(cloud("rehearsal-4").document)
    _of(document, "digitalocean_tag", "nodes")["name"] = "prod"
    _of(document, "digitalocean_firewall", "nodes-firewall")["tags"] = ["prod"]
    assert list(tags_and_firewalls_are_the_environments_own(document, "rehearsal-4")) == [
        "digitalocean_tag.nodes is called prod",
        "tag prod is written out, so it may not be there yet",
    ]
