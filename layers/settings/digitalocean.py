"""What DigitalOcean offers, as its API listed it on a day: regions and droplet sizes."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from ..errors import SettingsError
from .form import nearest, shown

SIZES = Path(__file__).with_name("droplet_sizes.txt")
REGIONS = Path(__file__).with_name("regions.txt")


@dataclass(frozen=True)
class DropletSize:
    """What a droplet of one size has; memory in MiB."""

    cpus: int
    memory: int


def _rows(table: Path) -> list[list[str]]:
    lines = table.read_text(encoding="utf-8").splitlines()
    return [line.split(maxsplit=2) for line in lines if line and not line.startswith("#")]


@cache
def regions() -> dict[str, str]:
    """Names of all regions by their slugs."""
    return {slug: " ".join(name) for slug, *name in _rows(REGIONS)}


@cache
def droplet_sizes() -> dict[str, DropletSize]:
    """All droplet sizes by their slugs."""
    return {slug: DropletSize(int(cpus), int(memory)) for slug, cpus, memory in _rows(SIZES)}


def check_region(slug: str) -> str:
    """The region itself.

    Raises:
        SettingsError: there is none of that slug.
    """
    if slug in regions():
        return slug
    near = nearest(slug, regions())
    raise SettingsError.of(
        f"{shown(slug)} is not a region of DigitalOcean",
        allowed=f"regions are {', '.join(regions())}",
        fix=f"write {near[0]}"
        if near
        else f"use one of those, or add a newer one to layers/settings/{REGIONS.name}",
    )


def check_droplet_size(slug: str) -> str:
    """The size itself.

    Raises:
        SettingsError: there is none of that slug.
    """
    if slug in droplet_sizes():
        return slug
    near = nearest(slug, droplet_sizes(), count=3)
    raise SettingsError.of(
        f"{shown(slug)} is not a droplet size of DigitalOcean",
        allowed="a size is a slug such as s-4vcpu-8gb (`doctl compute size list`)",
        fix=f"use {' or '.join(near)}, or add a newer one to layers/settings/{SIZES.name}"
        if near
        else f"use one of layers/settings/{SIZES.name}, or add a newer one there",
    )


Region = Annotated[str, AfterValidator(check_region)]
DropletSizeSlug = Annotated[str, AfterValidator(check_droplet_size)]
