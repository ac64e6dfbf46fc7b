"""Where copies go: a bucket elsewhere, or a server of its own in environments that may lose everything."""

from dataclasses import dataclass
from pathlib import Path

from sprocket_constructs import (
    Construct,
    HealthCheck,
    Lock,
    NoBackup,
    SecretValue,
    Stop,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from ..rendering import render
from ..settings.backups import Backups
from ..site import Site

HERE = Path(__file__).parent
SETTINGS = "/run/secrets/backup-store.env"
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
        service = SwarmService(
            self,
            STORE,
            image=site.image("minio"),
            command=("/usr/bin/docker-entrypoint.sh",),
            args=("server", "/data"),
            listens={"s3": 9000},
            health=HealthCheck.command("curl", "-fsS", "http://127.0.0.1:9000/minio/health/cluster").every(
                "10s", timeout="5s", retries=5, start_period="1m"
            ),
            resources=site.resources(STORE),
            update=UpdatePolicy.stop_first(),
            stop=Stop(grace="30s"),
        )
        settings = render(HERE / "backup-store.env.j2", user=access_key, password=secret_key)
        service.reads(SwarmSecret(self, "settings", name="backup-store-env", content=settings), at=SETTINGS)
        service.sets("MINIO_CONFIG_ENV_FILE", SETTINGS)
        service.stores(
            site.storage(self, STORE),
            at="/data",
            backup=NoBackup(because="it holds the backups themselves"),
            lock=Lock.by_shell(flock=False),
        )
        self.bucket = BackupBucket(
            url=f"http://{service.endpoint()}", name=BUCKET, region="us-east-1", server=service
        )
