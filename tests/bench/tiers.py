"""Fourteen services in three tiers, as the platform has them: three stores, seven services that use those, four that use these.

Each is a real Redis (or what the machine has in its place) that answers at its own port, and is healthy when its servers answer, too. What the
platform's services have is declared here as well: networks, a config, a secret, limits, the health check's default times, update policies, routes.
"""

import json
from collections.abc import Sequence

from sprocket_constructs import (
    Access,
    Construct,
    Gateway,
    GeneratedSecret,
    HealthCheck,
    Image,
    Resources,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    SwarmStack,
    TerraformOutput,
    UpdatePolicy,
)

PREFIX = "sprocket-bench-"
PORT, PASSWORD, CONF = 6379, "/run/secrets/password", "/run/secrets/redis.conf"
WORKERS = ("matchmaking", "notification", "submission", "replays", "images", "analytics")


class Tiers:
    """The declarations; each service knows its servers."""

    def __init__(self, stack: SwarmStack, *, image: Image, version: int) -> None:
        ingress, data, platform = (Construct(stack, layer) for layer in ("ingress", "data", "platform"))
        self._image = image
        self._version = version
        password = GeneratedSecret(data, "password", name=f"{PREFIX}password")
        self._conf = f"save ''\nrequirepass {password}\n"
        self._password = SwarmSecret(data, "password-file", name=f"{PREFIX}password", content=str(password))
        gateway = Gateway(ingress, "gateway", name=f"{PREFIX}edge")
        redis, queue, files = (self._service(data, name) for name in ("redis", "queue", "files"))
        core = self._service(platform, "core", servers=(redis, queue, files))
        for name in WORKERS:
            self._service(platform, name, servers=(redis, queue))
        web = self._service(platform, "web", servers=(core,))
        admin = self._service(platform, "admin", servers=(core,))
        for name, servers in {"bot": (core, queue), "frontend": (core, files)}.items():
            self._service(platform, name, servers=servers)
        addresses = {}
        for page in (web, admin):
            host = f"{page.node.id}.sprocket.localhost"
            page.expose_via(gateway, host=host, access=Access.public(because="a benchmark"))
            addresses[host] = f"{page.name}, public"
        TerraformOutput(stack, "addresses", value=json.dumps(addresses)).override_logical_id("addresses")

    def _service(self, layer: Construct, name: str, *, servers: Sequence[SwarmService] = ()) -> SwarmService:
        update = UpdatePolicy.start_first() if servers else UpdatePolicy.stop_first()
        asked = ["127.0.0.1", *(server.name for server in servers)]
        pings = " && ".join(f"redis-cli -h {host} -p {PORT} ping | grep -q PONG" for host in asked)
        service = SwarmService(
            layer,
            name,
            name=f"{PREFIX}{name}",
            image=self._image,
            health=HealthCheck.shell(f'export REDISCLI_AUTH="$(cat {PASSWORD})"; {pings}'),
            resources=Resources(
                cpu_limit=0.5, memory_limit="64MiB", cpu_reservation=0.01, memory_reservation="16MiB"
            ),
            update=update,
            listens={"redis": PORT},
            command=("redis-server", CONF),
        )
        service.reads(SwarmSecret(service, "conf", name=f"{PREFIX}{name}-conf", content=self._conf), at=CONF)
        service.reads(self._password, at=PASSWORD)
        for server in servers:
            service.connect_to(server)
        if servers:
            text = f"version: {self._version if name == 'web' else 1}\nservers: {', '.join(asked[1:])}\n"
            settings = SwarmConfig(service, "settings", name=f"{PREFIX}{name}-settings", content=text)
            service.reads(settings, at="/etc/settings.yaml")
        return service
