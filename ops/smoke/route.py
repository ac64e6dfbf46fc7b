"""The addresses of an environment, read from the labels that Traefik reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.errors import OpsError
from ops.model.inventory import Inventory, Resource

_ROUTER = re.compile(r"traefik\.http\.routers\.([^.]+)\.(.+)")
_RULE = re.compile(r"Host\(`(?P<host>[^`]+)`\)(?: && PathPrefix\(`(?P<path>[^`]+)`\))?")
_PUBLIC = "public@file"
_HEALTH = re.compile(r"http://127\.0\.0\.1:(?P<port>\d+)(?P<path>/[^\s'\"]*)")


@dataclass(frozen=True, kw_only=True)
class Route:
    """One address.

    Args:
        role: whoever holds it may see the page; ``None`` for everybody.
        signs_in: the page that people sign in at, for holders of the admin role by itself.
        page: path that is asked for: the health check's where a public service has one on this port, else the top.
        answers: status that the page gives; ``None`` where only the service knows.
        redirects_to: the host that an alias sends browsers to.
    """

    host: str
    service: str
    role: str | None
    signs_in: bool = False
    page: str = "/"
    answers: int | None = None
    redirects_to: str | None = None

    @property
    def url(self) -> str:
        """The page's address."""
        return f"https://{self.host}{self.page}"

    @property
    def is_public(self) -> bool:
        """Whether nobody is asked who they are."""
        return self.role is None


def routes_of(inventory: Inventory, *, admin_role: str) -> list[Route]:
    """Every address of a synthesized stack, by host.

    Raises:
        OpsError: Traefik's rule for one is of a form that is not known here.
    """
    found = [
        _route(service, labels, inventory.access, admin_role)
        for service in inventory.of_type("docker_service")
        for labels in _routers(service).values()
    ]
    return sorted(found, key=lambda route: (route.host, route.page))


def _routers(service: Resource) -> dict[str, dict[str, str]]:
    routers: dict[str, dict[str, str]] = {}
    for label, value in labels_of(service).items():
        match = _ROUTER.fullmatch(label)
        if match:
            routers.setdefault(match[1], {"name": match[1]})[match[2]] = value
    return routers


def _route(service: Resource, labels: Mapping[str, str], access: Mapping[str, str], admin_role: str) -> Route:
    rule = _RULE.fullmatch(labels.get("rule", ""))
    if rule is None:
        raise OpsError(f"service {service.name}: router {labels['name']} has rule {labels.get('rule')!r}")
    who = access.get(rule["host"], "").partition(", ")[2]
    top = rule["path"] or "/"
    chain = labels.get("middlewares", "").split(",")
    if alias_of := _redirect(service, chain):
        return Route(host=rule["host"], service=service.name, role=None, page=top, redirects_to=alias_of)
    if _PUBLIC in chain:
        port = labels_of(service).get(f"traefik.http.services.{labels['name']}.loadbalancer.server.port", "")
        page, answers = _public_page(service, port, top)
        return Route(host=rule["host"], service=service.name, role=None, page=page, answers=answers)
    role = who.removeprefix("role ") if who.startswith("role ") else admin_role
    return Route(host=rule["host"], service=service.name, role=role, signs_in=who == "sign-in", page=top)


def _redirect(service: Resource, chain: Sequence[str]) -> str | None:
    """The host that one of a router's own middlewares sends browsers to."""
    for name in chain:
        to = labels_of(service).get(f"traefik.http.middlewares.{name}.redirectregex.replacement")
        if to is not None:
            return to.removeprefix("https://").removesuffix("$1")
    return None


def _public_page(service: Resource, port: str, top: str) -> tuple[str, int | None]:
    """The path and status of the health check, where it asks the routed port below the routed path."""
    for match in _HEALTH.finditer(" ".join(health_check_of(service))):
        if match["port"] == port and match["path"].startswith(top):
            return match["path"], 200
    return top, None


def labels_of(service: Resource) -> dict[str, str]:
    """Labels of a docker_service, in the form of synthesized JSON."""
    return {each["label"]: each["value"] for each in service.values.get("labels") or []}


def health_check_of(service: Resource) -> list[str]:
    """The words of its health check."""
    container: Mapping[str, Any] = service.values["task_spec"]["container_spec"]
    return [str(word) for word in (container.get("healthcheck") or {}).get("test") or []]


def hosts_of(routes: list[Route]) -> Iterator[str]:
    """Each host once."""
    return iter(dict.fromkeys(route.host for route in routes))
