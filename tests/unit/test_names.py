"""Names that other programs read, refused by the rule of the program."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError
from sprocket_constructs import ConstructError

from layers import names
from tests.stacks.synthesis import ALL, altered, built, declared, text_at


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (names.TELEGRAF_SECRET, "token_main", "token-main"),
        (names.S3_BUCKET, "sprocket-main-replays", "sprocket.main"),
        (names.S3_BUCKET, "abc", "xn--abc"),
        (names.MINIO_POLICY, "sprocket-dev-s3-access-key", "a,b"),
        (names.INFLUXDB_BUCKET, "sprocket_main", "_monitoring"),
        (names.INFLUXDB_BUCKET, "telegraf", 'a"b'),
        (names.INFLUXDB_USER, "grafana", "a b"),
        (names.RABBITMQ_QUEUE, "main-image-generation", "amq.gen"),
        (names.RABBITMQ_QUEUE, "q" * 255, "q" * 256),
        (names.RABBITMQ_USER, "sprocket", "guest"),
        (names.RABBITMQ_USER, "sprocket", "a/b"),
        (names.REDIS_USER, "telegraf", "default"),
        (names.REDIS_USER, "telegraf", "a b"),
        (names.REDIS_KEYS, "celery-task-meta-*", "a-* ~*"),
        (names.POSTGRES_NAME, "sprocket_main", "sprocket-main"),
        (names.GRAFANA_UID, "influxdb-sprocket_main", "i" * 41),
    ],
)
def test_a_name_is_checked_by_the_rule_of_the_program_that_reads_it(
    rule: names.NameRule, good: str, bad: str
) -> None:
    where = built(altered("local", lambda document: None))
    assert rule.check(where, good) == good
    message = re.escape(f"{rule.kind} {bad!r} is not allowed; use {rule.allowed} ({rule.source})")
    with pytest.raises(ConstructError, match=message):
        rule.check(where, bad)


@pytest.mark.parametrize("environment", ALL)
def test_telegraf_takes_no_reference_to_a_secret_for_the_secret_itself(environment: str) -> None:
    """What does not match the second pattern is used as it stands (telegraf v1.39.3 config/secret.go:25 and 28)."""
    text = text_at(declared(environment), "telegraf", "/etc/telegraf/telegraf.conf")
    candidates = re.findall(r"@\{.+?:.+?}", text)
    assert candidates
    assert [each for each in candidates if not re.fullmatch(r"@\{\w+:\w+}", each)] == []


def test_an_instance_whose_bucket_influxdb_keeps_for_itself_is_refused() -> None:
    def reserved(document: dict[str, Any]) -> None:
        document["platform"]["instances"]["main"]["influx_bucket"] = "_main"

    with pytest.raises(ValidationError, match="InfluxDB's own"):
        built(altered("local", reserved))
