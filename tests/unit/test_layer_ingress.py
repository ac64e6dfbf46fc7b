"""The ingress layer: what is published, who shares a network, what the engine is asked, what the dashboard needs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sprocket_constructs import Access, seconds, sharing

from layers.ingress.socket_proxy import PINGS, READS
from layers.ingress.traefik import DRAIN, GRACE
from tests.unit.ingress_stack import ingress

STATIC = "/etc/traefik/traefik.yml"

# -- Traefik as a service ------------------------------------------------------------------------------------


def test_traefik_can_leave_in_time() -> None:
    assert ingress().layer.traefik.stop.grace == GRACE
    assert 2 * seconds(DRAIN) < seconds(GRACE)


def test_the_dashboard_is_traefiks_own_and_for_admins() -> None:
    stack = ingress()
    route = next(r for r in stack.layer.gateway.routes if r.host == "traefik.admin.sprocket.localhost")
    assert (route.access, route.internal_service) == (Access.only("admin"), "api@internal")
    assert stack.layer.traefik.labels["traefik.http.routers.traefik.service"] == "api@internal"
    assert stack.layer.traefik.labels["traefik.http.routers.traefik.middlewares"] == "guarded@file"


def test_answers_to_gives_traefik_public_names_on_the_gateways_network() -> None:
    stack = ingress()
    stack.layer.answers_to("api.sprocket.localhost")
    stack.layer.answers_to("sprocket.localhost")
    joined = stack.layer.traefik.attachments["edge"]
    assert joined.aliases == ("api.sprocket.localhost", "sprocket.localhost")


@pytest.mark.parametrize("environment", ["local", "prod", "staging"])
def test_every_route_passes_one_of_the_two_chains_and_speaks_of_no_tls(environment: str) -> None:
    stack = ingress(environment)
    labels = {name: value for s in stack.services for name, value in s.labels.items()}
    chains = {value for name, value in labels.items() if name.endswith(".middlewares")}
    assert chains <= {"public@file", "guarded@file"}
    assert sum(name.endswith(".rule") for name in labels) == sum(n.endswith(".middlewares") for n in labels)
    assert not [name for name in labels if ".tls" in name], "a router with TLS of its own gets no certificate"


# -- who reaches whom ----------------------------------------------------------------------------------------


def test_networks_of_local_and_prod() -> None:
    assert sharing(ingress().services) == {
        "acme-authority-net": ["acme-authority", "traefik"],
        "backup-store-net": ["backup-sender", "backup-store"],
        "edge": ["fake-discord", "forward-auth", "traefik"],
        "fake-discord-net": ["fake-discord", "forward-auth"],
        "forward-auth-net": ["forward-auth", "traefik"],
        "socket-proxy-net": ["socket-proxy", "traefik"],
    }
    assert sharing(ingress("prod").services) == {
        "backup-sender-main-egress": ["backup-sender-main"],
        "edge": ["forward-auth", "traefik"],
        "forward-auth-net": ["forward-auth", "traefik"],
        "socket-proxy-net": ["socket-proxy", "traefik"],
    }


def test_the_proxy_has_the_engines_socket_for_traefik_alone() -> None:
    stack = ingress("prod")
    proxy = stack.service("socket-proxy")
    allowed = {arg for arg in proxy.args if arg.startswith("-allow")}
    assert allowed == {
        "-allowfrom=traefik", f"-allowGET={READS}", f"-allowHEAD={PINGS}", "-allowhealthcheck",
    }  # fmt: skip
    assert [(m.source, m.target, m.read_only) for m in proxy.data_mounts] == [
        ("/var/run/docker.sock", "/var/run/docker.sock", True)
    ]
    assert proxy.constraints == ("node.role==manager",)
    assert proxy.network.internal


@pytest.mark.parametrize("path", ["_ping", "version", "services", "tasks", "networks", "nodes/x6u4k9lru899"])
@pytest.mark.parametrize("version", ["", "/v1.24", "/v1.41"])
def test_the_proxy_lets_traefiks_calls_through(path: str, version: str) -> None:
    assert re.fullmatch(READS, f"{version}/{path}")


@pytest.mark.parametrize(
    "path",
    [
        "containers/json",
        "configs",
        "secrets",
        "events",
        "info",
        "swarm",
        "nodes",
        "services/x/logs",
        "tasks/../info",
    ],
)
def test_the_proxy_lets_nothing_else_through(path: str) -> None:
    assert not re.fullmatch(READS, f"/v1.41/{path}")


def test_the_proxy_runs_as_nobody_where_the_sockets_group_is_known() -> None:
    def change(document: dict[str, Any]) -> None:
        document["engine"]["socket_group"] = 998

    known, unknown = ingress("prod", change).service("socket-proxy"), ingress("prod").service("socket-proxy")
    assert (known.user, known.groups) == ("65534:65534", ("998",))
    assert (unknown.user, unknown.groups) == ("0:0", ())
