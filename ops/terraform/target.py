"""One stack of an environment, synthesized: where Terraform runs for it, and the engine its services are meant for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from layers.loading import load_environment
from layers.settings.environment import Environment
from ops.errors import OpsError, WrongUse
from ops.model.inventory import Inventory, from_synthesis
from ops.paths import ROOT, stack_folder
from ops.ssh import Ssh
from ops.swarm.engine import Swarm, connected
from ops.swarm.tasks import TaskWatch
from ops.terraform.runner import Terraform
from ops.terraform.synth import Synthesized, synthesize


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a command works on.

    Args:
        variables: values of Terraform variables that come from another stack's outputs.
    """

    settings: Environment
    stack: str
    document: Mapping[str, Any]
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.settings.name

    @property
    def is_cloud(self) -> bool:
        """Whether this is the stack of what the services run on."""
        return self.stack != self.settings.services_stack

    @property
    def wanted(self) -> Inventory:
        """What the synthesized JSON asks for."""
        return from_synthesis(self.document)

    @property
    def terraform(self) -> Terraform:
        """Terraform in the stack's folder."""
        return Terraform(self.folder, self.variables)

    @property
    def is_here(self) -> bool:
        """Whether the engine is this machine's own."""
        return self.settings.engine.is_here

    @property
    def builds_images(self) -> bool:
        """Whether its images are built on this machine."""
        return self.settings.images.source == "packages"

    @property
    def state_file(self) -> Path | None:
        """The file that holds the state; none when it is kept elsewhere."""
        local = self.document.get("terraform", {}).get("backend", {}).get("local")
        return (self.folder / str(local["path"])).resolve() if local else None

    @property
    def ssh_options(self) -> tuple[str, ...]:
        """What Terraform's docker provider gives to ssh: the same for everything that reaches the engine."""
        return self.settings.ssh_options(str(ROOT))

    @property
    def manager(self) -> Ssh:
        """The host that the engine is reached at."""
        return Ssh.to(self.settings.engine.host, self.ssh_options)

    def swarm(self) -> AbstractContextManager[Swarm]:
        """A connection to its engine."""
        return connected(self.settings.engine.host, self.ssh_options)

    def watch(self) -> TaskWatch:
        """A watch over its tasks."""
        return TaskWatch(self.settings.engine.host, self.ssh_options)

    def given(self, variables: Mapping[str, str]) -> Target:
        """The same with more values of variables."""
        return replace(self, variables={**self.variables, **variables})


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Both stacks of an environment; one on this machine has no cloud."""

    cloud: Target | None
    services: Target

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.services.name

    @property
    def all(self) -> tuple[Target, ...]:
        """In the order in which they are deployed."""
        return (self.cloud, self.services) if self.cloud else (self.services,)

    def needed_cloud(self, why: str) -> Target:
        """The cloud stack, for a command that makes no sense without one."""
        if self.cloud is None:
            raise WrongUse(
                f"{self.name} has no cloud: {why}",
                fix=f"choose an environment whose file has the key cloud, or add it to environments/{self.name}.yaml",
            )
        return self.cloud


def targets_of(environment: str, *, off: bool = False) -> Targets:
    """Synthesizes an environment.

    Args:
        off: of the services, everything left out but data and generated secrets.
    """
    return targets_in(load_environment(environment), synthesize(environment, off=off))


def targets_in(settings: Environment, synthesized: Synthesized) -> Targets:
    """The stacks that main.py wrote for an environment."""

    def target(stack: str) -> Target | None:
        document = synthesized.stacks.get(stack)
        if document is None:
            return None
        folder = stack_folder(stack, synthesized.out)
        return Target(settings=settings, stack=stack, document=document, folder=folder)

    services = target(settings.services_stack)
    if services is None:
        raise OpsError(f"main.py wrote no stack {settings.services_stack} for {settings.name}")
    return Targets(cloud=target(settings.cloud_stack), services=services)


def target_of(environment: str, *, off: bool = False) -> Target:
    """Synthesizes an environment and picks its stack of services."""
    return targets_of(environment, off=off).services
