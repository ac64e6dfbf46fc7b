"""What the Node services have in common: how they start and stop, what they read, and whom they reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sprocket_constructs import HealthCheck, Scale, SecretValue, Stop, SwarmSecret, SwarmService, UpdatePolicy

from .broker import client_rights, transport
from .instance import Instance
from .production_json import BucketNames, Database, Logger, Minio, ProductionJson, Redis, Transport

SETTINGS = "/app/config/production.json"
SECRETS = "/app/secret"
"""Where the images look: below their working directory, /app."""

HEAP_SHARE = 0.75
"""Of the memory limit, for V8's heap; without a bound the heap grows until the kernel kills the task."""


class NodeService(SwarmService):
    """A service of the application on Node, one per instance.

    Args:
        name: short name; ``core`` becomes service ``dev-core`` with alias ``core`` where there are several instances.
        program: what node runs, below /app.
        exports: further environment of the process. They are exported by the command, since a service may have one
            variable; no secrets.
        variables: path of a mounted file with further ones, secrets too, for an image that knows nothing else.
        heap_share: of the memory limit; lower where the program needs memory outside of the heap.
        drain: seconds that it goes on answering after it was asked to leave, while the proxy forgets it.
    """

    def __init__(
        self,
        instance: Instance,
        name: str,
        *,
        program: str,
        health: HealthCheck,
        listens: Mapping[str, int] | None = None,
        exports: Mapping[str, str] | None = None,
        variables: str | None = None,
        heap_share: float = HEAP_SHARE,
        update: UpdatePolicy | None = None,
        scale: Scale = Scale(),
        stop: Stop = Stop(),
        drain: int = 0,
    ) -> None:
        resources = instance.site.resources(name)
        heap = resources.mebibytes_of_limit(heap_share)
        environment = {"NODE_OPTIONS": f"--max-old-space-size={heap}", **(exports or {})}
        super().__init__(
            instance,
            name,
            name=instance.identity.service(name),
            alias=name,
            image=instance.site.image(name, instance=instance.identity.name),
            listens=listens,
            health=health,
            resources=resources,
            update=update or UpdatePolicy.stop_first(),
            scale=scale,
            stop=stop,
            command=node_command(program, environment, variables=variables, drain=drain),
        )
        self.instance = instance
        self.short_name = name
        self.sets("NODE_ENV", "production")

    # -- files ---------------------------------------------------------------------------------------------

    def reads_settings(self, settings: ProductionJson) -> None:
        """Mounts the configuration file. A secret, because it has the broker's URL in it."""
        name = self.instance.identity.file(f"{self.short_name}-settings")
        self.reads(SwarmSecret(self, "settings", name=name, content=settings.render()), at=SETTINGS)

    def reads_value(self, value: SecretValue, file: str, *, name: str) -> None:
        """Mounts one secret value as a file below /app/secret.

        Args:
            name: of the Docker secret, shared with other services that read the same value.
        """
        self.reads(self.instance.secret_file(name, value), at=f"{SECRETS}/{file}")

    # -- connections, each with the section of the settings that describes it ---------------------------------

    def logs_at_levels(self) -> Logger:
        """The levels of the instance; the application does not start without."""
        return Logger(levels=self.instance.settings.log_levels)

    def uses_broker(
        self,
        *,
        consumes: str | None = None,
        sends: Sequence[str] = (),
        events: bool = False,
        celery: bool = False,
        named_replies: bool = False,
    ) -> Transport:
        """Connects to RabbitMQ with an account of its own, which may do what is said here and no more.

        Args:
            consumes: the queue that it takes requests from, without the instance's prefix.
            sends: queues of the services that it calls.
            events: hears events, and so needs a key of its own.
            celery: sends parse tasks.
            named_replies: answers come in a queue that the broker names.
        """
        identity = self.instance.identity
        events_key = identity.queue(self.short_name) if events else None
        rights = client_rights(
            identity,
            consumes=consumes,
            sends=sends,
            events_key=events_key,
            celery=celery,
            named_replies=named_replies,
        )
        url = self.instance.broker_url(self, short_name=self.short_name, rights=rights, frame_max=True)
        return transport(identity, url, events_key=events_key, celery=celery)

    def uses_redis(self) -> Redis:
        """Connects to Redis and reads its password."""
        at = self.instance.data.redis.connect(self)
        self.reads_value(self.instance.redis_password, "redis-password.txt", name="redis-password")
        return Redis(host=at.host, port=at.port, prefix=self.instance.identity.redis_prefix)

    def uses_database(self, *, password_file: str = "db-password.txt") -> Database:
        """Connects to Postgres as the instance's own role and reads its password."""
        identity = self.instance.identity
        at = self.instance.data.postgres.connect(self)
        self.reads_value(self.instance.secrets.database_password, password_file, name="database-password")
        return Database(
            host=at.host, port=at.port, username=identity.database_role, database=identity.database
        )

    def uses_object_storage(self, *, replays: bool = False, images: bool = False) -> Minio:
        """Connects to the S3 API with the instance's own account.

        Args:
            replays: names the bucket of replays.
            images: names the bucket of report cards.
        """
        at = self.instance.data.object_storage.connect(self)
        secrets = self.instance.secrets
        self.reads_value(secrets.s3_access_key, "minio-access.txt", name="s3-access-key")
        self.reads_value(secrets.s3_secret_key, "minio-secret.txt", name="s3-secret-key")
        names = bucket_names(self.instance, replays=replays, images=images)
        return Minio(end_point=at.host, port=at.port, use_ssl=at.tls, bucket_names=names)


def bucket_names(instance: Instance, *, replays: bool = False, images: bool = False) -> BucketNames:
    """The instance's buckets, as far as a service has to know them."""
    identity = instance.identity
    return BucketNames(
        replays=identity.replays_bucket if replays else None,
        image_generation=identity.images_bucket if images else None,
    )


def node_command(
    program: str, environment: Mapping[str, str], *, variables: str | None = None, drain: int = 0
) -> tuple[str, ...]:
    """Runs node so that SIGTERM reaches it.

    The images start it through a shell that keeps the signal to itself, so that every stop would take the whole grace
    period and end in SIGKILL. Node as the first process would ignore it too. Here the shell passes it on and waits.
    """
    exports = "".join(f"export {name}={value}; " for name, value in environment.items())
    source = f"set -a; . {variables}; set +a; " if variables else ""
    pause = f"sleep {drain}; " if drain else ""
    leave = f"trap '{pause}kill -TERM $!; wait $!' TERM INT"
    return ("/bin/sh", "-c", f"{exports}{source}{leave}; node /app/{program} & wait $!")
