"""One whole application, with what it alone may use of the shared stores."""

from __future__ import annotations

from sprocket_constructs import Construct, SecretValue, SwarmSecret, SwarmService

from ..data.layer import DataLayer
from ..data.rabbitmq_account import Account, Rights
from ..data.redis import RedisAccount
from ..data.telegraf import WriteToken
from ..ingress.layer import IngressLayer
from ..names import RABBITMQ_QUEUE
from ..secrets import InstanceSecrets, PlatformSecrets
from ..site import Site
from .broker import QUEUES, amqp_url
from .identity import Identity

SCHEMAS = ("sprocket", "mledb", "history", "mledb_bridge", "data_science")
"""Postgres schemas that the migrations of the application take for granted."""

RESULT_KEYS = "celery-task-meta-*"
"""Keys of results of all instances: no setting of Celery 5.5.3 that its images know puts a prefix before them."""


class Instance(Construct):
    """The scope of an instance's services, and what they have in common.

    It has its own database and role, buckets and key, metrics bucket and token, virtual host of RabbitMQ with an account for each
    service, and can open no other's. Redis is shared with one login, but for the parser's, since the rest of the application knows
    no user name there: the prefixes keep instances apart.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        identity: Identity,
        site: Site,
        shared: PlatformSecrets,
        ingress: IngressLayer,
        data: DataLayer,
    ) -> None:
        super().__init__(scope, id_)
        self.identity = identity
        for queue in QUEUES:
            RABBITMQ_QUEUE.check(self, identity.queue(queue))
        self.site = site
        self.settings = site.settings.platform.instances[identity.name]
        self.ingress = ingress
        self.data = data
        self.secrets = InstanceSecrets(self, "secrets", environment=site.settings, instance=identity.name)
        self._shared = shared
        self._files: dict[str, SwarmSecret] = {}
        self._take_stores()
        self.metrics_token = self._take_metrics_bucket()

    @property
    def setting_path(self) -> str:
        """Where errors about this instance's settings point to, in :attr:`file`."""
        return f"platform/instances/{self.identity.name}"

    @property
    def file(self) -> str:
        """The file that this instance is written in."""
        return f"{self.site.settings.name}.yaml"

    def results_url(self, client: SwarmService) -> str:
        """Connects to Redis with an account that may keep results of tasks only, and returns its URL, password included."""
        account = RedisAccount(
            name=self.identity.results_account, password=self.secrets.redis_results_password, keys=RESULT_KEYS
        )
        self.data.redis.account(account)
        return f"redis://{account.name}:{account.password}@{self.data.redis.connect(client)}"

    @property
    def redis_password(self) -> SecretValue:
        """Of the user that programs are who name none."""
        return self._shared.redis_password

    def broker_url(self, client: SwarmService, *, short_name: str, rights: Rights, frame_max: bool) -> str:
        """Connects to RabbitMQ with an account of the service's own, and returns its URL, password included.

        Args:
            short_name: of the service.
            rights: what the service has to be allowed there.
            frame_max: for Node. Python's library takes the parameter for an argument that it does not have.
        """
        rabbitmq, own = self.data.rabbitmq, self.identity
        account = Account(
            name=own.broker_account(short_name),
            password=self.secrets.broker_password(short_name),
            virtual_host=own.virtual_host,
            rights=rights,
        )
        rabbitmq.account(account)
        return amqp_url(
            account.name,
            account.password,
            rabbitmq.connect(client),
            virtual_host=account.virtual_host,
            frame_max=frame_max,
        )

    def secret_file(self, name: str, value: SecretValue) -> SwarmSecret:
        """The Docker secret with one value in it; services that read the same value share it."""
        if name not in self._files:
            self._files[name] = SwarmSecret(
                self, f"{name}-file", name=self.identity.file(name), content=str(value)
            )
        return self._files[name]

    def _take_stores(self) -> None:
        own, secrets = self.identity, self.secrets
        self.data.postgres.database(own.database, owner=own.database_role, password=secrets.database_password)
        for bucket in (own.replays_bucket, own.images_bucket):
            self.data.object_storage.bucket(bucket)
        self.data.object_storage.account(
            access_key=secrets.s3_access_key,
            secret_key=secrets.s3_secret_key,
            buckets=[own.replays_bucket, own.images_bucket],
        )

    def _take_metrics_bucket(self) -> WriteToken:
        own = self.identity
        self.data.influxdb.bucket(own.influx_bucket)
        return self.data.telegraf.token(
            name=own.file("server-analytics"), value=self.secrets.influxdb_token, bucket=own.influx_bucket
        )
