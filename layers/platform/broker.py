"""What the application's services need to know of RabbitMQ."""

from sprocket_constructs import Endpoint, SecretValue

from .identity import Identity
from .production_json import Transport

FRAME_MAX = 131072
"""Bytes. amqplib 0.8.0, which every Node service has, asks for 4096, and RabbitMQ from 4.1 on refuses that."""


QUEUES = (
    "core",
    "bot",
    "analytics",
    "matchmaking",
    "notifications",
    "image-generation",
    "submission",
    "events",
    "celery",
)
"""Queues and the exchange of an instance, without its prefix."""


def amqp_url(user: str, password: SecretValue, at: Endpoint, *, frame_max: bool) -> str:
    """The URL of RabbitMQ. Nobody escapes user and password, so both must be safe in a URL.

    Args:
        frame_max: whether to name :data:`FRAME_MAX`. Node services need it; kombu raises ``TypeError`` on it.
    """
    suffix = f"&frameMax={FRAME_MAX}" if frame_max else ""
    return f"amqp://{user}:{password}@{at}?heartbeat=60{suffix}"


def transport(identity: Identity, url: str, *, events_key: str | None, celery: bool) -> Transport:
    """The section about RabbitMQ, with the queues of one instance.

    Args:
        events_key: the service's own, for services that hear events.
        celery: whether the service sends parse tasks.
    """
    return Transport(
        url=url,
        core_queue=identity.queue("core"),
        bot_queue=identity.queue("bot"),
        analytics_queue=identity.queue("analytics"),
        matchmaking_queue=identity.queue("matchmaking"),
        notification_queue=identity.queue("notifications"),
        image_generation_queue=identity.queue("image-generation"),
        submission_queue=identity.queue("submission"),
        events_queue=identity.queue("events"),
        events_application_key=events_key,
        celery_queue=identity.queue("celery") if celery else None,
    )
