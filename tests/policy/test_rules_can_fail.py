"""Each policy against the mistake that it is there for: a rule that nothing breaks proves nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.policy import rules, test_policy
from tests.stacks.synthesis import Synthesized, synthesized

ENVIRONMENT = "local"
Document = dict[str, Any]


def service(document: Document, name: str) -> dict[str, Any]:
    """The ``docker_service`` of that name."""
    found: dict[str, Any] = next(
        s for s in document["resource"]["docker_service"].values() if s["name"] == name
    )
    return found


def container(document: Document, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = service(document, name)["task_spec"]["container_spec"]
    return spec


def join(document: Document, name: str, network: str) -> None:
    networks = document["resource"]["docker_network"]
    address = next(key for key, value in networks.items() if value["name"] == network)
    joined = {"name": f"${{docker_network.{address}.id}}"}
    service(document, name)["task_spec"]["networks_advanced"].append(joined)


def open_network(document: Document) -> None:
    networks = document["resource"]["docker_network"].values()
    next(network for network in networks if network["name"] == "redis-net")["internal"] = False


def relabel(document: Document, name: str, ending: str, value: str) -> None:
    label = next(each for each in service(document, name)["labels"] if each["label"].endswith(ending))
    label["value"] = value


def reserve(document: Document) -> None:
    service(document, "core")["task_spec"]["resources"]["reservation"]["memory_bytes"] = 10**11


def unlimited(document: Document) -> None:
    service(document, "core")["task_spec"]["resources"]["limits"]["memory_bytes"] = 0


def expose_config(document: Document) -> None:
    next(iter(document["resource"]["docker_config"].values()))["data"] = "${local.password}"


def publish(document: Document) -> None:
    port = {"published_port": 6379, "publish_mode": "host"}
    service(document, "redis")["endpoint_spec"]["ports"] = [port]


def restart(document: Document, **fields: object) -> None:
    service(document, "core")["task_spec"]["restart_policy"].update(fields)


SOCKET = {"type": "bind", "source": "/var/run/docker.sock", "target": "/var/run/docker.sock"}
LABEL = {"label": "note", "value": "${local.password}"}

MISTAKES: dict[str, tuple[Callable[[Document], object], Callable[[str], None]]] = {
    "a tag that moves": (
        lambda d: container(d, "core").update(image="core:latest@unresolved"),
        test_policy.test_every_image_is_pinned,
    ),
    "no digest": (
        lambda d: container(d, "core").update(image="core:1"),
        test_policy.test_every_image_is_pinned,
    ),
    "no health check": (
        lambda d: container(d, "core")["healthcheck"].update(test=["NONE"]),
        test_policy.test_every_service_has_a_health_check_or_says_why_not,
    ),
    "no limit": (unlimited, test_policy.test_every_service_has_limits_and_reservations),
    "too much reserved": (reserve, test_policy.test_reservations_fit_the_nodes),
    "no rotation": (
        lambda d: service(d, "core")["task_spec"]["log_driver"].update(options={}),
        test_policy.test_every_log_is_rotated,
    ),
    "a published store": (publish, test_policy.test_only_traefik_publishes_and_only_80_and_443),
    "an address of IPVS": (
        lambda d: service(d, "redis")["endpoint_spec"].update(mode="vip"),
        test_policy.test_no_service_needs_ipvs,
    ),
    "a stranger on a store's network": (
        lambda d: join(d, "web", "redis-net"),
        test_policy.test_a_server_is_reached_by_its_known_clients_only,
    ),
    "a store with a way out": (
        open_network,
        test_policy.test_networks_have_no_way_out_unless_a_service_says_why,
    ),
    "a way out for two": (
        lambda d: join(d, "web", "core-egress"),
        test_policy.test_a_way_out_is_one_services_alone,
    ),
    "a secret in a variable": (
        lambda d: container(d, "core").update(env={"KEY": "${random_password.key.result}"}),
        test_policy.test_no_secret_is_where_anybody_may_look,
    ),
    "a secret in an argument": (
        lambda d: container(d, "core").update(args=["${var.token}"]),
        test_policy.test_no_secret_is_where_anybody_may_look,
    ),
    "a secret in a label": (
        lambda d: service(d, "core")["labels"].append(LABEL),
        test_policy.test_no_secret_is_where_anybody_may_look,
    ),
    "a secret in a config": (expose_config, test_policy.test_no_secret_is_in_a_config),
    "a placeholder": (
        lambda d: d["locals"].update(forgotten="@@secret:key@@"),
        test_policy.test_no_placeholder_of_a_secret_is_left,
    ),
    "two variables": (
        lambda d: container(d, "core").update(env={"A": "1", "B": "2"}),
        test_policy.test_no_service_has_more_than_one_variable,
    ),
    "a store that overlaps": (
        lambda d: service(d, "redis")["update_config"].update(order="start-first"),
        test_policy.test_every_store_is_pinned_alone_and_never_twice_on_its_data,
    ),
    "a store that wanders": (
        lambda d: service(d, "redis")["task_spec"]["placement"].update(constraints=[]),
        test_policy.test_every_store_is_pinned_alone_and_never_twice_on_its_data,
    ),
    "a store twice": (
        lambda d: service(d, "redis")["mode"]["replicated"].update(replicas=2),
        test_policy.test_every_store_is_pinned_alone_and_never_twice_on_its_data,
    ),
    "the engine's socket": (
        lambda d: container(d, "core").update(mounts=[SOCKET]),
        test_policy.test_the_engines_socket_is_shown_to_proxies_only,
    ),
    "an open admin page": (
        lambda d: relabel(d, "grafana", ".middlewares", "public@file"),
        test_policy.test_every_route_is_open_by_name_or_behind_a_role,
    ),
    "a network that is not there": (
        lambda d: relabel(d, "grafana", ".network", "other"),
        test_policy.test_traefik_always_knows_the_network,
    ),
    "restarts without a pause": (
        lambda d: restart(d, delay="0s"),
        test_policy.test_restart_policies_are_complete,
    ),
    "restarts that end": (
        lambda d: restart(d, max_attempts=3),
        test_policy.test_restart_policies_are_complete,
    ),
    "no time to leave": (
        lambda d: container(d, "core").update(stop_grace_period="0s"),
        test_policy.test_every_service_is_given_time_to_leave,
    ),
    "half an update": (
        lambda d: service(d, "core")["update_config"].update(failure_action="pause"),
        test_policy.test_every_apply_waits_and_a_bad_update_goes_back,
    ),
    "nobody waits": (
        lambda d: service(d, "web").update(mode={"global": True, "replicated": {"replicas": 1}}),
        test_policy.test_every_service_is_replicated,
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, rule = MISTAKES[mistake]
    found = synthesized(ENVIRONMENT)
    document = copy.deepcopy(found.document)
    make(document)
    wrong = Synthesized(stack=found.stack, document=document)
    for module in (rules, test_policy):
        monkeypatch.setattr(module, "synthesized", lambda _: wrong)
    with pytest.raises(AssertionError):
        rule(ENVIRONMENT)
