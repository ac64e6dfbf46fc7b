"""The sign-in in front of every page that is not public."""

from collections.abc import Sequence
from typing import Protocol

from sprocket_constructs import ConstructError, Gateway, Route, SwarmService

from ..errors import SettingsError
from ..platform.identity import setting_of_host
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


class SignIn:
    """Where people sign in, and which pages that covers.

    One cookie serves all guarded pages, so they must lie below one domain.
    """

    def __init__(self, site: Site, gateway: Gateway) -> None:
        self._site = site
        self._gateway = gateway
        self.host = site.host("auth")
        self.cookie_domain = site.settings.ingress.sign_in.cookie_domain or site.settings.domain
        if not _is_below(self.host, self.cookie_domain):
            raise SettingsError.of(
                f"people sign in at {self.host}, which is not below {self.cookie_domain}",
                fix=f"use {site.settings.domain} or a domain above it, or remove it",
                setting="ingress/sign_in/cookie_domain",
                file=f"{site.settings.name}.yaml",
            )

    @property
    def cookie_name(self) -> str:
        """Its own for each environment: one below the other's domain would get both, and understand one."""
        return f"_sprocket_{self._site.settings.name}_auth"

    @property
    def guarded(self) -> list[Route]:
        """All routes that need a role, checked.

        Raises:
            ConstructError: a role that does not exist, or a page that the cookie never reaches.
        """
        routes = [route for route in self._gateway.routes if route.access.role is not None]
        for route in routes:
            self._check(route)
        return routes

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
        if not _is_below(route.host, self.cookie_domain):
            raise ConstructError(
                route.service,
                f"{route.rule} needs a role, and the sign-in's cookie is for {self.cookie_domain} only, so signing in would never end",
                fix=f"{self._another_host(route.host)}, or set ingress/sign_in/cookie_domain to a domain above both",
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


def _is_below(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")
