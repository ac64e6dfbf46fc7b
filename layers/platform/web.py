"""Web: the pages that players use."""

from __future__ import annotations

from typing import Any

from sprocket_constructs import Access, Scale, Stop, SwarmConfig, UpdatePolicy

from ..rendering import to_json
from .core import Core
from .health import accepts_connections
from .instance import Instance
from .node_service import NodeService

PORT = 3000
FOLDER = "/app/clients/web/config"
"""Has the image's defaults; without NODE_CONFIG_DIR nothing in it is found."""

DRAIN = 6
"""Seconds: the proxy asks the swarm every 2 s and applies a change within 2 s, so it has forgotten the task by then."""


class Web(NodeService):
    """Starts its next version before the old one leaves, so that no request fails."""

    def __init__(self, instance: Instance, *, core: Core) -> None:
        super().__init__(
            instance,
            "web",
            program="clients/web/build/index.js",
            listens={"http": PORT},
            health=accepts_connections(PORT),
            exports={"NODE_CONFIG_DIR": FOLDER, "ENV": "production"},
            update=UpdatePolicy.start_first(),
            scale=Scale(replicas=instance.settings.web_replicas),
            stop=Stop(grace="30s"),
            drain=DRAIN,
        )
        self.connect_to(core)
        self._reads_configuration()
        self.expose_via(
            instance.ingress.gateway,
            host=instance.identity.host,
            aliases=instance.identity.aliases,
            access=Access.public(because="the pages of the league; people sign in on them"),
        )
        # Its server side calls the API by the public name, by plain http: this keeps the call inside of the swarm.
        instance.ingress.answers_to(instance.identity.api_host)

    def _reads_configuration(self) -> None:
        name = self.instance.identity.file("web-settings")
        self.reads(
            SwarmConfig(self, "settings", name=name, content=to_json(self._configuration())),
            at=f"{FOLDER}/production.json",
        )
        key = self.instance.secrets.chatwoot_hmac_key
        if key is not None:
            self.reads_value(key, "chatwoot-hmac-key.txt", name="chatwoot-hmac-key")

    def _configuration(self) -> dict[str, Any]:
        """All of ``client`` is sent to browsers. ``gqlUrl`` is a host: the page puts a scheme before it."""
        chatwoot = self.instance.settings.chatwoot
        return {
            "client": {
                "gqlUrl": self.instance.identity.api_host,
                "secure": True,
                "chatwoot": {
                    "enabled": chatwoot is not None,
                    "url": chatwoot.url if chatwoot else "",
                    "websiteToken": chatwoot.website_token if chatwoot else "",
                },
            },
            "server": {},
        }
