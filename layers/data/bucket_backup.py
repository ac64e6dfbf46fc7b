"""The job that copies buckets, wherever they are."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sprocket_constructs import BackupJob, Construct, ConstructError, Image, SwarmSecret, SwarmService

from ..backup.backups import Backups
from ..rendering import render, to_json
from .object_storage import Account, Bucket, ObjectStorage

HERE = Path(__file__).parent
ALIASES = "/run/secrets/buckets.json"
STORE = "minio"
"""Its name among backups, also for Spaces: what was copied from one can be read back into the other."""

SCRATCH_PORT = 9000
"""Of the server that a copy is kept with; on loopback only."""


def bucket_backup(
    scope: Construct,
    *,
    storage: ObjectStorage,
    accounts: Callable[[], Sequence[Account]],
    url: str,
    image: Image,
    server: SwarmService | None,
    backups: Backups,
) -> BackupJob:
    """Copies all declared buckets with mc into a server of the job's own.

    Args:
        accounts: keys that open the buckets; asked when all buckets are declared.
        url: of the S3 API.
        image: has mc and a MinIO server.
    """

    def config() -> str:
        aliases = {
            account.name: {
                "url": url,
                "accessKey": account.access_key,
                "secretKey": account.secret_key,
                "api": "S3v4",
                "path": "auto",
            }
            for account in accounts()
        }
        return to_json({"version": "10", "aliases": aliases})

    def work() -> str:
        buckets = [
            {
                "name": bucket.name,
                "alias": _opener(scope, bucket, accounts()),
                "anonymous": "download" if bucket.anonymous_read else "none",
            }
            for bucket in storage.buckets
        ]
        return render(HERE / "minio-backup.sh.j2", aliases=ALIASES, buckets=buckets, port=SCRATCH_PORT)

    job = backups.job(
        scope,
        STORE,
        image=image,
        server=server,
        work=work,
        listens={"scratch": SCRATCH_PORT},
        begins_from_last=True,
    )
    job.reads(SwarmSecret(job, "aliases", name="minio-backup-aliases", content=config), at=ALIASES)
    return job


def _opener(scope: Construct, bucket: Bucket, accounts: Sequence[Account]) -> str:
    for account in accounts:
        if bucket.name in account.buckets:
            return account.name
    raise ConstructError(
        scope, f"bucket {bucket.name} has no account, so nothing can copy it", fix="declare an account for it"
    )
