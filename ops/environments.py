"""Whether every environment can be synthesized, and what keeps it from being deployed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from layers.errors import SettingsError
from layers.loading import environment_names, load_environment
from ops import preflight
from ops.errors import OpsError
from ops.report.inventory import from_synthesis
from ops.synthesis import synthesize


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One environment: an error, or how many services it has and what a deploy would refuse."""

    environment: str
    error: str = ""
    services: int = 0
    notes: tuple[str, ...] = ()


def check_all(say: Callable[[str], None]) -> Iterator[Checked]:
    """Checks every environment."""
    for name in environment_names():
        say(f"checking {name}")
        yield check(name)


def check(environment: str) -> Checked:
    """Synthesizes an environment elsewhere than in cdktf.out, and looks for what deploy refuses."""
    try:
        settings = load_environment(environment)
        with tempfile.TemporaryDirectory(prefix="sprocket-check-") as folder:
            stacks = synthesize(environment, out=Path(folder) / "cdktf.out").stacks
    except (OpsError, SettingsError) as error:
        return Checked(environment=environment, error=str(error))
    inventory = from_synthesis(stacks[settings.services_stack])
    notes = [] if settings.images.source == "packages" else [o.what for o in preflight.unresolved(inventory)]
    return Checked(
        environment=environment, services=len(inventory.of_type("docker_service")), notes=tuple(notes)
    )
