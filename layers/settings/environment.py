"""One environment: everything in which it differs from the others."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..errors import Problem, SettingsError
from ..names import S3_BUCKET
from ..stores import STORES
from .backups import Backups
from .cloud import Cloud
from .cloud_rules import check_cloud
from .data import Data
from .form import Form, did_you_mean
from .host import NOBODYS
from .images import Images
from .ingress import Ingress
from .model import EnvironmentName, HostName, Label, Settings
from .nodes import Engine, NodePool, Stores
from .platform import Platform
from .resources import ShareChange

ADMIN = "admin"
"""The label that all admin pages are below, and nothing else: their cookie goes to every host there."""


class Secrets(Settings):
    """Who owns the values that Terraform does not make by itself."""

    supplied: Literal["variables", "generated"] = Field(
        description="variables: given as TF_VAR_...; generated: random, for environments whose outside world is simulated"
    )


class State(Settings):
    """Where Terraform keeps the state of this environment's stacks; it holds secrets."""

    backend: Literal["local", "spaces"]
    bucket: Annotated[str, Form.of(S3_BUCKET, what="a bucket name", example="sprocket-state")] | None = None
    endpoint: HostName | None = None

    @model_validator(mode="after")
    def _spaces_is_complete(self) -> "State":
        if self.backend == "spaces" and not (self.bucket and self.endpoint):
            raise SettingsError.of("spaces needs bucket and endpoint", fix="set both or use local")
        return self


