"""Sign-in by a list of e-mail addresses: tinyauth, the alternative."""

import shlex
from collections.abc import Mapping

from sprocket_constructs import (
    Access,
    Construct,
    ConstructError,
    Gateway,
    HealthCheck,
    NodeSelector,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from ..secrets import PlatformSecrets
from ..site import Site
from .discord import DISCORD
from .fake_discord import FakeDiscord
from .sign_in import SignIn

SETTINGS = "/run/secrets/tinyauth.env"
CLIENT_SECRET = "/run/secrets/discord-sign-in-secret"


class Tinyauth(Construct):
    """Asks Discord for somebody's address and compares it with ``sign_in.emails``.

    It takes Discord at its word, also for an address that its owner never confirmed: list addresses that have an account.

    It knows no Discord roles (none in a release; 5.1.3), so every page is for everybody on the list, and a route for a
    role other than the admins' is refused. Sessions are in its container: an update signs everybody out.
    """

    CALLBACK = "/api/oauth/callback/discord"
    asked_at = "/api/auth/traefik"
    passes_on = ("Remote-User", "Remote-Email")
    session = None

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
        self._sign_in = sign_in
        self.service = SwarmService(
            self,
            "forward-auth",
            image=site.image("tinyauth"),
            # It reads variables only: a file of them keeps the service at none.
            command=("/bin/sh", "-c", f"set -a; . {SETTINGS}; exec tinyauth"),
            listens={"http": 3000},
            health=HealthCheck.command("tinyauth", "healthcheck"),
            resources=site.resources("forward-auth"),
            # Two would each have their own sessions.
            update=UpdatePolicy.stop_first(),
        )
        # It makes the sessions of admins.
        self.service.runs_on(NodeSelector.managers())
        self._discord = fake.seen_by(self.service) if fake else DISCORD
        self.service.reads(
            SwarmSecret(self, "settings", name="tinyauth-settings", content=self._content), at=SETTINGS
        )
        secret = SwarmSecret(
            self, "client-secret", name="tinyauth-client-secret", content=str(secrets.discord_sign_in_secret)
        )
        self.service.reads(secret, at=CLIENT_SECRET)
        self.service.expose_via(
            gateway,
            host=sign_in.host,
            access=Access.public(because="the page that people sign in at, without a session yet"),
        )

    def _content(self) -> str:
        admin = self._site.settings.ingress.admin_role
        for route in self._sign_in.guarded:
            if route.access.role != admin:
                raise ConstructError(
                    route.service,
                    f"{route.rule} is for role {route.access.role!r}, and tinyauth tells no roles apart",
                    fix=f"use role {admin!r}, or set ingress/sign_in/proxy to traefik-forward-auth",
                )
        return "".join(f"{name}={shlex.quote(value)}\n" for name, value in self._variables().items())

    def _variables(self) -> Mapping[str, str]:
        settings = self._site.settings.ingress.sign_in
        address = f"https://{self._sign_in.host}"
        provider = {
            "CLIENTID": settings.client_id,
            "CLIENTSECRETFILE": CLIENT_SECRET,
            "AUTHURL": self._discord.authorize,
            "TOKENURL": self._discord.token,
            "USERINFOURL": self._discord.user,
            "REDIRECTURL": address + self.CALLBACK,
            "SCOPES": "identify,email",
            "NAME": "Discord",
        }
        return {
            "TINYAUTH_APPURL": address,
            "TINYAUTH_ANALYTICS_ENABLED": "false",
            # It would look for the engine's socket.
            "TINYAUTH_LABELPROVIDER": "none",
            "TINYAUTH_AUTH_SECURECOOKIE": "true",
            "TINYAUTH_AUTH_SESSIONEXPIRY": str(settings.session),
            "TINYAUTH_AUTH_ACLS_POLICY": "deny",
            **self._lists(",".join(settings.emails)),
            "TINYAUTH_OAUTH_AUTOREDIRECT": "discord",
            **{f"TINYAUTH_OAUTH_PROVIDERS_discord_{name}": value for name, value in provider.items()},
        }

    def _lists(self, emails: str) -> Mapping[str, str]:
        """Who may sign in, and to which pages: with policy ``deny`` a host without a list of its own opens to nobody."""
        lists = {"TINYAUTH_OAUTH_WHITELIST": emails}
        for number, host in enumerate(dict.fromkeys(route.host for route in self._sign_in.guarded)):
            lists[f"TINYAUTH_APPS_page{number}_CONFIG_DOMAIN"] = host
            lists[f"TINYAUTH_APPS_page{number}_OAUTH_WHITELIST"] = emails
        return lists
