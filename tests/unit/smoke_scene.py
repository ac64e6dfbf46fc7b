"""A small platform for the tests of ops.smoke, in the form that cdktf writes, and answers without a network."""

from __future__ import annotations

from typing import Any

from ops.model.inventory import Inventory, from_synthesis
from tests.unit.ops_fixtures import network, service, stack

ADDRESSES = (
    '{"api.example.org": "core, public", "auth.example.org": "auth, sign-in", "page.example.org": "page, role admin",'
    ' "web.example.org": "web, public"}'
)


def routed(
    path: str, *, host: str, port: int, middlewares: str, test: str = "true", **more: Any
) -> dict[str, Any]:
    """A service with a route."""
    name = path.rpartition("/")[2]
    router = f"traefik.http.routers.{name}"
    made = service(
        path,
        name=name,
        labels={
            "traefik.enable": "true",
            f"{router}.rule": f"Host(`{host}`)",
            f"{router}.middlewares": middlewares,
            f"traefik.http.services.{name}.loadbalancer.server.port": str(port),
        },
        **more,
    )
    made["task_spec"]["container_spec"]["healthcheck"] = {"test": ["CMD-SHELL", test]}
    return made


def document() -> dict[str, Any]:
    """Redis with two clients; web, api, a guarded page and the sign-in behind a gateway that publishes a port."""
    made = stack()
    resources = made["resource"]
    made["output"] = {"addresses": {"value": ADDRESSES}}
    networks = ("redis_net", "edge")
    health = "wget -q -T 29 -O /dev/null http://127.0.0.1:3001/healthz"
    resources["docker_service"] = {
        "redis": resources["docker_service"]["redis"],
        "gateway": service("ingress/gateway", name="gateway", networks=("edge",), port=443),
        "core": routed(
            "platform/core",
            host="api.example.org",
            port=3001,
            middlewares="public@file",
            test=health,
            networks=networks,
        ),
        "web": routed(
            "platform/web", host="web.example.org", port=3000, middlewares="public@file", networks=networks
        ),
        "page": routed(
            "data/page", host="page.example.org", port=80, middlewares="guarded@file", test=health
        ),
        "auth": routed("ingress/auth", host="auth.example.org", port=4181, middlewares="guarded@file"),
    }
    resources["docker_network"]["edge"] = network("ingress/way-in/network", name="edge", internal=False)
    return made


def inventory() -> Inventory:
    """The same, read."""
    return from_synthesis(document())
