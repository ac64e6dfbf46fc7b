"""Rules over everything that Terraform gets, for each environment."""

from __future__ import annotations

import base64
import re
from collections import Counter

import pytest
from sprocket_constructs import seconds, size

from layers.loading import load_environment
from tests.policy.rules import DeployedService, services, short_name, texts
from tests.stacks.synthesis import ALL, synthesized

pytestmark = pytest.mark.parametrize("environment", ALL)

IMAGE = re.compile(r"^(?P<name>[a-z0-9./:_-]+):(?P<tag>[A-Za-z0-9._-]+)@(sha256:[0-9a-f]{64}|unresolved)$")
SECRET = re.compile(r"@@secret:|random_password\.|\bvar\.|\blocal\.")
OPEN_PAGES = {"core", "web", "fake-discord"}
"""Services that answer anybody. Adding one here is a decision."""

CLIENTS = {
    "redis": {
        *(
            "core",
            "matchmaking-service",
            "notification-service",
            "submission-service",
            "replay-parse-service",
        ),
        *("elo-service", "telegraf"),
    },
    "rabbitmq": {
        *(
            "core",
            "discord-bot",
            "image-generation-frontend",
            "image-generation-service",
            "matchmaking-service",
        ),
        *("notification-service", "replay-parse-service", "server-analytics-service", "submission-service"),
        *("elo-service", "telegraf"),
    },
    "postgres": {"core", "migration", "image-generation-frontend", "postgres-keeper", "grafana", "telegraf"},
    "minio": {
        *(
            "core",
            "discord-bot",
            "image-generation-frontend",
            "image-generation-service",
            "submission-service",
        ),
        *("replay-parse-service", "minio-keeper", "telegraf"),
    },
    "influxdb": {"server-analytics-service", "influxdb-keeper", "grafana", "telegraf"},
    "loki": {"alloy", "grafana", "telegraf"},
    "socket-proxy": {"traefik"},
}
"""Who may share a server's network. Adding one here is a decision."""


def test_every_image_is_pinned(environment: str) -> None:
    for each in services(environment):
        match = IMAGE.match(each.container["image"])
        assert match, f"{each.name}: {each.container['image']}"
        assert match["tag"] not in ("latest", "main", "master", "edge"), each.name
        assert not match["name"].startswith("docker.io/"), f"{each.name}: the engine reads back another name"


def test_every_service_has_a_health_check_or_says_why_not(environment: str) -> None:
    reasons = {each.name: each.health.because for each in synthesized(environment).stack.services}
    for each in services(environment):
        kind, *_ = each.container["healthcheck"]["test"]
        assert kind in ("CMD", "CMD-SHELL") or (kind == "NONE" and reasons[each.name]), each.name


def test_a_health_check_fails_before_the_apply_gives_up(environment: str) -> None:
    for each in services(environment):
        start = seconds(each.container["healthcheck"].get("start_period", "0s"))
        assert start <= seconds(each.json["converge_config"]["timeout"]), each.name


def test_every_service_has_limits_and_reservations(environment: str) -> None:
    for each in services(environment):
        for bound in ("limits", "reservation"):
            assert each.task["resources"][bound]["memory_bytes"] > 0, each.name
            assert each.task["resources"][bound]["nano_cpus"] > 0, each.name


def test_reservations_fit_the_nodes(environment: str) -> None:
    pools = load_environment(environment).nodes.values()
    memory = sum(pool.count * (size(pool.memory) - size(pool.headroom)) for pool in pools)
    cores = sum(pool.count * pool.cpus for pool in pools)
    reserved = [(each.task["resources"]["reservation"], each.replicas) for each in services(environment)]
    assert sum(r["memory_bytes"] * count for r, count in reserved) <= memory
    assert sum(r["nano_cpus"] * count for r, count in reserved) <= cores * 1_000_000_000


