"""What all settings have in common."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sprocket_constructs import duration, size


class Settings(BaseModel):
    """A part of an environment file: immutable, unknown keys refused, no silent conversion of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _duration(text: str) -> str:
    return duration(text)


def _size(text: str) -> str:
    size(text)
    return text


Duration = Annotated[str, AfterValidator(_duration)]
"""Such as ``90s`` or ``1m30s``."""

Size = Annotated[str, AfterValidator(_size)]
"""Such as ``512MiB``; binary units only."""

HostName = Annotated[
    str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$", max_length=253)
]
"""A DNS name of at least two labels, lower case (a cookie for one label would be refused by browsers)."""

Label = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=40)]
"""One DNS label: what becomes part of service, network and host names."""

Port = Annotated[int, Field(ge=1, le=65535)]

Snowflake = Annotated[str, Field(pattern=r"^[0-9]{15,20}$")]
"""Discord's ids: 15 to 20 digits, quoted in YAML because a number would lose its last digits."""
