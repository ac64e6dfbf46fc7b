"""One environment: everything in which it differs from the others."""

from typing import Literal

from pydantic import Field, model_validator

from .data import Data
from .images import Images
from .ingress import Ingress
from .model import HostName, Settings
from .nodes import Engine, NodePool, Stores
from .platform import Platform
from .resources import Share


class Secrets(Settings):
    """Who owns the values that Terraform does not make by itself."""

    supplied: Literal["variables", "generated"] = Field(
        description="variables: given as TF_VAR_...; generated: random, for environments whose outside world is simulated"
    )


class State(Settings):
    """Where Terraform keeps the state of this environment's stacks; it holds secrets."""

    backend: Literal["local", "spaces"]
    bucket: str | None = None
    endpoint: HostName | None = None

    @model_validator(mode="after")
    def _spaces_is_complete(self) -> "State":
        if self.backend == "spaces" and not (self.bucket and self.endpoint):
            raise ValueError("spaces needs bucket and endpoint; set both or use local")
        return self


class Environment(Settings):
    """The file ``environments/<name>.yaml``."""

    name: str = Field(description="taken from the file's name")
    domain: HostName = Field(description="admin pages are at <page>.<domain>")
    state: State
    engine: Engine
    images: Images
    secrets: Secrets
    nodes: dict[str, NodePool] = Field(min_length=1)
    stores: Stores
    resources_table: str = Field(
        description="file in environments/resources/ with limits and reservations of every service"
    )
    resources: dict[str, Share] = Field(
        default_factory=dict, description="exceptions from the table, by service name"
    )
    ingress: Ingress
    data: Data
    platform: Platform

    @property
    def services_stack(self) -> str:
        """Name of the stack with the three layers."""
        return f"{self.name}-services"

    @property
    def node_count(self) -> int:
        """Nodes in all pools."""
        return sum(pool.count for pool in self.nodes.values())

    @model_validator(mode="after")
    def _admin_role_exists(self) -> "Environment":
        roles = self.ingress.sign_in.roles
        if self.ingress.admin_role not in roles:
            raise ValueError(
                f"ingress/admin_role is {self.ingress.admin_role!r} but ingress/sign_in/roles has {', '.join(sorted(roles))}; use one of those or add it"
            )
        return self

    @model_validator(mode="after")
    def _storage_labels_exist(self) -> "Environment":
        if self.stores.kind == "volume":
            return self
        have = {pool.labels.get("storage") for pool in self.nodes.values()} - {None}
        for label in {self.stores.label, *self.stores.labels.values()}:
            if label not in have:
                raise ValueError(
                    f"stores wants engine label storage={label}, which no pool of nodes carries; add it under nodes/<pool>/labels"
                )
        return self