def test_every_log_is_rotated(environment: str) -> None:
    for each in services(environment):
        driver = each.task["log_driver"]
        assert driver["name"] == "json-file", each.name
        assert set(driver["options"]) == {"max-size", "max-file"}, each.name


def test_only_traefik_publishes_and_only_80_and_443(environment: str) -> None:
    published = {
        (each.name, port["published_port"], port["publish_mode"])
        for each in services(environment)
        for port in each.json["endpoint_spec"].get("ports", [])
    }
    assert published == {("traefik", 80, "host"), ("traefik", 443, "host")}


def test_no_service_needs_ipvs(environment: str) -> None:
    for each in services(environment):
        assert each.json["endpoint_spec"]["mode"] == "dnsrr", each.name


def test_a_server_is_reached_by_its_known_clients_only(environment: str) -> None:
    found = synthesized(environment)
    for server, allowed in CLIENTS.items():
        members = {short_name(s.name, found) for s in services(environment) if f"{server}-net" in s.networks}
        assert members <= allowed | {server}, f"{server}: {', '.join(sorted(members - allowed - {server}))}"


def test_instances_share_the_networks_of_stores_and_nothing_else(environment: str) -> None:
    found = synthesized(environment)
    shared = {f"{server}-net" for server in CLIENTS} | {"edge"}
    for each in services(environment):
        for network in each.networks - shared:
            owners = {i.identity.service_prefix for i in found.stack.platform.instances.values()}
            foreign = {p for p in owners if p and network.startswith(p) and not each.name.startswith(p)}
            assert not foreign, f"{each.name} is on {network}"


def test_networks_have_no_way_out_unless_a_service_says_why(environment: str) -> None:
    found = synthesized(environment)
    reasons = {f"{s.name}-egress": s.wiring.internet for s in found.stack.services}
    for network in found.resources("docker_network").values():
        open_by_design = network["name"] == "edge" or bool(reasons.get(network["name"]))
        assert network["internal"] is not open_by_design, network["name"]


def test_a_way_out_is_one_services_alone(environment: str) -> None:
    members = Counter(n for each in services(environment) for n in each.networks if n.endswith("-egress"))
    assert set(members.values()) <= {1}


def test_no_secret_is_where_anybody_may_look(environment: str) -> None:
    for each in services(environment):
        shown = [each.container.get(key) for key in ("command", "args", "env", "healthcheck", "hostname")]
        for text in texts([*shown, each.labels]):
            assert not SECRET.search(text), f"{each.name}: {text}"


def test_no_secret_is_in_a_config(environment: str) -> None:
    for config in synthesized(environment).resources("docker_config").values():
        assert "${" not in config["data"], config["name"]
        assert not SECRET.search(base64.b64decode(config["data"]).decode()), config["name"]


def test_no_placeholder_of_a_secret_is_left(environment: str) -> None:
    for text in texts(synthesized(environment).document):
        assert "@@secret:" not in text, text


def test_nobody_is_asked_for_a_secret_that_no_service_reads(environment: str) -> None:
    stack = synthesized(environment).stack
    read = {name for file in stack.files for name in file.secret_names}
    assert sorted(set(stack.secret_values) - read) == []


def test_every_file_is_read_by_some_service(environment: str) -> None:
    stack = synthesized(environment).stack
    mounted = {id(mount.file) for each in stack.services for mount in each.wiring.files}
    assert [file.name for file in stack.files if id(file) not in mounted] == []


def test_names_of_secrets_and_configs_are_apart_and_fit(environment: str) -> None:
    """Two of one name and content would be one name on the engine, which refuses the second."""
    files = synthesized(environment).stack.files
    twice = [name for name, count in Counter((f.kind, f.name) for f in files).items() if count > 1]
    assert twice == []
    for file in files:
        assert len(file.name) + len("-12345678") <= 64, file.name


def test_names_of_services_fit_a_dns_label(environment: str) -> None:
    for each in services(environment):
        assert len(each.name) <= 63, each.name


