"""How a secret value is rotated: declared beside the value, carried out by ``python -m ops rotate``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Server(StrEnum):
    """What lets somebody in who has the value; ``ops rotate`` knows how to try a value at each of them."""

    REDIS = "Redis"
    RABBITMQ = "RabbitMQ"
    POSTGRES = "Postgres"
    INFLUXDB_PASSWORD = "InfluxDB"
    INFLUXDB_1X = "InfluxDB's 1.x API"
    TELEGRAF = "Telegraf"
    S3 = "MinIO"
    GRAFANA = "Grafana"
    SIGN_IN = "the sign-in of the admin pages"
    RESTIC = "the repository of the backups"
    """It takes a second password: the new one is added before its readers restart, the old one is removed after."""
    REGISTRY = "the registry"
    """Whoever made the token revokes it there. Until then both are accepted; nodes pull with the one that the swarm keeps with a service."""


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """How to rotate a value. Made by :func:`tried_at`, :func:`untried` or :func:`impossible`.

    Args:
        server: where the old value must be refused afterwards, and the new one accepted.
        account: whose value it is there; for keys of S3, the part of the pair.
        untried: why no server is asked for the old value.
        ends: what ends together with the old value, besides connections; for people.
        impossible: why it cannot be rotated by a deploy.
        instead: what to do then.
    """

    server: Server | None = None
    account: str = ""
    untried: str = ""
    ends: str = ""
    impossible: str = ""
    instead: str = ""


def tried_at(server: Server, account: str = "", *, ends: str = "") -> Rotation:
    """A value that a server of the platform accepts: after a rotation the old one is tried there."""
    return Rotation(server=server, account=account, ends=ends)


def untried(because: str, *, ends: str = "") -> Rotation:
    """A value that is rotated, but that nothing here can be asked about."""
    return Rotation(untried=because, ends=ends)


def impossible(because: str, *, instead: str) -> Rotation:
    """A value that no deploy can change; a command to rotate it is refused with these words."""
    return Rotation(impossible=because, instead=instead)
