"""One stack of services, synthesized, and the engine it is meant for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layers.loading import load_environment
from layers.settings.environment import Environment
from ops.errors import OpsError
from ops.paths import stack_folder
from ops.report.inventory import Inventory, from_synthesis
from ops.swarm import Swarm, connected
from ops.synthesis import synthesize
from ops.terraform import Terraform
from ops.watch import Watch


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a command works on."""

    settings: Environment
    document: Mapping[str, Any]
    folder: Path

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.settings.name

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.settings.services_stack

    @property
    def wanted(self) -> Inventory:
        """What the synthesized JSON asks for."""
        return from_synthesis(self.document)

    @property
    def terraform(self) -> Terraform:
        """Terraform in the stack's folder."""
        return Terraform(self.folder)

    @property
    def is_here(self) -> bool:
        """Whether the engine is this machine's own."""
        return self.settings.engine.host.startswith("unix://")

    @property
    def builds_images(self) -> bool:
        """Whether its images are built on this machine."""
        return self.settings.images.source == "packages"

    @property
    def state_file(self) -> Path | None:
        """The file that holds the state; none when it is kept elsewhere."""
        local = self.document.get("terraform", {}).get("backend", {}).get("local")
        return (self.folder / str(local["path"])).resolve() if local else None

    def swarm(self) -> AbstractContextManager[Swarm]:
        """A connection to its engine."""
        return connected(self.settings.engine.host, self.settings.engine.ssh_options)

    def watch(self) -> Watch:
        """A watch over its tasks."""
        return Watch(self.settings.engine.host, self.settings.engine.ssh_options)


def target_of(environment: str, *, off: bool = False) -> Target:
    """Synthesizes an environment and picks its stack of services.

    Args:
        off: everything left out but data and generated secrets.
    """
    settings = load_environment(environment)
    synthesized = synthesize(environment, off=off)
    document = synthesized.stacks.get(settings.services_stack)
    if document is None:
        raise OpsError(f"main.py wrote no stack {settings.services_stack} for {environment}")
    return Target(
        settings=settings, document=document, folder=stack_folder(settings.services_stack, synthesized.out)
    )
