"""What a layer needs to know of its environment, without knowing which one it is."""

from collections.abc import Mapping
from pathlib import Path

from sprocket_constructs import (
    Construct,
    Image,
    LocalVolume,
    NodeDirectory,
    NodeSelector,
    Resources,
    Scale,
    Storage,
)

from .errors import SettingsError
from .images import ImageCatalog
from .loading import load_resources
from .settings.environment import Environment


class Site:
    """The settings of one environment with its images and its budget."""

    def __init__(self, settings: Environment, *, images: ImageCatalog | None = None) -> None:
        self.settings = settings
        self._images = images or ImageCatalog(settings)
        self._shares = {**load_resources(settings.resources_table), **settings.resources}

    def image(self, name: str, *, instance: str | None = None) -> Image:
        """The pinned image of that name in the lock."""
        return self._images.image(name, instance=instance)

    def find_image(self, name: str, *, instance: str | None = None) -> Image | None:
        """The same, or nothing where neither the lock nor an override of the environment has it."""
        return self._images.find(name, instance=instance)

    def beside_image_lock(self, name: str) -> Path:
        """A file that is written together with the lock of images."""
        return self._images.file.with_name(name)

    def resources(self, service: str) -> Resources:
        """Limits and reservations of that service; the name without the instance."""
        share = self._shares.get(service)
        if share is None:
            raise SettingsError(
                f"resources/{self.settings.resources_table}.yaml: {service}: is missing; every service needs limits and reservations, add it"
            )
        return share.resources()

    def storage(self, scope: Construct, store: str) -> Storage:
        """The place for a store's data: a named volume, or its directory on the node that has its block volume."""
        if self.settings.stores.kind == "volume":
            return LocalVolume(scope, "data", name=f"sprocket-{store}", held_by=NodeSelector.managers())
        label = self.settings.stores.label_of(store)
        return NodeDirectory(path=f"/mnt/{store}/data", held_by=NodeSelector.engine_label("storage", label))

    def one_per_node(self) -> Scale:
        """A task on every node."""
        return Scale.one_per_node(nodes=self.settings.node_count)

    def host(self, page: str) -> str:
        """The address of an admin page."""
        return f"{page}.{self.settings.domain}"

    @property
    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """Discord role ids by the role's name."""
        return self.settings.ingress.sign_in.roles
