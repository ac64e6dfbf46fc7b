"""Buckets: for backups always, for the application where its objects are on Spaces."""

from sprocket_constructs import Buckets, CloudStack, Construct

from ..platform.identity import identities_of
from ..settings.cloud import Cloud
from ..settings.environment import Environment


class SpacesStorage(Construct):
    """All buckets, and a key for each user of them that opens nothing else.

    The keys are told as outputs named like the variables of the services that want them.
    """

    def __init__(self, scope: CloudStack, id_: str, *, settings: Environment, cloud: Cloud) -> None:
        super().__init__(scope, id_)
        self.buckets = Buckets(
            self,
            "buckets",
            region=cloud.spaces.region or cloud.region,
            keep_deleted_days=cloud.spaces.keep_deleted_days,
        )
        self._tell = scope.tells
        backups = self.buckets.add(cloud.spaces.backups)
        key = self.buckets.key("backups", name=f"{settings.name}-backups", opens=[backups])
        self._tell("backups_access_key", key.access_key, sensitive=True)
        self._tell("backups_secret_key", key.secret_key, sensitive=True)
        if settings.data.object_storage.kind == "spaces":
            self._for_instances(settings)

    def _for_instances(self, settings: Environment) -> None:
        for identity in identities_of(settings):
            names = (identity.replays_bucket, identity.images_bucket)
            key = self.buckets.key(
                f"instance-{identity.name}",
                name=f"{settings.name}-{identity.name}",
                opens=[self.buckets.add(name) for name in names],
            )
            prefix = identity.service_prefix.replace("-", "_")
            self._tell(f"{prefix}s3_access_key", key.access_key, sensitive=True)
            self._tell(f"{prefix}s3_secret_key", key.secret_key, sensitive=True)