class Environment(Settings):
    """The file ``environments/<name>.yaml``."""

    name: Annotated[str, EnvironmentName] = Field(description="taken from the file's name")
    like: str | None = Field(
        default=None,
        description="an environment to start from. Mappings are merged key by key, at every depth; a list or a single "
        "value replaces the other's; null takes the other's key away",
    )
    domain: HostName = Field(description="admin pages are at <page>.admin.<domain>")
    state: State
    engine: Engine
    images: Images
    secrets: Secrets
    nodes: dict[Label, NodePool] = Field(min_length=1)
    stores: Stores
    resources_table: Label = Field(
        description="file in environments/resources/ with limits and reservations of every service"
    )
    resources: dict[str, ShareChange] = Field(
        default_factory=dict,
        description="exceptions from the table, by service name; merged key by key: what is not given stays",
    )
    ingress: Ingress
    data: Data
    backups: Backups
    platform: Platform
    cloud: Cloud | None = Field(
        default=None, description="what is ordered from DigitalOcean; without it the nodes are there already"
    )
    budget: float | None = Field(
        default=None,
        gt=0,
        le=100_000,
        description="US dollars a month that the cloud may cost by list price; above it `python -m ops cost` exits with 1. "
        "Default: no bound",
    )

    @property
    def cloud_stack(self) -> str:
        """Name of the stack with the nodes and all that they stand on; there is one where `cloud` is set."""
        return f"{self.name}-cloud"

    @property
    def services_stack(self) -> str:
        """Name of the stack with the three layers."""
        return f"{self.name}-services"

    @property
    def is_simulated(self) -> bool:
        """Whether its outside world is simulated: its domain is one that public DNS never has."""
        return self.domain.rsplit(".", 1)[-1] in NOBODYS

    @property
    def pages_domain(self) -> str:
        """What admin pages are below, the page that people sign in at among them; the domain of the sign-in's cookie."""
        return f"{ADMIN}.{self.domain}"

    @property
    def sign_in_cookie(self) -> str:
        """Name of the cookie that says who is signed in, another one in each environment."""
        return f"_sprocket_{self.name}_admin"

    def page_host(self, page: str) -> str:
        """The host of an admin page, by the page's name, such as ``grafana``."""
        return f"{self.ingress.pages.get(page, page)}.{self.pages_domain}"

    @property
    def fake_discord_host(self) -> str:
        """Where the fake Discord answers, if there is one. It is public, so it is no admin page."""
        return f"discord.{self.domain}"

    @property
    def node_count(self) -> int:
        """Nodes in all pools."""
        return sum(pool.count for pool in self.nodes.values())

    @property
    def known_hosts(self) -> str:
        """File with the managers' host key, from the repository's root.

        Committed, unless the state is this machine's own: then the nodes are too.
        """
        folder = ".sprocket" if self.state.backend == "local" else "environments"
        return f"{folder}/known_hosts/{self.name}"

    def ssh_options(self, root: str) -> tuple[str, ...]:
        """Arguments for ssh to the manager, one word each: its pinned host key and no other, no question asked.

        Args:
            root: the repository as the caller of ssh sees it, such as ``../../..`` from a stack's folder.
        """
        if self.engine.ssh_options or self.cloud is None:
            return self.engine.ssh_options
        settings = (
            "BatchMode=yes",
            # Terraform opens many connections at once; a shared one would end with the first that closes it.
            "ControlMaster=no",
            "ControlPath=none",
            "ServerAliveInterval=15",
        )
        return (*self.pinned_host_key(root), *_options(settings))

    def pinned_host_key(self, root: str) -> tuple[str, ...]:
        """Of these arguments those that somebody needs who types the command.

        Args:
            root: as above; ``.`` for who is in the repository's folder.
        """
        if self.engine.ssh_options or self.cloud is None:
            return self.engine.ssh_options
        return _options(
            (
                f"UserKnownHostsFile={PurePosixPath(root, self.known_hosts)}",
                "GlobalKnownHostsFile=/dev/null",
                "StrictHostKeyChecking=yes",
                "HostKeyAlgorithms=ssh-ed25519",
            )
        )

    @property
    def store_names(self) -> tuple[str, ...]:
        """Everything that keeps data in a directory of its own on a node."""
        several = len(self.platform.instances) > 1
        present = {
            "redis": True,
            "rabbitmq": True,
            "postgres": self.data.postgres.where == "swarm",
            "minio": self.data.object_storage.kind == "minio",
            "influxdb": True,
            "grafana": self.data.grafana.database == "volume",
            "loki": True,
            "letsencrypt": True,
            "backup-store": self.backups.where == "swarm",
        }
        graphs = (
            f"{name}-{store}" if several else store
            for name, instance in self.platform.instances.items()
            if instance.elo
            for store in ("dgraph-zero", "dgraph-alpha")
        )
        # Besides the platform's own: what has a volume ordered for it.
        ordered = self.cloud.volumes if self.cloud else {}
        further = (store for store in ordered if store in STORES and store not in present)
        return (*(store for store, is_there in present.items() if is_there), *graphs, *further)

    @model_validator(mode="after")
    def _admin_role_exists(self) -> "Environment":
        roles = self.ingress.sign_in.roles
        if self.ingress.admin_role not in roles:
            raise SettingsError.of(
                f"ingress/admin_role is {self.ingress.admin_role!r} but ingress/sign_in/roles has {', '.join(sorted(roles))}",
                fix="use one of those or add it",
                setting="ingress/admin_role",
            )
        return self

    @model_validator(mode="after")
    def _fake_sign_in_is_in_a_simulated_world(self) -> "Environment":
        if self.ingress.sign_in.provider != "fake":
            return self
        problem = fix = ""
        if not self.is_simulated:
            problem = f"is fake, which lets everybody in as admin, and {self.domain} is public"
            fix = f"use discord; fake is for domains that end in {', '.join(f'.{name}' for name in NOBODYS)}"
        elif self.images.source == "lock" and "fake-discord" not in self.images.overrides:
            problem = "is fake, whose image comes from packages only, and images/source is lock"
            fix = (
                "use discord, or images/source packages, or name an image under images/overrides/fake-discord"
            )
        if problem:
            raise SettingsError.of(problem, fix=fix, setting="ingress/sign_in/provider")
        return self

    @model_validator(mode="after")
    def _storage_labels_exist(self) -> "Environment":
        if self.stores.kind == "volume":
            return self
        have = {pool.labels.get("storage") for pool in self.nodes.values()} - {None}
        for label in {self.stores.label, *self.stores.labels.values()}:
            if label not in have:
                raise SettingsError.of(
                    f"stores wants label storage={label}, which no pool of nodes carries",
                    fix="add it under nodes/<pool>/labels",
                    setting="stores",
                )
        return self

    @model_validator(mode="after")
    def _labelled_stores_exist(self) -> "Environment":
        known = self.store_names
        unknown = (store for store in self.stores.labels if store not in known)
        problems = [
            Problem(
                problem="no service of the environment stores anything under that name",
                allowed=f"stores here are {', '.join(known)}",
                fix=did_you_mean(store, known, otherwise="remove it"),
                setting=f"stores/labels/{store}",
            )
            for store in unknown
        ]
        if problems:
            raise SettingsError(*problems)
        return self

    @model_validator(mode="after")
    def _cloud_fits(self) -> "Environment":
        check_cloud(self)
        return self


def _options(settings: Iterable[str]) -> tuple[str, ...]:
    """As arguments of ssh."""
    return tuple(word for setting in settings for word in ("-o", setting))
