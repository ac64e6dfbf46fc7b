"""Sign-in by Discord role: traPtitech/traefik-forward-auth."""

from collections.abc import Mapping
from typing import Any

from sprocket_constructs import (
    Access,
    Construct,
    Gateway,
    HealthCheck,
    NodeSelector,
    Route,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from ..rendering import to_yaml
from ..secrets import PlatformSecrets
from ..site import Site
from .discord import DISCORD
from .fake_discord import FakeDiscord
from .sign_in import SignIn

CONFIG = "/run/secrets/forward-auth.yaml"

EVERYWHERE = -10000
"""Priority of the rule that is left over: below every other, the program's own rule for its callback (1) among them."""


class ForwardAuth(Construct):
    """Asks Discord who somebody is and which roles they hold in the guild, and remembers it in a signed cookie.

    The rule for all pages asks for the admin role; pages for another role have a rule each. The cookie is all it knows:
    a role that is taken away counts when ``sign_in.session`` is over, which no request prolongs, or at once for everybody
    with a new ``sign-in-cookie-key``.

    Args:
        fake: stands in for Discord.
    """

    CALLBACK = "/_oauth"
    asked_at = ""
    passes_on = ("X-Forwarded-User",)

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        secrets: PlatformSecrets,
        gateway: Gateway,
        sign_in: SignIn,
        fake: FakeDiscord | None,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._secrets = secrets
        self._sign_in = sign_in
        self.service = SwarmService(
            self,
            "forward-auth",
            image=site.image("forward-auth"),
            args=(f"--config={CONFIG}",),
            listens={"http": 4181},
            health=HealthCheck.none(
                because="its image has neither a shell nor a probe of its own; Traefik asks its /healthz"
            ),
            resources=site.resources("forward-auth"),
            update=UpdatePolicy.start_first(),
        )
        # Who has its key can make a session of any admin.
        self.service.runs_on(NodeSelector.managers())
        self._discord = fake.seen_by(self.service) if fake else DISCORD
        self.service.reads(
            SwarmSecret(self, "config", name="forward-auth-config", content=self._content), at=CONFIG
        )
        self.service.expose_via(gateway, host=sign_in.host, access=Access.sign_in())
        probe = f"traefik.http.services.{self.service.name}.loadbalancer.healthcheck"
        self.service.label(f"{probe}.path", "/healthz")
        self.service.label(f"{probe}.interval", "10s")
        self.service.label(f"{probe}.timeout", "3s")

    @property
    def session(self) -> Mapping[str, str]:
        """Its cookie holds every role of a person, and it says of a failure no more than a number."""
        return {
            "cookie": self._sign_in.cookie_name,
            "host": self._sign_in.host,
            "domain": self._sign_in.cookie_domain,
            "guild": self._site.settings.ingress.sign_in.guild,
        }

    def _content(self) -> str:
        settings = self._site.settings.ingress.sign_in
        return to_yaml(
            {
                "secret": self._secrets.sign_in_cookie_key,
                "log-level": "info",
                "log-format": "json",
                "auth-host": [self._sign_in.host],
                "cookie-domains": [self._sign_in.cookie_domain],
                "cookie-name": self._sign_in.cookie_name,
                "csrf-cookie-name": f"{self._sign_in.cookie_name}_csrf",
                "lifetime": settings.session,
                "info-fields": ["roles", "user.id"],
                "provider": "generic-oauth",
                "providers": {"generic-oauth": self._provider()},
                "rules": self._rules(),
                # The program's own default is the e-mail address, which is not asked for.
                "headers": {"default": {"name": "X-Forwarded-User", "source": "user.id"}},
            },
            comment="Who may see the admin pages.",
        )

    def _provider(self) -> Mapping[str, Any]:
        settings = self._site.settings.ingress.sign_in
        return {
            "auth-url": self._discord.authorize,
            "token-url": self._discord.token,
            "user-url": self._discord.member(settings.guild),
            "client-id": settings.client_id,
            "client-secret": self._secrets.discord_sign_in_secret,
            "scopes": ["identify", "guilds.members.read"],
        }

    def _rules(self) -> Mapping[str, Any]:
        """The rule must be called ``default``: the program's own of that name lets every member of the guild in."""
        admin = self._site.settings.ingress.admin_role
        guarded = self._sign_in.guarded
        # On a host with pages for different roles each needs its rule, or the longest path would decide for all.
        mixed = {route.host for route in guarded if route.access.role != admin}
        own = {
            f"page-{number}": self._rule(route)
            for number, route in enumerate(r for r in guarded if r.host in mixed)
        }
        return {
            "default": {
                "action": "auth",
                "route-rule": "PathPrefix(`/`)",
                "priority": EVERYWHERE,
                "auth-rule": self._holds(admin),
            },
            "logout": {
                "action": "logout",
                "route-rule": f"Host(`{self._sign_in.host}`) && Path(`/logout`)",
                "priority": 2,
            },
            **own,
        }

    def _rule(self, route: Route) -> Mapping[str, Any]:
        """Priorities are left to the length of the rule, as in Traefik."""
        return {"action": "auth", "route-rule": route.rule, "auth-rule": self._holds(route.access.role or "")}

    def _holds(self, role: str) -> str:
        """Discord's list of role ids arrives as one text: ``[1 2 3]``."""
        return rf"Regexp(`roles`, `\b({'|'.join(self._site.roles[role])})\b`)"
