"""Where backups go."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..errors import SettingsError
from ..names import S3_BUCKET
from .form import Form
from .model import HostName, Label, Settings


class Backups(Settings):
    """The bucket that encrypted copies of all stores go to, and how long they stay there."""

    where: Literal["swarm", "s3"] = Field(
        description="swarm: an S3 server beside the platform, for environments that may lose everything; "
        "s3: a bucket elsewhere, by the supplied secrets backup-access-key and backup-secret-key"
    )
    endpoint: HostName | None = Field(
        default=None, description="of the S3 API, such as nyc3.digitaloceanspaces.com"
    )
    bucket: Annotated[str, Form.of(S3_BUCKET, what="a bucket name", example="sprocket-backups")] | None = None
    region: Label = Field(default="us-east-1", description="what signatures carry; Spaces take any")
    daily: int = Field(default=7, ge=1, le=366, description="days of which the last copy stays")
    weekly: int = Field(default=5, ge=0, le=520, description="weeks of which the last copy stays")
    monthly: int = Field(default=12, ge=0, le=120, description="months of which the last copy stays")

    @model_validator(mode="after")
    def _s3_is_complete(self) -> "Backups":
        given = self.endpoint is not None and self.bucket is not None
        if self.where == "s3" and not given:
            raise SettingsError.of("s3 needs endpoint and bucket", fix="set both, or use swarm")
        if self.where == "swarm" and (self.endpoint or self.bucket):
            raise SettingsError.of(
                "swarm has an S3 server and a bucket of its own",
                fix="leave endpoint and bucket out, or use s3",
            )
        return self
