"""The sign-in in front of every page that is not public."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from sprocket_constructs import ConstructError, Gateway, Route, SwarmService

from ..platform.identity import setting_of_host
from ..settings.host import is_below
from ..site import Site


class SignInProxy(Protocol):
    """A program that Traefik asks before it lets a request through to a guarded page."""

    service: SwarmService

    @property
    def asked_at(self) -> str:
        """Path of the question."""

    @property
    def passes_on(self) -> Sequence[str]:
        """Headers of its answer that pages get: who is signed in."""

    @property
    def session(self) -> Mapping[str, str] | None:
        """What the plugin beside it is told; none where the cookie holds no more than a number."""


class SignIn:
    """Where people sign in, and which pages that covers.

    One cookie serves all guarded pages, so they lie below one domain, and no public page does: it would be sent the
    cookie of whoever is signed in.
    """

    def __init__(self, site: Site, gateway: Gateway) -> None:
        self._site = site
        self._gateway = gateway
        self.host = site.host("auth")
        self.cookie_domain = site.settings.pages_domain
        self.cookie_name = site.settings.sign_in_cookie

    @property
    def guarded(self) -> list[Route]:
        """All routes that need a role, checked.

        Raises:
            ConstructError: a role that does not exist, a page that the cookie never reaches, or a public one that it does.
        """
        for route in self._gateway.routes:
            if route.access.is_public:
                self._check_public(route)
        routes = [route for route in self._gateway.routes if route.access.role is not None]
        for route in routes:
            self._check(route)
        return routes

    def _check_public(self, route: Route) -> None:
        # Tinyauth's own page is public too.
        is_sign_in = (route.host, route.path) == (self.host, None)
        if is_below(route.host, self.cookie_domain) and not is_sign_in:
            raise ConstructError(
                route.service,
                f"{route.rule} is public, and browsers send it the cookie of admins, which is for {self.cookie_domain}",
                fix=f"use a host that is not below {self.cookie_domain}, or Access.only(...)",
            )

    def _check(self, route: Route) -> None:
        if route.access.role not in self._site.roles:
            raise ConstructError(
                route.service,
                f"{route.rule} is for role {route.access.role!r}, which ingress/sign_in/roles does not have",
                fix=f"use one of {', '.join(sorted(self._site.roles))}, or add it with its Discord role ids",
            )
        if route.host == self.host:
            raise ConstructError(
                route.service,
                f"{route.rule} is on the host of the sign-in itself",
                fix="give the page a host of its own",
            )
        if not is_below(route.host, self.cookie_domain):
            raise ConstructError(
                route.service,
                f"{route.rule} needs a role, and the sign-in's cookie is for {self.cookie_domain} only, so signing in would never end",
                fix=self._another_host(route.host),
            )

    def _another_host(self, host: str) -> str:
        """By the setting that says the host, where one does."""
        setting = setting_of_host(self._site.settings, host)
        if setting is None:
            return f"use a host below {self.cookie_domain}"
        several = len(self._site.settings.platform.instances) > 1
        instance = f"{setting.split('/')[2]}-" if several else ""
        example = f"{instance}{host.partition('.')[0]}.{self.cookie_domain}"
        return f"set {setting} to a host below {self.cookie_domain}, such as {example}"
