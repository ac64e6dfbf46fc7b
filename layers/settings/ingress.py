"""The way in and the sign-in."""

from typing import Annotated, Literal

from pydantic import Field

from .model import HostName, Label, Settings, Snowflake


class Acme(Settings):
    """Where certificates come from."""

    authority: Literal["test", "staging", "production"] = Field(
        description="test: an authority inside the swarm; staging and production: Let's Encrypt (staging outside prod, its limits are high)"
    )
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", description="account that expiry warnings go to")
    challenge: Literal["tls-alpn", "dns"] = Field(
        default="tls-alpn", description="dns: one wildcard certificate by DigitalOcean's DNS"
    )


class RateLimit(Settings):
    """Requests of one client address."""

    average: int = Field(default=50, ge=1, description="per second, sustained")
    burst: int = Field(default=100, ge=1, description="at once")


class SignIn(Settings):
    """Who may see the admin pages: holders of roles in one Discord guild."""

    provider: Literal["discord", "fake"] = Field(
        description="fake: a stand-in inside the swarm, for machines without an account"
    )
    proxy: Literal["traefik-forward-auth", "tinyauth"] = Field(
        default="traefik-forward-auth", description="the program in front of admin pages"
    )
    client_id: str = Field(min_length=1, description="of the Discord application for sign-in; public")
    guild: Snowflake = Field(description="id of the Discord server")
    roles: dict[Label, Annotated[tuple[Snowflake, ...], Field(min_length=1, strict=False)]] = Field(
        min_length=1,
        description="role name used by routes, and the Discord role ids that hold it; none at all would let every member in",
    )
    emails: tuple[str, ...] = Field(
        default=(), strict=False, description="allow-list for tinyauth, which knows no roles"
    )
    session: int = Field(
        default=43200, ge=300, description="seconds until a sign-in ends; a removed role counts from then on"
    )


class Ingress(Settings):
    """Traefik and what stands in front of pages."""

    acme: Acme
    sign_in: SignIn
    rate_limit: RateLimit = RateLimit()
    upload_timeout: str = Field(
        default="5m", description="longest time for reading one request; replay uploads come over slow lines"
    )
    admin_role: Label = Field(default="admin", description="role of sign_in/roles that opens admin pages")
    trusted_origins: tuple[HostName, ...] = Field(
        default=(), strict=False, description="further hosts that may embed or call"
    )
