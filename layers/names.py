"""Names that end up in another program's grammar, by that program's own rule.

A name can be fine for Docker and still mean something else, or nothing, where it is read. Each rule here is checked while
the platform is synthesized and says whose it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sprocket_constructs import ConstructError

if TYPE_CHECKING:
    from sprocket_constructs import Construct


@dataclass(frozen=True, kw_only=True)
class NameRule:
    """What one program takes as a name of one kind.

    Args:
        kind: what is named, for messages.
        pattern: a regular expression that the whole name matches.
        allowed: the same in words.
        source: where the program says so: its version, file and line.
    """

    kind: str
    pattern: str
    allowed: str
    source: str

    def check(self, where: Construct, name: str, *, kind: str | None = None) -> str:
        """The name itself.

        Args:
            kind: says more exactly what is named, in the message.

        Raises:
            ConstructError: the program would refuse the name or take it for something else.
        """
        if not re.fullmatch(self.pattern, name):
            raise ConstructError(
                where,
                f"{kind or self.kind} {name!r} is not allowed",
                fix=f"use {self.allowed} ({self.source})",
            )
        return name


TELEGRAF_SECRET = NameRule(
    kind="key of a secret in Telegraf",
    pattern=r"[A-Za-z0-9_]+",
    allowed="letters, digits and _; with anything else the reference itself becomes the password",
    source="telegraf v1.39.3 config/secret.go:25",
)
S3_BUCKET = NameRule(
    kind="bucket name",
    # S3 takes dots too; with one, no certificate of a wildcard fits the bucket's host name.
    pattern=r"(?!xn--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    allowed="3 to 63 of a-z, 0-9 and -, no dash first or last",
    source="minio-go v7 pkg/s3utils/utils.go, CheckValidBucketNameStrict",
)
MINIO_POLICY = NameRule(
    kind="policy name",
    pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}",
    allowed="letters, digits, _ and -; MinIO reads a comma as two policies",
    source="minio cmd/admin-handlers-users.go, AddCannedPolicy",
)
INFLUXDB_BUCKET = NameRule(
    kind="bucket",
    pattern=r"[A-Za-z0-9][A-Za-z0-9_-]*",
    allowed="letters, digits, _ and -, no _ first: those are InfluxDB's own",
    source="influxdb v2.9.1 tenant/service_bucket.go:218",
)
INFLUXDB_USER = NameRule(
    kind="user of InfluxDB",
    pattern=r"[A-Za-z0-9][A-Za-z0-9_-]*",
    allowed="letters, digits, _ and -: the keeper puts it into a URL",
    source="RFC 3986 section 2.3",
)
RABBITMQ_QUEUE = NameRule(
    kind="queue",
    pattern=r"(?!amq\.)[A-Za-z0-9][A-Za-z0-9._-]{0,254}",
    allowed="at most 255 letters, digits, dots, _ and -, not amq. first: those are the broker's own",
    source="rabbitmq v4.0.9 deps/rabbit/src/rabbit_channel.erl:1074",
)
RABBITMQ_USER = NameRule(
    kind="user of RabbitMQ",
    pattern=r"(?!guest$)[A-Za-z0-9][A-Za-z0-9_-]*",
    allowed="letters, digits, _ and -, and not guest: it is part of a URL that nobody escapes",
    source="amqplib 0.8.0 lib/connect.js",
)
RABBITMQ_VIRTUAL_HOST = NameRule(
    kind="virtual host of RabbitMQ",
    pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*",
    allowed="letters, digits, dots, _ and -: it is part of a URL that nobody escapes",
    source="amqplib 0.8.0 lib/connect.js",
)
REDIS_USER = NameRule(
    kind="user of Redis",
    pattern=r"(?!default$)[A-Za-z0-9][A-Za-z0-9_-]*",
    allowed="letters, digits, _ and -, no space, and not default",
    source="redis 8.2 src/acl.c, ACLStringHasSpaces",
)
REDIS_KEYS = NameRule(
    kind="pattern of keys in Redis",
    pattern=r"[A-Za-z0-9_.:-]+\*?",
    allowed="letters, digits, _, dots, colons and -, then perhaps one *; a space would begin another rule of the account",
    source="redis 8.2 src/acl.c, ACLSetSelector and ACLStringHasSpaces",
)
POSTGRES_NAME = NameRule(
    kind="name",
    pattern=r"[a-z_][a-z0-9_]{0,62}",
    allowed="a-z, 0-9 and _, at most 63 of them, no digit first",
    source="PostgreSQL 17 documentation, 4.1.1 identifiers and key words",
)
GRAFANA_UID = NameRule(
    kind="uid in Grafana",
    pattern=r"[A-Za-z0-9_-]{1,40}",
    allowed="at most 40 letters, digits, _ and -",
    source="grafana 13 pkg/util/shortid_generator.go",
)
