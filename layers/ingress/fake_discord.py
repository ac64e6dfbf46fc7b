"""A Discord inside the swarm, for machines without an account there."""

from collections.abc import Iterator, Mapping
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


class FakeDiscord(Construct):
    """Signs in by a button per person, without a password: one person per role, one without, one from outside.

    It stands on the machine of whoever develops. Its image comes from packages only, so it cannot get into an environment
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
            host=site.host("discord"),
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
            "users": list(self._people()),
        }

    def _people(self) -> Iterator[Mapping[str, Any]]:
        # No role can have a name with an underscore.
        people: dict[str, list[str] | None] = {role: [ids[0]] for role, ids in self._site.roles.items()}
        people |= {"without_role": [], "not_a_member": None}
        for number, (name, roles) in enumerate(people.items(), start=1):
            yield {"id": f"30000000000000{number:04}", "username": name, "roles": roles}
