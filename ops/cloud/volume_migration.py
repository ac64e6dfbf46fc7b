"""Stores that move to another node: their volumes are detached before anything else is applied."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from layers.cloud.nodes import volume_name
from layers.settings.environment import Environment
from ops.cloud.client import Client
from ops.errors import Obstacle, OpsError, Refused, WrongUse
from ops.guard.droplets import MOVE
from ops.model.detachments import Detachment, detachments
from ops.terraform.apply import new_plan
from ops.terraform.target import Target


def volumes_of(settings: Environment, stores: Collection[str]) -> tuple[str, ...]:
    """Names of the stores' volumes.

    Raises:
        WrongUse: the environment has no volume for one of them.
    """
    have = settings.cloud.volumes if settings.cloud else {}
    unknown = sorted(set(stores) - set(have))
    if unknown:
        raise WrongUse(
            f"--moves {', '.join(unknown)}: {settings.name} has no volume of that store",
            fix=f"there are: {', '.join(sorted(have)) or 'none'}",
        )
    return tuple(volume_name(settings, store) for store in sorted(set(stores)))


def droplets_losing_volumes(
    cloud: Target, volumes: Collection[str], *, parallelism: int, client: Client
) -> list[str]:
    """Terraform addresses of the droplets that lose these volumes; they are applied before all others.

    DigitalOcean attaches a volume to one droplet only, and the provider keeps no order between the one that loses it
    and the one that gets it.

    Raises:
        Refused: such a droplet is not powered off, so that its store may be writing; nothing was changed.
    """
    with new_plan(cloud, False, parallelism) as (_, plan):
        found = [loss for loss in detachments(plan or {}) if loss.volume in volumes]
    obstacles = list(running(found, client))
    if obstacles:
        raise Refused("no volume is moved; nothing was changed", obstacles)
    return sorted({loss.address for loss in found})


def running(found: Sequence[Detachment], client: Client) -> Iterator[Obstacle]:
    """Droplets that would lose a volume while they run."""
    for id_, name in sorted({(loss.droplet_id, loss.droplet) for loss in found}):
        try:
            status = str(client.one(f"droplets/{id_}", "droplet").get("status"))
        except OpsError as error:
            yield Obstacle(what=f"cannot tell whether {name} is off: {error.problem}", fix=error.fix)
            continue
        if status != "off":
            volumes = ", ".join(sorted(loss.volume for loss in found if loss.droplet_id == id_))
            yield Obstacle(
                what=f"{name} is {status}, and its stores may be writing to {volumes}",
                fix=f"stop them and power the droplet off first: {MOVE}",
            )
