"""Where images come from."""

from typing import Literal

from pydantic import Field

from .model import Settings


class ImagePin(Settings):
    """One image of one service, in place of the source's."""

    name: str
    tag: str
    digest: str = "unresolved"


class Images(Settings):
    """One source per environment; never a guess about what can be reached."""

    source: Literal["lock", "packages"] = Field(
        description="lock: images.lock.yaml; packages: built on this machine by `python -m images`, digests in images.packages.lock.yaml"
    )
    overrides: dict[str, ImagePin] = Field(
        default_factory=dict, description="single services, by service name"
    )