def test_no_service_has_more_than_one_variable(environment: str) -> None:
    for each in services(environment):
        assert len(each.container.get("env", {})) <= 1, each.name


def _keeps_data(service: DeployedService) -> bool:
    return any(m["type"] == "volume" or m["source"].startswith("/mnt/") for m in service.mounts)


def test_every_store_is_pinned_alone_and_never_twice_on_its_data(environment: str) -> None:
    stores = [each for each in services(environment) if _keeps_data(each)]
    assert {"redis", "rabbitmq", "influxdb"} <= {each.name for each in stores}
    for each in stores:
        placement = each.task["placement"]
        one_on_each_node = placement.get("max_replicas") == 1
        assert placement.get("constraints") or one_on_each_node, each.name
        assert each.replicas == 1 or one_on_each_node, each.name
        assert each.json["update_config"]["order"] == "stop-first", each.name


def test_every_store_has_decided_about_its_backup(environment: str) -> None:
    for each in synthesized(environment).stack.services:
        for mount in each.wiring.data:
            decided = mount.backup is not None and (mount.backup.method != "none" or mount.backup.because)
            assert decided or mount.because, f"{each.name}: {mount.target}"


def test_the_engines_socket_is_shown_to_proxies_only(environment: str) -> None:
    holders = {
        each.name
        for each in services(environment)
        for m in each.mounts
        if m["source"] == "/var/run/docker.sock"
    }
    assert holders <= {"socket-proxy", "collectors-socket-proxy"}


def _routers(service: DeployedService) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for label, value in service.labels.items():
        match = re.fullmatch(r"traefik\.http\.routers\.([^.]+)\.(.+)", label)
        if match:
            found.setdefault(match[1], {})[match[2]] = value
    return found


def test_every_route_is_open_by_name_or_behind_a_role(environment: str) -> None:
    found = synthesized(environment)
    access = {(r.service.name, r.rule): r.access for r in found.stack.ingress.gateway.routes}
    for each in services(environment):
        for router in _routers(each).values():
            decided = access.pop((each.name, router["rule"]))
            if decided.is_public:
                assert short_name(each.name, found) in OPEN_PAGES, f"{each.name} is open to anybody"
                assert decided.because, each.name
                assert router["middlewares"] == "public@file", each.name
            else:
                assert router["middlewares"] == "guarded@file", each.name
    assert access == {}, "a route without labels"


def test_traefik_always_knows_the_network(environment: str) -> None:
    for each in services(environment):
        if each.labels.get("traefik.enable"):
            assert each.labels["traefik.swarm.network"] in each.networks, each.name


def test_router_names_are_apart(environment: str) -> None:
    names = Counter(name for each in services(environment) for name in _routers(each))
    assert [name for name, count in names.items() if count > 1] == []


def test_restart_policies_are_complete(environment: str) -> None:
    for each in services(environment):
        policy = each.task["restart_policy"]
        assert (policy["condition"], policy["max_attempts"]) == ("any", 0), each.name
        assert seconds(policy["delay"]) >= 10, f"{each.name}: a crash loop fills the disk"
        assert seconds(policy["window"]) > 0, each.name


def test_every_service_is_given_time_to_leave(environment: str) -> None:
    for each in services(environment):
        assert seconds(each.container["stop_grace_period"]) >= 10, each.name


def test_every_apply_waits_and_a_bad_update_goes_back(environment: str) -> None:
    for each in services(environment):
        assert seconds(each.json["converge_config"]["timeout"]) >= 60, each.name
        assert each.json["update_config"]["failure_action"] == "rollback", each.name
        assert each.json["update_config"]["max_failure_ratio"] == "0.0", each.name


def test_every_service_is_replicated(environment: str) -> None:
    """Nobody waits for a global one."""
    for each in services(environment):
        assert set(each.json["mode"]) == {"replicated"}, each.name
