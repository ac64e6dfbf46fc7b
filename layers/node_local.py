"""Named volumes that each node has its own of."""

from sprocket_constructs import Construct, LocalVolume, NodeSelector, SwarmService

from .site import Site


class NodeLocal(Construct):
    """A volume of one name on every node, which the engine makes when the first task wants it.

    For what tasks of one node share, or what may be lost: a socket, positions in logs. Data that must not be lost belongs in a
    store. Terraform declares the volume of the engine it talks to, so that a purge takes it along.
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, site: Site) -> None:
        super().__init__(scope, id_)
        self.name = name
        self._source = name
        if site.settings.stores.kind == "volume":
            self._source = LocalVolume(self, "volume", name=name, held_by=NodeSelector.managers()).source

    def mount(self, service: SwarmService, *, at: str, because: str, read_only: bool = False) -> None:
        """Puts it at a path of a task, on whichever node the task is."""
        service.shares(self._source, at=at, because=because, read_only=read_only)
