"""A Discord inside the swarm, for machines without an account there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sprocket_constructs import (
    Access,
    Construct,
    Gateway,
    HealthCheck,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from ..rendering import to_yaml
from ..secrets import PlatformSecrets
from ..site import Site
from .discord import Discord


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who can sign in: the ids of their roles in the guild, ``None`` for people outside of it."""

    name: str
    roles: tuple[str, ...] | None


def people(roles: Mapping[str, tuple[str, ...]]) -> list[Person]:
    """One person per role, and those whom no page may let in.

    The role of ``another_role`` begins like that of the first: only a comparison of whole ids tells them apart.
    """
    holders = [Person(name=role, roles=(ids[0],)) for role, ids in roles.items()]
    first = next(iter(roles.values()))[0]
    return [
        *holders,
        # No role can have a name with an underscore.
        Person(name="without_role", roles=()),
        Person(name="not_a_member", roles=None),
        Person(name="another_role", roles=(f"{first}0",)),
    ]


class FakeDiscord(Construct):
    """Signs in by a button per person, without a password; see :func:`people`.

    It runs on a developer's machine. Its image comes from packages only, so it cannot get into an environment
    whose images come from the lock.

    Args:
        callback: where the sign-in wants people back; any other address is refused, as Discord does.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        secrets: PlatformSecrets,
        gateway: Gateway,
        callback: str,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self.service = SwarmService(
            self,
            "fake-discord",
            image=site.image("fake-discord"),
            listens={"http": 8080},
            health=HealthCheck.http(8080, "/healthz"),
            resources=site.resources("fake-discord"),
            # Codes and tokens are in its memory.
            update=UpdatePolicy.stop_first(),
        )
        content = to_yaml(
            self._content(str(secrets.discord_sign_in_secret), callback),
            comment="The people of the fake Discord.",
        )
        config = SwarmSecret(self, "config", name="fake-discord-config", content=content)
        self.service.reads(config, at="/etc/fake-discord/config.yaml")
        self._address = self.service.expose_via(
            gateway,
            host=site.settings.fake_discord_host,
            access=Access.public(because="browsers come here to choose who signs in; it holds no data"),
        )

    def seen_by(self, client: SwarmService) -> Discord:
        """Its addresses, once the client is connected: the page from outside, the rest on their network."""
        inside = client.connect_to(self.service)
        return Discord(
            authorize=f"{self._address}/oauth2/authorize",
            token=f"http://{inside}/api/oauth2/token",
            api=f"http://{inside}/api/v10",
        )

    def _content(self, client_secret: str, callback: str) -> Mapping[str, Any]:
        settings = self._site.settings.ingress.sign_in
        return {
            "clients": [{"id": settings.client_id, "secret": client_secret, "redirect_uris": [callback]}],
            "guild": settings.guild,
            "users": [
                {
                    "id": f"30000000000000{number:04}",
                    "username": person.name,
                    "roles": None if person.roles is None else list(person.roles),
                }
                for number, person in enumerate(people(self._site.roles), start=1)
            ],
        }
