"""The way in and the sign-in."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..errors import SettingsError
from .form import Form, shown
from .model import Duration, Email, HostName, Label, Settings, Snowflake


class Acme(Settings):
    """Where certificates come from."""

    authority: Literal["test", "staging", "production"] = Field(
        description="test: an authority inside the swarm; staging and production: Let's Encrypt (staging outside prod, its limits are high)"
    )
    email: Email = Field(description="account that expiry warnings go to")
    challenge: Literal["tls-alpn", "dns"] = Field(
        default="tls-alpn", description="dns: wildcard certificates by DigitalOcean's DNS"
    )
    ca_certificate: Annotated[
        str,
        Form(
            what="the name of a file",
            pattern=r"[A-Za-z0-9._-]+",
            allowed="letters, digits, . _ and -, no folder",
            example="acme-ca.packages.pem",
        ),
    ] = Field(
        default="acme-ca.packages.pem",
        description="file beside the lock of images that authority test is recognised by; written when its image is built",
    )

    @model_validator(mode="after")
    def _test_sees_no_zone(self) -> "Acme":
        if self.authority == "test" and self.challenge == "dns":
            raise SettingsError.of(
                "authority test proves names by tls-alpn only, no DNS zone is asked",
                fix="use challenge tls-alpn or another authority",
                setting="challenge",
            )
        return self


class RateLimit(Settings):
    """Requests of one client address."""

    average: int = Field(default=50, ge=1, le=1_000_000, description="per second, sustained")
    burst: int = Field(default=100, ge=1, le=1_000_000, description="at once")


class SignIn(Settings):
    """Who may see the admin pages: holders of roles in one Discord guild."""

    provider: Literal["discord", "fake"] = Field(
        description="fake: a stand-in inside the swarm, for machines without an account"
    )
    proxy: Literal["traefik-forward-auth", "tinyauth"] = Field(
        default="traefik-forward-auth", description="the program in front of admin pages"
    )
    client_id: str = Field(
        min_length=1, max_length=100, description="of the Discord application for sign-in; public"
    )
    guild: Snowflake = Field(description="id of the Discord server")
    roles: dict[Label, Annotated[tuple[Snowflake, ...], Field(min_length=1, strict=False)]] = Field(
        min_length=1,
        description="role name used by routes, and the Discord role ids that hold it; none at all would let every member in",
    )
    emails: tuple[Email, ...] = Field(
        default=(), strict=False, description="allow-list for tinyauth, which knows no roles"
    )
    session: int = Field(
        default=43200,
        ge=300,
        le=86_400,
        description="seconds until a sign-in ends, a day at most; a role taken away in Discord opens pages until then",
    )

    @model_validator(mode="after")
    def _discord_knows_the_client(self) -> "SignIn":
        if self.provider == "discord" and not self.client_id.isdecimal():
            raise SettingsError.of(
                f"{shown(self.client_id)} is not the id of a Discord application",
                allowed="it is 15 to 20 digits, in quotes",
                fix="copy the application id from discord.com/developers, or use provider fake",
                setting="client_id",
            )
        return self

    @model_validator(mode="after")
    def _tinyauth_can_do_it(self) -> "SignIn":
        if self.proxy == "tinyauth" and not self.emails:
            raise SettingsError.of(
                "tinyauth without emails would let everybody with a Discord account in",
                fix="list them, or use traefik-forward-auth",
                setting="emails",
            )
        return self


class Ingress(Settings):
    """Traefik, and how people sign in to pages."""

    acme: Acme
    sign_in: SignIn
    rate_limit: RateLimit = RateLimit()
    upload_timeout: Duration = Field(
        default="5m", description="longest time for reading one request; replay uploads come over slow lines"
    )
    admin_role: Label = Field(default="admin", description="role of sign_in/roles that opens admin pages")
    pages: dict[Label, Label] = Field(
        default_factory=dict,
        description="admin pages at another label than their own name, such as rabbitmq: management for management.admin.<domain>; "
        "with auth, the redirect of the Discord application changes too",
    )
    trusted_origins: tuple[HostName, ...] = Field(
        default=(), strict=False, description="further hosts whose pages may show ours in a frame"
    )
