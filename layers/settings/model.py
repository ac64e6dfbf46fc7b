"""What all settings have in common."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sprocket_constructs import duration, mebibytes, seconds, size

from ..errors import SettingsError
from ..names import POSTGRES_NAME
from .form import Form, dashed, shown
from .host import HostName

__all__ = [
    "DatabaseName",
    "Duration",
    "Email",
    "EnvironmentName",
    "HostName",
    "Label",
    "Port",
    "Settings",
    "Size",
    "Snowflake",
]

LONGEST_DURATION = "720h"
LARGEST_SIZE = "65536GiB"


class Settings(BaseModel):
    """A part of an environment file: immutable, unknown keys refused, no silent conversion of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _duration(text: str) -> str:
    allowed = "write hours, minutes and seconds with their unit"
    try:
        length = seconds(text) if len(text) < 20 else None
    except ValueError:
        length = None
    if length is None:
        raise SettingsError.of(
            f"duration {shown(text)} is not understood", allowed=allowed, fix="use one such as 90s or 1m30s"
        )
    if not 1 <= length <= seconds(LONGEST_DURATION):
        raise SettingsError.of(
            f"duration {text} is out of range", allowed=allowed, fix=f"use 1s to {LONGEST_DURATION}"
        )
    return duration(text)


def _size(text: str) -> str:
    try:
        count = size(text) if len(text) < 20 else None
    except ValueError:
        count = None
    if count is None:
        raise SettingsError.of(
            f"size {shown(text)} is not understood",
            fix=f"write it with KiB, MiB or GiB, such as {_probable_size(text)}",
        )
    if count > size(LARGEST_SIZE):
        raise SettingsError.of(f"size {text} is out of range", fix=f"use at most {LARGEST_SIZE}")
    return text


def _probable_size(text: str) -> str:
    """The size in binary units, of one that was written in others or without the second letter."""
    match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d{1,3})?)\s*([kmg])(i?b)?\s*", text.lower())
    return f"{match[1]}{match[2].upper()}iB" if match else mebibytes(512 * 2**20)


Duration = Annotated[str, AfterValidator(_duration)]
"""Such as ``90s`` or ``1m30s``."""

Size = Annotated[str, AfterValidator(_size)]
"""Such as ``512MiB``; binary units only."""

Label = Annotated[
    str,
    Form(
        what="a name that DNS and Docker take",
        pattern=r"[a-z0-9]([a-z0-9-]*[a-z0-9])?",
        longest=40,
        allowed="at most 40 of a-z, 0-9 and -, no dash first or last",
        example="main",
        corrected=dashed,
    ),
]
"""One DNS label: what becomes part of service, network and host names."""

EnvironmentName = Form(
    what="the name of an environment",
    pattern=r"(?!all$)[a-z]([a-z0-9-]*[a-z0-9])?",
    longest=30,
    allowed="at most 30 of a-z, 0-9 and -, a letter first, no dash last: it is part of the names of droplets, volumes and "
    "hosts; and not all, which stands for every environment",
    example="staging",
    corrected=dashed,
)
"""DigitalOcean's volumes begin with a letter and have at most 64 characters, of which the store's name needs half."""

DatabaseName = Annotated[str, Form.of(POSTGRES_NAME, what="a name for Postgres", example="sprocket_main")]

Email = Annotated[
    str,
    Form(
        what="a mail address",
        pattern=r"[^@\s,]+@[^@\s,]+",
        allowed="one address, with one @ and no space",
        example="admin@example.com",
    ),
]

Port = Annotated[int, Field(ge=1, le=65535)]

Snowflake = Annotated[
    str,
    Form(
        what="an id of Discord",
        pattern=r"[0-9]{15,20}",
        allowed="15 to 20 digits in quotes (in Discord: developer mode, then copy id)",
        example='"100000000000000001"',
        corrected=str.strip,
    ),
]
"""Discord's ids: digits in quotes. A number would be rounded wherever JSON is read into floating point: above 2^53."""
