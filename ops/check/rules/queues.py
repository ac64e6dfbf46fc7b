"""What the instances of the application put their names on in shared stores, read from the files that they get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ops.check.application import PROGRAMS
from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.model.service import Service

SHARED_BY_AN_INSTANCE = {
    "transport/events_queue": "exchange of events",
    "redis/prefix": "Redis prefix",
    "db/database": "database",
    "knex/database": "database",
    "minio/bucketNames/replays": "bucket",
    "minio/bucketNames/image_generation": "bucket",
    "influx/bucket": "metrics bucket",
    "bot/prefix": "",
}
"""What all services of an instance have in common and no other instance may have; empty: the latter does not hold."""

EVENTS_KEY = "transport/events_application_key"


@dataclass(frozen=True)
class Named:
    """A name at a key of a service's settings."""

    service: Service
    key: str
    name: str

    @property
    def path(self) -> str:
        return f"{self.service.path}: {PROGRAMS[self.service.short_name].settings}: {self.key}"


def every_queue_has_one_consumer(platform: Platform) -> Iterator[Finding]:
    """Whoever sends into a queue sends it to the service of the same instance that takes from it."""
    consumers: dict[str, Named] = {}
    for named in _consumed(platform):
        first = consumers.setdefault(named.name, named)
        if first is not named:
            yield Finding(
                path=named.path,
                what=f"consumes queue {named.name}, as {first.service.name} does",
                cause="each would get some of the other's messages",
                fix="give each service of each instance a queue of its own",
            )
    for named in _named(platform, queues=True):
        yield from _leads_to_consumer(named, consumers)


def events_keys_are_unique(platform: Platform) -> Iterator[Finding]:
    """Two services with one key would take each other's events."""
    yield from _apart(
        [named for named in _named(platform) if named.key == EVENTS_KEY],
        "events key",
        "each would receive some of the other's events",
        "use one key per service and instance: identity.queue(<service>)",
    )


def instances_share_nothing(platform: Platform) -> Iterator[Finding]:
    """One name inside of an instance, another one in the next."""
    for key, kind in SHARED_BY_AN_INSTANCE.items():
        first_of: dict[str, Named] = {}
        owners: dict[str, Named] = {}
        for named in (each for each in _named(platform) if each.key == key):
            first = first_of.setdefault(named.service.instance, named)
            if first.name != named.name:
                yield Finding(
                    path=named.path,
                    what=f"is {named.name}",
                    cause=f"{first.service.name} of the same instance has {first.name}, so they would not share it",
                    fix="use the name from the instance's identity in both",
                )
            owner = owners.setdefault(named.name, named)
            if kind and owner.service.instance != named.service.instance:
                yield Finding(
                    path=named.path,
                    what=f"is {named.name}",
                    cause=f"instance {owner.service.instance} has that {kind}; the two instances would mix their data",
                    fix=f"give each instance its own under {platform.file_name}: platform/instances",
                )


def _leads_to_consumer(named: Named, consumers: Mapping[str, Named]) -> Iterator[Finding]:
    consumer = consumers.get(named.name)
    if consumer is None:
        yield Finding(
            path=named.path,
            what=f"sends into queue {named.name}",
            cause="no service consumes it, so no request would be answered",
            fix=f"use a queue with a consumer: {', '.join(sorted(consumers))}",
        )
    elif consumer.service.instance != named.service.instance:
        yield Finding(
            path=named.path,
            what=f"sends into queue {named.name}",
            cause=f"{consumer.service.name} of another instance consumes it",
            fix=f"use the queue of instance {named.service.instance}",
        )
    elif not _same_kind(named, consumer):
        yield Finding(
            path=named.path,
            what=f"sends into queue {named.name}",
            cause=f"{consumer.service.name} consumes it and does not understand these messages",
            fix="use the queue of the intended service",
        )


def _same_kind(named: Named, consumer: Named) -> bool:
    """The sender's name for the queue is the consumer's: ``core_queue`` is core's."""
    if "celery" in consumer.key:
        return named.key in ("celery/queue", "transport/celery-queue")
    return named.key == consumer.key


def _apart(found: list[Named], kind: str, cause: str, fix: str) -> Iterator[Finding]:
    taken: dict[str, Named] = {}
    for named in found:
        first = taken.setdefault(named.name, named)
        if first is not named:
            yield Finding(
                path=named.path,
                what=f"{kind} {named.name} is also used by {first.service.name}",
                cause=cause,
                fix=fix,
            )


def consumer_of(queue: str, services: Iterable[Service]) -> Service | None:
    """The service that takes messages from a queue: its own, or one of the events that it listens to."""
    named = list(_named_by(services))
    for each in named:
        if each.name == queue and each.key == PROGRAMS[each.service.short_name].consumes:
            return each.service
    # EVENTS-EVENT-KEY, as its program declares them. A key may end with another one.
    listening = [each for each in named if each.key == EVENTS_KEY and queue.endswith(f"-{each.name}")]
    return max(listening, key=lambda each: len(each.name)).service if listening else None


def _consumed(platform: Platform) -> list[Named]:
    return [
        named
        for named in _named(platform, queues=True)
        if named.key == PROGRAMS[named.service.short_name].consumes
    ]


def _named(platform: Platform, *, queues: bool = False) -> Iterator[Named]:
    return _named_by(platform.services, queues=queues)


def _named_by(services: Iterable[Service], *, queues: bool = False) -> Iterator[Named]:
    for service in services:
        program = PROGRAMS.get(service.short_name) if service.instance else None
        file = service.file(program.settings) if program else None
        for value in file.values if file else []:
            if isinstance(value.value, str) and (not queues or _is_queue(value.key)):
                yield Named(service, value.key, value.value)


def _is_queue(key: str) -> bool:
    last = key.rpartition("/")[2]
    return last in ("queue", "celery-queue") or (last.endswith("_queue") and last != "events_queue")
