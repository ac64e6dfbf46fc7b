"""The names that one instance of the application must not share with another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import SettingsError
from ..settings.environment import Environment

LONGEST_NAME = 20
"""Characters in an instance's name: Docker allows 64 in a secret's name, and the longest of ours adds 44 to it."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One name that an instance takes for itself: in which namespace, by which setting."""

    kind: str
    setting: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Identity:
    """All names of one instance.

    Names of things that the swarm can recreate at any time (services, networks) carry the instance's name only where
    there are several. Names of things that hold data (database, buckets, queues) always do: adding a second instance
    must not rename the first one's database.

    Args:
        service_prefix: put before service names; empty where there is one instance.
        s3_key: name of the secret value that is the instance's access key.
    """

    name: str
    service_prefix: str
    host: str
    aliases: tuple[str, ...]
    api_host: str
    image_generation_host: str
    elo_host: str | None
    queue_prefix: str
    redis_prefix: str
    database: str
    bucket_prefix: str
    influx_bucket: str
    s3_key: str

    def service(self, short: str) -> str:
        """Name of a service on the swarm, such as ``core`` or ``dev-core``."""
        return self.service_prefix + short

    def file(self, short: str) -> str:
        """Readable part of the name of a config or secret."""
        return f"{self.name}-{short}"

    def store(self, short: str) -> str:
        """Name of the place for a store's data."""
        return self.service_prefix + short

    def queue(self, short: str) -> str:
        """Name of a queue or exchange in RabbitMQ."""
        return f"{self.queue_prefix}-{short}"

    @property
    def virtual_host(self) -> str:
        """Of RabbitMQ: who may publish at all reaches every queue of its virtual host, so each instance has one."""
        return self.queue_prefix

    @property
    def results_account(self) -> str:
        """Name of the account in Redis that keeps results of tasks."""
        return f"{self.name}-results"

    def broker_account(self, short: str) -> str:
        """Name of a service's account in RabbitMQ."""
        return f"{self.name}-{short}"

    @property
    def database_role(self) -> str:
        """Owner of the database, who may open no other one."""
        return self.database

    @property
    def replays_bucket(self) -> str:
        return f"{self.bucket_prefix}-replays"

    @property
    def images_bucket(self) -> str:
        return f"{self.bucket_prefix}-image-generation"

    @property
    def claims(self) -> Iterator[Claim]:
        """Everything that no other instance may have."""
        for setting in ("host", "api_host", "image_generation_host", "elo_host"):
            value = getattr(self, setting)
            if value is not None:
                yield Claim(kind="host", setting=setting, value=value)
        for number, alias in enumerate(self.aliases):
            yield Claim(kind="host", setting=f"aliases/{number}", value=alias)
        for setting in (
            "queue_prefix",
            "redis_prefix",
            "database",
            "bucket_prefix",
            "influx_bucket",
            "s3_key",
        ):
            yield Claim(kind=setting, setting=setting, value=getattr(self, setting))


def identities_of(environment: Environment) -> list[Identity]:
    """The names of every instance of an environment, checked.

    Raises:
        SettingsError: two instances share a name, or one is too long for what is made of it.
    """
    found = [_identity(environment, name) for name in environment.platform.instances]
    for identity in found:
        if len(identity.name) > LONGEST_NAME:
            raise SettingsError.of(
                f"has {len(identity.name)} characters and becomes part of Docker's names",
                fix=f"use at most {LONGEST_NAME}",
                setting=f"platform/instances/{identity.name}",
                file=f"{environment.name}.yaml",
            )
    check_apart(environment.name, found)
    return found


def hosts_of(environment: Environment) -> dict[str, str]:
    """Every host of every instance by the path of its setting, also where that is left to its default."""
    return {
        f"platform/instances/{identity.name}/{claim.setting}": claim.value
        for identity in identities_of(environment)
        for claim in identity.claims
        if claim.kind == "host"
    }


def setting_of_host(environment: Environment, host: str) -> str | None:
    """The path of the setting that says a host of an instance."""
    return next((setting for setting, value in hosts_of(environment).items() if value == host), None)


def check_apart(environment: str, identities: Sequence[Identity]) -> None:
    """Refuses two instances, or two settings of one, that would use the same host, queue, key, prefix or store.

    Raises:
        SettingsError: its setting is the second of the two; it names the first, and what they share.
    """
    taken: dict[tuple[str, str], str] = {}
    for identity in identities:
        for claim in identity.claims:
            path = f"platform/instances/{identity.name}/{claim.setting}"
            first = taken.setdefault((claim.kind, claim.value), path)
            if first != path:
                raise SettingsError.of(
                    f"is {claim.value}, and so is {first}",
                    fix="give one of them another name",
                    setting=path,
                    file=f"{environment}.yaml",
                )


def _identity(environment: Environment, name: str) -> Identity:
    settings = environment.platform.instances[name]
    prefix = f"{name}-" if len(environment.platform.instances) > 1 else ""
    as_word = f"sprocket_{name.replace('-', '_')}"
    return Identity(
        name=name,
        service_prefix=prefix,
        host=settings.host,
        aliases=settings.aliases,
        api_host=settings.api_host or f"api.{settings.host}",
        image_generation_host=settings.image_generation_host
        or f"{prefix}image-generation.{environment.pages_domain}",
        elo_host=settings.elo_host,
        queue_prefix=settings.queue_prefix or name,
        redis_prefix=settings.redis_prefix or name,
        database=settings.database or as_word,
        bucket_prefix=settings.bucket_prefix or f"sprocket-{name}",
        influx_bucket=settings.influx_bucket or as_word,
        s3_key=f"{prefix}s3-access-key",
    )
