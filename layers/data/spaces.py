"""DigitalOcean Spaces."""

from sprocket_constructs import Construct, SwarmService

from ..backup.backups import Backups
from ..site import Site
from .bucket_backup import bucket_backup
from .object_storage import ObjectStorage, S3Address


class Spaces(ObjectStorage):
    """Object storage that DigitalOcean runs: nothing of it is in the swarm.

    Buckets and keys are made with the cloud's other resources, where they are protected from being destroyed; what services
    declare here is what they expect to find.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site, backups: Backups) -> None:
        super().__init__(scope, id_)
        host = site.settings.data.object_storage.endpoint
        assert host is not None  # the settings refuse Spaces without an endpoint
        self._address = S3Address(host=host, port=443, tls=True, region=host.partition(".")[0])
        backup = bucket_backup(
            self,
            storage=self,
            accounts=lambda: self.accounts,
            url=f"https://{host}",
            image=site.image("minio"),
            server=None,
            backups=backups,
        )
        backup.reaches_internet(because="copies the buckets of Spaces")

    def connect(self, client: SwarmService) -> S3Address:
        client.reaches_internet(because="Spaces is outside the swarm")
        return self._address
