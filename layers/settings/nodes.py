"""The nodes that the services run on."""

from typing import Literal

from pydantic import Field, model_validator
from sprocket_constructs import mebibytes
from sprocket_constructs import size as bytes_of

from ..errors import SettingsError
from .digitalocean import DropletSizeSlug, droplet_sizes
from .engine_host import EngineHost
from .model import Label, Settings, Size


class NodePool(Settings):
    """Nodes of one kind."""

    count: int = Field(default=1, ge=1, le=20, description="how many nodes")
    role: Literal["manager", "worker"] = Field(default="manager", description="part in the swarm")
    cpus: int = Field(ge=1, le=512, description="cores of one node")
    memory: Size = Field(description="memory of one node")
    headroom: Size = Field(
        default="2.5GiB", description="memory that services may not reserve: system, engine, page cache"
    )
    labels: dict[Label, str] = Field(
        default_factory=dict,
        description="labels that managers set on the nodes, which services are placed by",
    )
    size: DropletSizeSlug | None = Field(
        default=None, description="size of the droplets to order, such as s-4vcpu-8gb; where there is a cloud"
    )

    @model_validator(mode="after")
    def _is_what_is_ordered(self) -> "NodePool":
        if self.size is None:
            return self
        ordered = droplet_sizes()[self.size]
        memory = ordered.memory * 2**20
        if (ordered.cpus, memory) != (self.cpus, bytes_of(self.memory)):
            raise SettingsError.of(
                f"size {self.size} has {ordered.cpus} cores and {mebibytes(memory)}, "
                f"but cpus and memory say {self.cpus} and {self.memory}",
                fix=f"write cpus: {ordered.cpus} and memory: {mebibytes(memory)}, or order another size",
            )
        return self


class Engine(Settings):
    """How Terraform reaches the swarm's manager. Known at synth: never the attribute of a droplet."""

    host: EngineHost = Field(description="unix:///var/run/docker.sock or ssh://user@host")
    ssh_options: tuple[str, ...] = Field(
        default=(), strict=False, description="arguments for ssh, one word each"
    )
    socket_group: int | None = Field(
        default=None,
        ge=1,
        le=4294967294,
        description="number of the group that owns docker.sock on managers; without it what asks the engine runs as root",
    )

    @property
    def is_here(self) -> bool:
        """Whether it is this machine's own."""
        return self.host.startswith("unix://")


class Stores(Settings):
    """Where stores keep their data."""

    kind: Literal["volume", "directory"] = Field(
        description="named volumes of one engine, or directories on block volumes of a node"
    )
    label: Label = Field(
        default="main", description="label storage=<label> of the node that holds the stores"
    )
    labels: dict[str, Label] = Field(
        default_factory=dict, description="the same for single stores, to spread them"
    )

    def label_of(self, store: str) -> str:
        """The storage label of the node that holds a store."""
        return self.labels.get(store, self.label)
