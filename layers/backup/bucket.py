"""Where copies go: a bucket elsewhere, or a server of its own in environments that may lose everything."""

from dataclasses import dataclass
from pathlib import Path

from sprocket_constructs import Construct, NoBackup, SecretValue, SwarmService

from ..minio_server import keeps_objects, minio_server
from ..rendering import render
from ..settings.backups import Backups
from ..site import Site

HERE = Path(__file__).parent
BUCKET = "backups"
STORE = "backup-store"


@dataclass(frozen=True, kw_only=True)
class BackupBucket:
    """A bucket that restic keeps its repository in."""

    url: str
    """Of the S3 API, with its scheme."""
    name: str
    region: str
    server: SwarmService | None
    """Where it is in the swarm, the server."""

    @property
    def repository(self) -> str:
        """As restic names it."""
        return f"s3:{self.url}/{self.name}/restic"


def bucket_elsewhere(settings: Backups) -> BackupBucket:
    """The bucket that an environment's settings name."""
    assert settings.endpoint and settings.bucket  # the settings were checked
    return BackupBucket(
        url=f"https://{settings.endpoint}", name=settings.bucket, region=settings.region, server=None
    )


class BackupStore(Construct):
    """A MinIO for backups alone, on a volume of its own: not the one that is backed up."""

    def __init__(
        self, scope: Construct, id_: str, *, site: Site, access_key: SecretValue, secret_key: SecretValue
    ) -> None:
        super().__init__(scope, id_)
        service = minio_server(
            self,
            STORE,
            site=site,
            listens={"s3": 9000},
            settings=render(HERE / "backup-store.env.j2", user=access_key, password=secret_key),
        )
        backup = NoBackup(because="it holds the backups themselves")
        keeps_objects(service, self, site=site, backup=backup)
        self.bucket = BackupBucket(
            url=f"http://{service.endpoint()}", name=BUCKET, region="us-east-1", server=service
        )
