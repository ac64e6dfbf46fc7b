"""What the application's services need to know of RabbitMQ."""

from collections.abc import Sequence

from sprocket_constructs import Endpoint, SecretValue

from ..data.rabbitmq_account import Rights
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

DEFAULT_EXCHANGE = r"amq\.default"
"""What RabbitMQ calls the exchange without a name where it asks for rights. Whoever may write to it reaches every queue of the virtual
host, by its name; no right is finer (rabbit_channel.erl asks for none on the queue)."""

NAMED_BY_BROKER = r"amq\.gen-.+"
"""Queues without a name of their own; exclusive, so that no other connection can use them."""

TASKS_EXCHANGE = "default"
"""celery-node 0.5.9 declares it before it sends a task (kombu/brokers/amqp.js) and publishes nothing there."""

PROGRESS = "(scrim|lfs|match).*"
"""Queues for the progress of parsing, called like the submission (submission-service at f0abc12b, utils/index.ts)."""

WORKER_EXCHANGES = ("celeryev", r"(reply\.)?celery\.pidbox")
WORKER_QUEUES = (r"celeryev\..+", r".+\.celery\.pidbox")
"""How Celery 5.5.3 workers hear commands and each other, with kombu 5.5.4."""


def client_rights(
    identity: Identity,
    *,
    consumes: str | None = None,
    sends: Sequence[str] = (),
    events_key: str | None = None,
    celery: bool = False,
    named_replies: bool = False,
) -> Rights:
    """What a Node service has to be allowed; as it does at commit f0abc12b, with ``@nestjs/microservices`` 8.

    A client declares the queue that it sends to, which takes ``configure``: no right lets it declare and not delete. It may not read it.

    Args:
        consumes: the queue that it takes requests from.
        sends: queues of the services that it calls.
        events_key: its own, where it hears events.
        celery: whether it sends parse tasks, and hears how they go.
        named_replies: whether answers come in a queue that the broker names. The others' answers come by
            ``amq.rabbitmq.reply-to``, which takes no right.
    """
    own = [_exactly(identity.queue(consumes))] if consumes else []
    configure = own + [_exactly(identity.queue(queue)) for queue in sends]
    write = [DEFAULT_EXCHANGE]
    read = list(own)
    if events_key is not None:
        exchange = _exactly(identity.queue("events"))
        heard = [exchange, f"{exchange}-.+-{_exactly(events_key)}", NAMED_BY_BROKER]
        configure, write, read = configure + heard, write + heard, read + heard
    if celery:
        configure += [_exactly(identity.queue("celery")), TASKS_EXCHANGE, PROGRESS]
        read.append(PROGRESS)
    if named_replies:
        configure.append(NAMED_BY_BROKER)
        read.append(NAMED_BY_BROKER)
    return Rights(configure=tuple(configure), write=tuple(write), read=tuple(read))


def worker_rights(identity: Identity) -> Rights:
    """What a Celery worker has to be allowed: its queue, which is an exchange's name too, and those by which workers talk."""
    own = (_exactly(identity.queue("celery")), *WORKER_EXCHANGES, *WORKER_QUEUES)
    return Rights(configure=own, write=(DEFAULT_EXCHANGE, *own), read=own)


def _exactly(name: str) -> str:
    """A pattern for one name. Of what a name may hold, only the dot means something else there."""
    return name.replace(".", r"\.")


def amqp_url(user: str, password: SecretValue, at: Endpoint, *, virtual_host: str, frame_max: bool) -> str:
    """The URL of RabbitMQ. Nobody escapes user, password and virtual host, so all must be safe in a URL.

    Args:
        frame_max: whether to name :data:`FRAME_MAX`. Node services need it; kombu raises ``TypeError`` on it.
    """
    suffix = f"&frameMax={FRAME_MAX}" if frame_max else ""
    return f"amqp://{user}:{password}@{at}/{virtual_host}?heartbeat=60{suffix}"


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
