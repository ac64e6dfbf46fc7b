"""Uses each dependency again and again, for as long as the worker lives."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from kombu import Connection
from redis import Redis

from replay_parser.health import SERVICE, Health
from replay_parser.objects import Bucket
from replay_parser.settings import Settings

_INTERVAL_SECONDS = 15.0
_LAST_RETRY_SECONDS = 15.0

Check = Callable[[], None]


def watch(settings: Settings, health: Health) -> None:
    """Announce all dependencies and start one thread for each."""
    broker = _Broker(settings.broker_url)
    address = _address(settings.broker_url, 5672)
    checks: list[tuple[str, str, Check]] = [
        ("settings", settings.source, lambda: _no_problems(settings.problems)),
        ("rabbitmq", address, broker.check),
        ("celery-queue", f"queue {settings.queue}", lambda: broker.has_consumer(settings.queue)),
        (
            "analytics-queue",
            f"queue {settings.analytics_queue}",
            lambda: broker.has_consumer(settings.analytics_queue),
        ),
        ("s3:replays", f"{settings.endpoint}/{settings.bucket}", _bucket_check(settings)),
    ]
    if settings.result_backend:
        checks.append(
            ("redis", _address(settings.result_backend, 6379), _results_check(settings.result_backend))
        )
    for name, target, check in checks:
        health.expect(name, target, peer=name == "analytics-queue")
        threading.Thread(target=_repeat, args=(name, check, health), daemon=True).start()


def _repeat(name: str, check: Check, health: Health) -> None:
    failures = 0
    while True:
        try:
            check()
        except Exception as error:  # each library has its own kinds, and any of them means: failed
            health.failed(name, error)
            failures += 1
            time.sleep(min(2.0 ** (failures - 1), _LAST_RETRY_SECONDS))
        else:
            health.passed(name)
            failures = 0
            time.sleep(_INTERVAL_SECONDS)


class _Broker:
    """One connection of its own to RabbitMQ, opened anew after each failure."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connection: Any = None

    def check(self) -> None:
        """A channel can be opened."""
        with self._channel():
            pass

    def has_consumer(self, queue: str) -> None:
        """Somebody takes from the queue; what is published to a queue that does not exist is lost without a word."""
        with self._channel() as channel:
            declared = channel.queue_declare(queue, passive=True)
        if declared.consumer_count < 1:
            raise RuntimeError(f"nobody takes from queue {queue}")

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        with self._lock:
            try:
                if self._connection is None:
                    patience = {"read_timeout": 8, "write_timeout": 8}
                    connection = Connection(self._url, connect_timeout=5, transport_options=patience)
                    connection.connect()
                    self._connection = connection
                channel = self._connection.channel()
                yield channel
                channel.close()
            except Exception:
                connection, self._connection = self._connection, None
                if connection is not None:
                    connection.release()
                raise


def _results_check(url: str) -> Check:
    def check() -> None:
        with Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as client:
            key, value = f"celery-stand-in-{uuid.uuid4()}", uuid.uuid4().hex
            client.set(key, value, ex=60)
            if client.get(key) != value.encode():
                raise RuntimeError("another value came back than was just written")
            client.delete(key)

    return check


def _bucket_check(settings: Settings) -> Check:
    def check() -> None:
        bucket, name = Bucket(settings), f"stand-in/{SERVICE}"
        bucket.put(name, {"service": SERVICE, "at": time.time()})
        if bucket.get(name).get("service") != SERVICE:
            raise RuntimeError(f"{name} is not what was just put")

    return check


def _no_problems(problems: tuple[str, ...]) -> None:
    if problems:
        raise ValueError("; ".join(problems))


def _address(url: str, port: int) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or port}"
