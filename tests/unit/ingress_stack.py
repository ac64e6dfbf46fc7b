"""The ingress layer by itself, with pages to route to."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from sprocket_constructs import (
    Access,
    HealthCheck,
    Image,
    Resources,
    SwarmApp,
    SwarmService,
    SwarmStack,
    UpdatePolicy,
)

from layers.backup.backups import Backups
from layers.images import LOCK, ImageCatalog
from layers.ingress.layer import IngressLayer
from layers.secrets import PlatformSecrets
from layers.settings.environment import Environment
from layers.site import Site
from tests.stacks.synthesis import altered, placeholder_lock

ADMIN = "200000000000000001"
"""Id of the admin role in local.yaml."""
DESIGNER = "200000000000000002"


class IngressStack(SwarmStack):
    """A stack with nothing but this layer."""

    def __init__(self, environment: Environment, *, packages_lock: Path | None = None) -> None:
        app = SwarmApp(outdir=tempfile.mkdtemp(prefix="sprocket-ingress-"))
        super().__init__(app, "ingress-alone", docker_host=environment.engine.host)
        catalog = ImageCatalog(environment, lock=LOCK, packages_lock=packages_lock or placeholder_lock())
        self.site = Site(environment, images=catalog)
        secrets = PlatformSecrets(self, "secrets", environment=environment)
        backups = Backups(self, "backups", site=self.site, secrets=secrets)
        self.layer = IngressLayer(self, "ingress", site=self.site, secrets=secrets, backups=backups)

    def page(
        self, name: str, access: Access, *, host: str | None = None, path: str | None = None
    ) -> SwarmService:
        """A service with a page at ``<name>.admin.<domain>`` or at the host given."""
        service = SwarmService(
            self,
            name,
            image=Image(name="page", tag="1"),
            health=HealthCheck.http(3000),
            resources=Resources(
                cpu_limit=1, memory_limit="64MiB", cpu_reservation=0.1, memory_reservation="16MiB"
            ),
            update=UpdatePolicy.start_first(),
            listens={"http": 3000},
        )
        service.expose_via(self.layer.gateway, host=host or self.site.host(name), access=access, path=path)
        return service

    def service(self, name: str) -> SwarmService:
        """The service of that name."""
        return next(service for service in self.services if service.name == name)

    def text(self, service: str, path: str) -> str:
        """What a service reads at a path; secret values as placeholders."""
        return next(mount.file.text for mount in self.service(service).file_mounts if mount.at == path)

    def yaml(self, service: str, path: str) -> Any:
        """The same, parsed."""
        return YAML(typ="safe").load(self.text(service, path))


def ingress(
    name: str = "local",
    change: Callable[[dict[str, Any]], object] = lambda document: None,
    *,
    packages_lock: Path | None = None,
) -> IngressStack:
    """The layer of an environment whose file was changed before it was read."""
    return IngressStack(altered(name, change), packages_lock=packages_lock)


def with_designers(document: dict[str, Any]) -> None:
    """Adds a second role."""
    document["ingress"]["sign_in"]["roles"]["designer"] = [DESIGNER, "200000000000000003"]


def with_tinyauth(document: dict[str, Any]) -> None:
    """The other program in front of admin pages."""
    document["ingress"]["sign_in"] |= {"proxy": "tinyauth", "emails": ["a@example.org", "b@example.org"]}
