"""Rules over everything that Terraform gets, for each environment: those of the check, and decisions of our own."""

from __future__ import annotations

from collections import Counter

import pytest

from ops.check.runner import findings_in
from tests.policy.rules import platform, services, short_name
from tests.stacks.synthesis import ALL, synthesized
from tests.uses import OTHERS, PLATFORM

pytestmark = pytest.mark.parametrize("environment", ALL)

OPEN_PAGES = {"core", "web", "fake-discord"}
OPEN_PATHS = {("telegraf", "/-/monitoring", "watch")}
"""Of a service that is open at one path and one of its ports only: this one answers 200 or 503, and says nothing else."""
"""Services that answer anybody. Adding one here is a decision."""

CLIENTS = {
    server: {f"{server}-backup"}
    | {client for client, servers in {**PLATFORM, **OTHERS}.items() if server in servers}
    for server in ("redis", "rabbitmq", "postgres", "minio", "influxdb", "loki", "socket-proxy")
}
"""Who may share a server's network."""


def test_the_check_finds_nothing_wrong(environment: str) -> None:
    """Every rule of ``ops check``; that each can find something is shown by test_check_faults.py."""
    found = [f"{f.rule}: {f}" for f in findings_in(platform(environment)) if f.severity == "error"]
    assert found == []


def test_what_keeps_data_is_known_to_keep_data(environment: str) -> None:
    """Else the rules for stores would look at nothing."""
    stores = {each.name for each in services(environment) if each.keeps_data}
    assert {"redis", "rabbitmq", "influxdb", "minio", "grafana", "loki"} <= stores


def test_every_store_says_which_version_has_its_data_before_it_opens_it(environment: str) -> None:
    """What a next version is compared with (docs/decisions/0020)."""
    found = synthesized(environment)
    records = found.resources("terraform_data")
    said = {record["//"]["metadata"]["path"]: f"terraform_data.{key}" for key, record in records.items()}
    waits = {each["name"]: each.get("depends_on", []) for each in found.resources("docker_service").values()}
    stores = [service for service in found.stack.services if service.keeps_data]
    assert {"redis", "rabbitmq", "influxdb", "minio", "grafana", "loki"} <= {store.name for store in stores}
    for store in stores:
        assert said.get(f"{store.node.path}/data-version") in waits[store.name], store.name


def test_a_server_is_reached_by_its_known_clients_only(environment: str) -> None:
    found = synthesized(environment)
    for server, allowed in CLIENTS.items():
        members = {short_name(s.name, found) for s in services(environment) if f"{server}-net" in s.networks}
        assert members <= allowed | {server}, f"{server}: {', '.join(sorted(members - allowed - {server}))}"


def test_instances_share_the_networks_of_stores_and_nothing_else(environment: str) -> None:
    found = synthesized(environment)
    shared = {f"{server}-net" for server in CLIENTS} | {"edge"}
    for each in services(environment):
        if each.name == "traefik":
            continue  # it is on the network of every guarded page
        for network in each.networks.keys() - shared:
            owners = {i.identity.service_prefix for i in found.stack.platform.instances.values()}
            foreign = {p for p in owners if p and network.startswith(p) and not each.name.startswith(p)}
            assert not foreign, f"{each.name} is on {network}"


def test_a_guarded_page_is_shared_with_traefik_alone(environment: str) -> None:
    """Whoever shares a network with a page reaches it past the sign-in; its declared clients do on another one."""
    found = synthesized(environment)
    members: dict[str, set[str]] = {}
    for each in services(environment):
        for network in each.networks:
            members.setdefault(network, set()).add(each.name)
    routes = [r for r in found.stack.ingress.gateway.routes if r.access.role and not r.internal_service]
    assert len(routes) >= 4
    for route in routes:
        name = route.service.name
        assert members[f"{name}-page"] == {name, "traefik"}
        assert name not in members["edge"], name


def test_networks_have_no_way_out_unless_a_service_says_why(environment: str) -> None:
    found = synthesized(environment)
    reasons = {f"{s.name}-egress": s.internet_reasons for s in found.stack.services}
    for network in found.resources("docker_network").values():
        open_by_design = network["name"] == "edge" or bool(reasons.get(network["name"]))
        assert network["internal"] is not open_by_design, network["name"]


def test_a_way_out_is_one_services_alone(environment: str) -> None:
    members = Counter(n for each in services(environment) for n in each.networks if n.endswith("-egress"))
    assert set(members.values()) <= {1}


def test_names_of_secrets_and_configs_are_apart_and_fit(environment: str) -> None:
    """Two of one name and content would be one name on the engine, which refuses the second."""
    files = synthesized(environment).stack.files
    twice = [name for name, count in Counter((f.kind, f.name) for f in files).items() if count > 1]
    assert twice == []
    for file in files:
        assert len(file.name) + len("-12345678") <= 64, file.name


def test_no_service_has_more_than_one_variable(environment: str) -> None:
    for each in services(environment):
        assert len(each.environment) <= 1, each.name


def test_only_pages_that_are_listed_are_open(environment: str) -> None:
    found = synthesized(environment)
    for route in found.stack.ingress.gateway.routes:
        if route.access.is_public:
            name = short_name(route.service.name, found)
            port = next((label for label, port in route.service.listens.items() if port == route.port), "")
            listed = name in OPEN_PAGES or (name, route.path, port) in OPEN_PATHS
            assert listed, f"{name} is open to anybody"
