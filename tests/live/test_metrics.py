"""The real Telegraf and the real InfluxDB on the running platform: what they write, and what is asked of them."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from ruamel.yaml import YAML

from layers.data.influxdb import PLATFORM_BUCKET
from tests.influxql import RECORDED, Query, queries, recorded
from tests.live.local_platform import LocalPlatform

pytestmark = [pytest.mark.live, pytest.mark.proof]

SILENT_IN_PEACE = {
    "ingress: Answers with 5xx A",
    "alerts.yaml: redis-cannot-write: query",
    "alerts.yaml: redis-cannot-save: query",
    "alerts.yaml: certificate-not-from-authority: query",
    "alerts.yaml: discord-unreachable: query",
    "alerts.yaml: dns-unreachable: query",
    "alerts.yaml: alerts-not-sent: query",
    "alerts.yaml: deploy-failed: query",
}
"""They look for failures, and there may be none, or for what nobody asks where alerts go nowhere; the store must take the question all the
same."""
ONLY_WITH_ALERTS = {"deploy", "dns_query", "http_response"}
"""Measurements that the local platform may not have."""
TOKEN = "/app/secret/influx-token"
WAIT_S = 180.0


@pytest.fixture(scope="module")
def influxdb(platform: LocalPlatform) -> InfluxDB:
    """The store of metrics, where both programs are the real ones."""
    for name, shown in (("telegraf", "telegraf --version"), ("influxdb", "influxd version")):
        said = platform.tasks.run(platform.container(name), "/bin/sh", "-c", shown)
        if said.code != 0 or not re.search(r"Telegraf \d|InfluxDB v2", said.output):
            pytest.skip(f"needs the real {name}, and the platform runs a stand-in")
    return InfluxDB(platform)


class InfluxDB:
    """Asks as Grafana does: with its user, by the 1.x API, from inside the keeper's task."""

    def __init__(self, platform: LocalPlatform) -> None:
        self.platform = platform

    def ask(self, query: str, bucket: str = PLATFORM_BUCKET) -> list[dict[str, Any]]:
        """Series of the answer."""
        asked = platform_script(query, bucket)
        answer = json.loads(self.platform.sh("influxdb-keeper", asked))["results"][0]
        assert "error" not in answer, f"{query}: {answer}"
        return list(answer.get("series", []))

    def wait_for(self, query: str, bucket: str = PLATFORM_BUCKET) -> list[dict[str, Any]]:
        """The same, as soon as there is an answer; nothing after three minutes."""
        deadline = time.monotonic() + WAIT_S
        while not (found := self.ask(query, bucket)) and time.monotonic() < deadline:
            time.sleep(5)
        return found


def platform_script(query: str, bucket: str) -> str:
    """Reads the password where the keeper has it; the question goes by standard input of a here-document."""
    return (
        'sed -n \'s/.*"password": *"\\([^"]*\\)".*/machine influxdb login grafana password \\1/p\' '
        "/run/secrets/influxdb-user-grafana >/tmp/netrc\n"
        f"cat >/tmp/question <<'END'\n{query}\nEND\n"
        "curl -fsS --max-time 30 --netrc-file /tmp/netrc --data-urlencode q@/tmp/question "
        f"--data-urlencode 'db={bucket}' http://influxdb:8086/query\nrm -f /tmp/netrc /tmp/question"
    )


def asked(query: Query) -> str:
    """What Grafana makes of it for the last quarter of an hour."""
    last = "time > now() - 15m"
    text = query.text.replace("$timeFilter", last).replace("{window}", last)
    text = text.replace("$__interval", "30s")
    return re.sub(r"\$(?:service|queue)\b", ".+", text)


@pytest.mark.parametrize("query", list(queries()), ids=lambda query: query.place)
def test_a_query_is_answered(influxdb: InfluxDB, query: Query) -> None:
    if query.place in SILENT_IN_PEACE:
        influxdb.ask(asked(query))
        return
    found = influxdb.wait_for(asked(query))
    values = [value for series in found for row in series["values"] for value in row[1:]]
    assert any(value is not None for value in values), "no data"


def test_the_record_is_what_the_collectors_write(influxdb: InfluxDB) -> None:
    """RECORD=1 writes it anew; else what the record has must still be written.

    Traefik is left out: it has a series for a code or a method only once such a request came.
    """
    asked_for = sorted({query.measurement for query in queries()} - ONLY_WITH_ALERTS)
    found = {name: shape(influxdb, name) for name in asked_for}
    before = recorded()
    if os.environ.get("RECORD") == "1":
        RECORDED.parent.mkdir(exist_ok=True)
        RECORDED.write_text(head())
        kept = {name: parts for name, parts in before.items() if name in ONLY_WITH_ALERTS}
        with RECORDED.open("a") as file:
            YAML().dump(dict(sorted((found | kept).items())), file)
    lacking = {
        f"{name}: {kind} {one}"
        for name, parts in recorded().items()
        if name not in ONLY_WITH_ALERTS
        for kind in ("fields", "tags")
        for one in set(parts[kind]) - set(found[name][kind])
    }
    assert {each for each in lacking if not each.startswith("traefik: ")} == set()


def test_points_of_the_application_land_in_its_bucket_alone(
    influxdb: InfluxDB, platform: LocalPlatform
) -> None:
    """Also those that name another bucket, or bring the tag that decides along."""
    mark = f"probe_{time.time_ns()}"
    script = f"""
        printf 'Authorization: Token %s' "$(cat {TOKEN})" >/tmp/header
        for line in '{mark} value=1' '{mark},bucket={PLATFORM_BUCKET} forged=1'; do
            curl -fsS --max-time 20 -H @/tmp/header --data-binary "$line" \
                'http://telegraf:8186/api/v2/write?org=sprocket&bucket={PLATFORM_BUCKET}&precision=ns'
        done
        rm /tmp/header
    """
    platform.sh("server-analytics-service", script)
    own = next(iter(platform.settings.platform.instances)).replace("-", "_")
    for field in ("value", "forged"):
        assert influxdb.wait_for(f'SELECT "{field}" FROM "{mark}"', f"sprocket_{own}"), field
    assert influxdb.ask(f'SELECT * FROM "{mark}"') == []


def shape(influxdb: InfluxDB, measurement: str) -> dict[str, Any]:
    """Fields with their types, and tags."""
    fields = influxdb.wait_for(f'SHOW FIELD KEYS FROM "{measurement}"')
    tags = influxdb.ask(f'SHOW TAG KEYS FROM "{measurement}"')
    return {
        "fields": {name: kind for series in fields for name, kind in series["values"]},
        "tags": [name for series in tags for (name,) in series["values"]],
    }


def head() -> str:
    """Origin and date."""
    return (
        "# What Telegraf 1.39.3 (built from its tag v1.39.3) wrote to InfluxDB 2.9.1 on the local platform: SHOW FIELD KEYS and\n"
        "# SHOW TAG KEYS of every measurement that a dashboard or an alert reads. The programs it asked are those of the day:\n"
        "# Redis, RabbitMQ and Postgres of other versions than the pinned ones may lack a field here.\n"
        f"# {datetime.now(UTC).date()}, by RECORD=1 pytest tests/live/test_metrics.py\n"
    )
