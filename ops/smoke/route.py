"""The addresses of an environment, read from the labels that Traefik reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ops.errors import OpsError
from ops.model.inventory import Inventory
from ops.model.service import Router, Service
from ops.model.services import services_of

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
        """Whether no sign-in is needed."""
        return self.role is None


def routes_of(inventory: Inventory, *, admin_role: str) -> list[Route]:
    """Every address of a synthesized stack, by host.

    Raises:
        OpsError: Traefik's rule for one is of a form that is not known here.
    """
    found = [
        _route(service, router, inventory.access, admin_role)
        for service in services_of(inventory)
        for router in service.routers
    ]
    return sorted(found, key=lambda route: (route.host, route.page))


def _route(service: Service, router: Router, access: Mapping[str, str], admin_role: str) -> Route:
    if not router.is_one_page:
        raise OpsError(f"service {service.name}: router {router.name} has rule {router.rule!r}")
    (page,) = router.pages
    who, top = access.get(page.host, ""), page.path or "/"
    if router.redirects_to:
        alias_of = router.redirects_to.removeprefix("https://").removesuffix("$1")
        return Route(host=page.host, service=service.name, role=None, page=top, redirects_to=alias_of)
    if _PUBLIC in router.middlewares:
        path, answers = _public_page(service, router.port, top)
        return Route(host=page.host, service=service.name, role=None, page=path, answers=answers)
    role = who.removeprefix("role ") if who.startswith("role ") else admin_role
    return Route(host=page.host, service=service.name, role=role, signs_in=who == "sign-in", page=top)


def _public_page(service: Service, port: int | None, top: str) -> tuple[str, int | None]:
    """The path and status of the health check, where it asks the routed port below the routed path."""
    for match in _HEALTH.finditer(" ".join(service.health_check.test)):
        if int(match["port"]) == port and match["path"].startswith(top):
            return match["path"], 200
    return top, None


def hosts_of(routes: list[Route]) -> Iterator[str]:
    """Each host once."""
    return iter(dict.fromkeys(route.host for route in routes))
