"""The platform layer: one instance of the application for each that the environment names."""

from __future__ import annotations

from sprocket_constructs import Construct

from ..data.layer import DataLayer
from ..ingress.layer import IngressLayer
from ..secrets import PlatformSecrets
from ..site import Site
from .identity import identities_of
from .instance import Instance
from .lines import builder_of


class PlatformLayer(Construct):
    """All instances of the application, kept apart.

    Args:
        secrets: of the stores that all instances share.
        ingress: the gateway that web and API answer through.
        data: the stores that every instance has its own part of.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        secrets: PlatformSecrets,
        ingress: IngressLayer,
        data: DataLayer,
    ) -> None:
        super().__init__(scope, id_)
        build = builder_of(site.settings.platform.line, environment=site.settings.name)
        self.instances: dict[str, Instance] = {}
        for identity in identities_of(site.settings):
            instance = Instance(
                self, identity.name, identity=identity, site=site, shared=secrets, ingress=ingress, data=data
            )
            build(instance)
            self.instances[identity.name] = instance
