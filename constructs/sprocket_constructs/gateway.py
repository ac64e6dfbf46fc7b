"""Routes from the internet to services, each with a decision about who may use it."""

from __future__ import annotations

from dataclasses import dataclass

from ._cdktf import Construct
from ._exposure import Admission
from .access import Access
from .errors import ConstructError
from .network import OverlayNetwork
from .service import SwarmService

NETWORK_LABEL = "traefik.swarm.network"
"""Says on which network Traefik finds a service; without it Traefik picks a random one of them on each refresh."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One address and the service that answers it.

    Args:
        redirects_to: host that the gateway itself sends browsers to, for an alias; the service hears nothing of them.
    """

    host: str
    port: int
    access: Access
    service: SwarmService
    path: str | None = None
    internal_service: str | None = None
    redirects_to: str | None = None

    @property
    def rule(self) -> str:
        """Traefik's rule for it."""
        return f"Host(`{self.host}`)" + (f" && PathPrefix(`{self.path}`)" if self.path else "")


class Gateway(Construct):
    """Traefik's part of a route: the network it shares with what it routes to, and the labels it reads.

    Public pages share one network with it. A guarded page has a network with it alone: whoever shares a network with a
    page reaches it past the guard, and public services are the likeliest to be broken into.

    Labels are generated, never written: router names are service names, the network is always named (see
    :data:`NETWORK_LABEL`), middlewares come from Traefik's own files.

    Args:
        name: of the overlay network (default ``edge``).
        public_middlewares: chain for public routes, as ``name@file``.
        guarded_middlewares: chain for routes that need a role.
        resolver: certificate resolver; ``None`` where the entry point has one. Then no label may set
            TLS options: a router with TLS settings of its own gets none of the entry point's, and so no certificate.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str = "edge",
        entry_point: str = "websecure",
        resolver: str | None = None,
        public_middlewares: tuple[str, ...] = (),
        guarded_middlewares: tuple[str, ...] = (),
    ) -> None:
        super().__init__(scope, id_)
        self.network = OverlayNetwork(self, "network", name=name, internal=False)
        self._entry_point = entry_point
        self._resolver = resolver
        self._chains = {True: public_middlewares, False: guarded_middlewares}
        self._routes: list[Route] = []
        self._routers: dict[str, Route] = {}
        self._pages: dict[str, OverlayNetwork] = {}
        self._proxy: SwarmService | None = None

    @property
    def routes(self) -> list[Route]:
        """All routes, in the order they were declared."""
        return list(self._routes)

    def answered_by(self, proxy: SwarmService) -> None:
        """Names the service that forwards requests: it joins every network that routes lead through.

        A further guarded page is a further network for it, and so replaces it: some seconds without an answer.
        """
        self._proxy = proxy
        for network in (self.network, *self._pages.values()):
            proxy.joins(network)

    def admit(
        self,
        service: SwarmService,
        *,
        host: str,
        port: int,
        access: Access,
        path: str | None = None,
        internal_service: str | None = None,
        redirects_to: str | None = None,
    ) -> Admission:
        """Accepts a route and returns what the service has to carry and join for it.

        The first guarded route takes the service off the public network, where the other pages are.

        Raises:
            ConstructError: another route has the same host and path, or would have the same router.
        """
        route = Route(
            host=host,
            port=port,
            access=access,
            service=service,
            path=path,
            internal_service=internal_service,
            redirects_to=redirects_to,
        )
        for other in self._routes:
            if (other.host, other.path) == (route.host, route.path):
                raise ConstructError(
                    route.service,
                    f"{route.rule} already leads to {other.service.node.path}",
                    fix="give each service a host or path of its own",
                )
        router = self._router_for(route)
        self._routes.append(route)
        return Admission(
            labels=self._labels(route, router),
            network=self._network_of(service),
            network_label=NETWORK_LABEL,
        )

    def _network_of(self, service: SwarmService) -> OverlayNetwork:
        """The public one, or one of its own as soon as one of its routes is guarded."""
        guarded = any(
            route.service is service and route.access.role is not None and route.internal_service is None
            for route in self._routes
        )
        if not guarded:
            return self.network
        if service.name not in self._pages:
            page = OverlayNetwork(self, f"{service.name}-page", name=f"{service.name}-page")
            self._pages[service.name] = page
            if self._proxy is not None:
                self._proxy.joins(page)
        return self._pages[service.name]

    def _router_for(self, route: Route) -> str:
        """The service's name, with a number from its second route on."""
        name = f"{route.service.name}-alias" if route.redirects_to else route.service.name
        routes = [other for other in self._routes if other.service is route.service]
        count = 1 + sum(1 for other in routes if bool(other.redirects_to) is bool(route.redirects_to))
        router = name if count == 1 else f"{name}-{count}"
        first = self._routers.setdefault(router, route)
        if first is not route:
            raise ConstructError(
                route.service,
                f"router {router} is taken by {first.service.node.path}, and Traefik would serve neither",
                fix="give one of the services another name",
            )
        return router

    def _labels(self, route: Route, router: str) -> dict[str, str]:
        routers = f"traefik.http.routers.{router}"
        labels = {
            "traefik.enable": "true",
            f"{routers}.rule": route.rule,
            f"{routers}.entrypoints": self._entry_point,
            f"{routers}.service": route.internal_service or router,
            f"traefik.http.services.{router}.loadbalancer.server.port": str(route.port),
        }
        if self._resolver:
            labels[f"{routers}.tls.certresolver"] = self._resolver
        chain = self._chains[route.access.is_public]
        if route.redirects_to:
            labels |= _redirect(router, route.redirects_to)
            chain = (*chain, redirect_of(router))
        if chain:
            labels[f"{routers}.middlewares"] = ",".join(chain)
        return labels


def redirect_of(router: str) -> str:
    """Name of the middleware by which the router of an alias sends browsers on."""
    return f"{router}-redirect"


def _redirect(router: str, host: str) -> dict[str, str]:
    """Another host, for good: 301, or 308 where the method must stay. Path and query are kept.

    It fits every address, so that a page is never shown under an alias.
    """
    middleware = f"traefik.http.middlewares.{redirect_of(router)}.redirectregex"
    return {
        f"{middleware}.regex": "^https?://[^/]+(.*)$",
        f"{middleware}.replacement": f"https://{host}$1",
        f"{middleware}.permanent": "true",
    }
