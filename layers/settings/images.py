"""Where images come from."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..errors import SettingsError
from .form import Form, shown
from .model import Settings


def _familiar(name: str) -> str:
    """The spelling that the engine gives back; with another, every plan would differ."""
    name = name.strip().removeprefix("https://").removeprefix("index.").removeprefix("docker.io/")
    official = name.removeprefix("library/")
    return name if "/" in official else official


def _check_name(name: str) -> str:
    if _familiar(name) != name:
        raise SettingsError.of(
            f"{shown(name)} is not how the engine spells the image, and every plan would differ",
            fix=f"write {_familiar(name)}",
        )
    return name


ImageName = Annotated[
    str,
    Form(
        what="the name of an image",
        pattern=r"(?:https://)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::[0-9]+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*",
        longest=255,
        allowed="registry, path and name in lower case; tag and digest have keys of their own",
        example="ghcr.io/sprocketbot/core",
        corrected=lambda text: text.split("@", 1)[0].lower(),
    ),
    AfterValidator(_check_name),
]
ImageTag = Annotated[
    str,
    Form(
        what="a tag",
        pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}",
        allowed="at most 128 letters, digits, . _ and -, in quotes where it looks like a number",
        example='"1.0"',
    ),
]
ImageDigest = Annotated[
    str,
    Form(
        what="a digest",
        pattern=r"sha256:[0-9a-f]{64}|unresolved",
        allowed="sha256: and 64 hex digits in lower case, or unresolved for one that nobody looked up yet",
        example="unresolved",
        corrected=lambda text: text.strip().lower() if ":" in text else f"sha256:{text.strip().lower()}",
        otherwise="copy it again, or let python -m ops images resolve look it up",
    ),
]


class ImagePin(Settings):
    """One image of one service, in place of the source's."""

    name: ImageName
    tag: ImageTag
    digest: ImageDigest = "unresolved"


class Images(Settings):
    """One source per environment; never a guess about what can be reached."""

    source: Literal["lock", "packages"] = Field(
        description="lock: images.lock.yaml; packages: built on this machine by `python -m images`, digests in images.packages.lock.yaml"
    )
    overrides: dict[str, ImagePin] = Field(
        default_factory=dict, description="single services, by service name"
    )
