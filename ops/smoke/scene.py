"""What all checks of one run look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from layers.ingress.discord import DISCORD
from layers.ingress.fake_discord import Person
from layers.ingress.layer import PROXIES
from layers.platform.identity import Identity, identities_of
from layers.settings.environment import Environment
from ops.model.service import Service
from ops.report.programs import AS_PINNED, Program, programs_of
from ops.smoke.authority import Trust, trust_of
from ops.smoke.browser import TIMEOUT_S, Browser, Reach
from ops.smoke.graph import by_name
from ops.smoke.person import people_of
from ops.smoke.route import Route, routes_of
from ops.swarm.containers import Tasks
from ops.terraform.target import Target


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One environment, as it was synthesized, and how to reach it.

    Args:
        programs: what runs behind each service's name.
    """

    settings: Environment
    routes: list[Route]
    services: dict[str, Service]
    reach: Reach
    trust: Trust
    programs: dict[str, Program] = field(default_factory=dict)

    @contextmanager
    def browser(self, *, timeout_s: float = TIMEOUT_S) -> Iterator[Browser]:
        """A browser without cookies."""
        with Browser(self.reach, self.trust.context, timeout_s=timeout_s) as browser:
            yield browser

    @cached_property
    def people(self) -> list[Person]:
        """Who can sign in from here."""
        return people_of(self.settings)

    @cached_property
    def instances(self) -> list[Identity]:
        """The instances of the application."""
        return identities_of(self.settings)

    @property
    def guarded(self) -> list[Route]:
        """Pages that need a role, without the sign-in itself."""
        return [route for route in self.routes if route.role is not None and not route.signs_in]

    @property
    def auth_host(self) -> str:
        """Where people sign in."""
        return self.settings.page_host("auth")

    @property
    def callback(self) -> str:
        """Where Discord sends people back to."""
        return f"https://{self.auth_host}{PROXIES[self.settings.ingress.sign_in.proxy].CALLBACK}"

    @property
    def authorize(self) -> str:
        """Discord's page, or that of the one that stands in for it."""
        if self.settings.ingress.sign_in.provider == "fake":
            return f"https://{self.settings.fake_discord_host}/oauth2/authorize"
        return DISCORD.authorize

    @property
    def cookie(self) -> str:
        """Name of the cookie that says who is signed in."""
        return self.settings.sign_in_cookie

    @property
    def asks_forward_auth(self) -> bool:
        """Whether the proxy in front of pages is the one that knows roles."""
        return self.settings.ingress.sign_in.proxy == "traefik-forward-auth"

    def stands_in(self, service: str) -> bool:
        """Whether a stand-in runs under that name."""
        return service in self.programs and self.programs[service].is_stand_in

    def runs(self, service: str) -> str:
        """``real``, ``real, other version <x>`` or ``stand-in``; ``real`` where nothing else is known."""
        return self.programs[service].runs if service in self.programs else AS_PINNED


def scene_of(target: Target, reach: Reach, tasks: Tasks | None = None) -> Scene:
    """An environment as it is synthesized now.

    Args:
        tasks: to read the root of the test authority from; without them its certificates are not verified.
    """
    settings, wanted = target.settings, target.wanted
    return Scene(
        settings=settings,
        routes=routes_of(wanted, admin_role=settings.ingress.admin_role),
        services=by_name(wanted),
        reach=reach,
        trust=trust_of(settings, tasks),
        programs=programs_of(wanted),
    )
