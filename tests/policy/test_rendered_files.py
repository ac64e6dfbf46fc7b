"""Every key of what programs of others read: each program knows it, at that level, in the pinned version.

What they know was recorded from the programs themselves or from their sources (tests/recorded).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from layers.images import LOCK
from layers.loading import read_yaml
from ops.check.platform import Platform
from tests.policy.recorded_keys import FOLDER, Record, records, version_of
from tests.policy.rendered_files import rendered, without_record
from tests.policy.rules import services
from tests.policy.seeding import Seeded
from tests.stacks.synthesis import ALL, altered, finished, synthesized
from tests.unit.ingress_stack import with_tinyauth

TELEGRAF = ("telegraf", "/etc/telegraf/telegraf.conf")
REDIS_INPUT = ("telegraf", "/etc/telegraf/telegraf.d/redis.conf")
LOKI = ("loki", "/etc/loki/local-config.yaml")
ALLOY = ("alloy", "/etc/alloy/config.alloy")
GRAFANA = ("grafana", "/etc/grafana/grafana.ini")
SOURCES = ("grafana", "/etc/grafana/provisioning/datasources/platform.yaml")
RULES = ("grafana", "/etc/grafana/provisioning/alerting/platform.yaml")
BOARD = ("grafana", "/etc/grafana/dashboards/overview.json")
INFLUXDB = ("influxdb", "/etc/sprocket/influxdb.env")
MINIO = ("minio", "/run/secrets/minio.env")
POLICY = ("minio-keeper", "/etc/sprocket/policies/s3-access-key.json")
RABBITMQ = ("rabbitmq", "/etc/rabbitmq/conf.d/90-sprocket.conf")
REDIS = ("redis", "/usr/local/etc/redis/redis.conf")
STATIC = ("traefik", "/etc/traefik/traefik.yml")
DYNAMIC = ("traefik", "/etc/traefik/dynamic.yml")
FORWARD_AUTH = ("forward-auth", "/run/secrets/forward-auth.yaml")


def refusals_in(platform: Platform) -> list[str]:
    """What programs would refuse, or pass over, of all that is rendered for them."""
    return [said for each in rendered(platform.services) for said in each.refusals]


@pytest.mark.parametrize("environment", ALL)
def test_programs_know_every_key_where_it_stands(environment: str) -> None:
    found = [said for each in rendered(services(environment)) for said in each.refusals]
    assert not found, "\n".join(["", *found])


def test_tinyauth_knows_every_key() -> None:
    """No environment has it at present."""
    found = finished(altered("prod", with_tinyauth))
    read = list(rendered(Platform.of(found.stack, found.document).services))
    refusals = [each.refusals for each in read if each.program == "tinyauth"]
    assert refusals == [[]]


@pytest.mark.parametrize("environment", ALL)
def test_every_file_with_keys_has_a_record(environment: str) -> None:
    assert without_record(services(environment)) == set(), (
        "name their records in tests/policy/rendered_files.py"
    )


@pytest.mark.parametrize("record", records().values(), ids=lambda record: record.path.name)
def test_a_record_is_of_the_pinned_version(record: Record) -> None:
    pinned = version_of(read_yaml(LOCK)["images"][record.program]["tag"])
    wanted = FOLDER / f"{record.program}-{pinned}.{record.what}.yaml"
    assert record.version == pinned, (
        f"{record.path.name} says what {record} knows, and images.lock.yaml pins {pinned}: read what its `origin` names "
        f"at {pinned}, write it to {wanted.name} (or, taken from another version, <program>-{pinned}-from-<that one>), "
        "and remove the old file"
    )


def test_every_record_is_used() -> None:
    """One that nothing is compared with would only look like a check."""
    used = {(each.program, each.what) for environment in ALL for each in rendered(services(environment))}
    assert set(records()) - used == {("tinyauth", "environment")}


@dataclass(frozen=True)
class Misspelt:
    """A text of a file put in place of another, and what must be said about it."""

    file: tuple[str, str]
    old: str
    new: str
    says: str

    def seed(self, seeded: Seeded) -> None:
        seeded.replace(*self.file, self.old, self.new)


FAULTS = {
    # a key that no level has
    "telegraf-key": Misspelt(TELEGRAF, "percpu =", "percpus =", "'percpus' in inputs/cpu is unknown to telegraf 1.39.3; nearest: percpu"),
    "telegraf-redis-key": Misspelt(REDIS_INPUT, "servers =", "server =", "'server' in inputs/redis"),
    "loki-key": Misspelt(LOKI, "retention_enabled", "retention_enable", "'retention_enable' in compactor is unknown to loki 3.7.6; nearest: retention_enabled"),
    "alloy-key": Misspelt(ALLOY, "forward_to =", "forwards_to =", "'forwards_to' in loki.source.docker"),
    "grafana-key": Misspelt(GRAFANA, "cookie_secure", "cookies_secure", "'cookies_secure' in security"),
    "grafana-source-key": Misspelt(SOURCES, "isDefault", "default", "'default' in datasources/datasources"),
    "grafana-rule-key": Misspelt(RULES, "noDataState", "nodataState", "nearest: noDataState"),
    "grafana-board-key": Misspelt(BOARD, '"rawQuery"', '"raw"', "'raw' in panels/targets"),
    "influxdb-key": Misspelt(INFLUXDB, "INIT_ORG=", "INIT_ORGANIZATION=", "'DOCKER_INFLUXDB_INIT_ORGANIZATION' in the top level"),
    "minio-key": Misspelt(MINIO, "MINIO_ROOT_USER=", "MINIO_ROOT_NAME=", "'MINIO_ROOT_NAME' in the top level"),
    "minio-policy-key": Misspelt(POLICY, '"Resource"', '"Resources"', "'Resources' in Statement"),
    "rabbitmq-key": Misspelt(RABBITMQ, "heartbeat =", "heartbeats =", "nearest: heartbeat"),
    "redis-key": Misspelt(REDIS, "appendfsync ", "append-fsync ", "nearest: appendfsync"),
    "traefik-key": Misspelt(STATIC, "exposedByDefault", "exposeByDefault", "nearest: exposedbydefault"),
    "traefik-dynamic-key": Misspelt(DYNAMIC, "stsSeconds", "hstsSeconds", "nearest: stsseconds"),
    "forward-auth-key": Misspelt(FORWARD_AUTH, "cookie-domains", "cookie-domain", "nearest: cookie-domains"),
    # a key of another level
    "telegraf-level": Misspelt(TELEGRAF, "percpu = false", "always_include_local_tags = true", "'always_include_local_tags' in inputs/cpu is unknown to telegraf 1.39.3, which ignores it there without a word; it belongs to agent"),
    "telegraf-agent-level": Misspelt(TELEGRAF, "round_interval = true", 'name_override = "x"', "'name_override' in agent"),
    "loki-level": Misspelt(LOKI, "retention_delete_delay: 2h", "retention_delete_delay: 2h\n  retention_period: 2h", "'retention_period' in compactor is unknown to loki 3.7.6; it belongs to limits_config"),
    "alloy-level": Misspelt(ALLOY, "endpoint {", 'batch_wait = "1s"\n  endpoint {', "'batch_wait' in loki.write is unknown to alloy 1.18.1; it belongs to loki.write/endpoint"),
    "grafana-level": Misspelt(GRAFANA, "[security]", "[security]\nroot_url = x", "it belongs to server"),
    "grafana-source-level": Misspelt(SOURCES, "isDefault", "dbName", "it belongs to datasources/datasources/jsonData"),
    "grafana-rule-level": Misspelt(RULES, '"noDataState": "Alerting",', '"noDataState": "Alerting", "interval": "1m",', "it belongs to alerting/groups"),
    "grafana-board-level": Misspelt(BOARD, '"refresh"', '"unit": "s", "refresh"', "it belongs to panels/fieldConfig/defaults"),
    "minio-policy-level": Misspelt(POLICY, '"Version"', '"Effect": "Allow", "Version"', "it belongs to Statement"),
    "traefik-level": Misspelt(STATIC, "maxHeaderBytes: *headers\n      # Slashes", "respondingTimeouts: {readTimeout: 1s}\n      # Slashes", "it belongs to entrypoints/*/transport"),
    "traefik-dynamic-level": Misspelt(DYNAMIC, "average:", "trustForwardHeader: true\n        average:", "it belongs to http/middlewares/*/forwardauth"),
    "forward-auth-level": Misspelt(FORWARD_AUTH, "provider: generic-oauth", "provider: generic-oauth\ntoken-style: header", "it belongs to providers/generic-oauth"),
    # a section or plugin that does not exist, and a value where a section belongs
    "telegraf-section": Misspelt(TELEGRAF, "[[inputs.mem]]", "[[inputs.memory]]", "'memory' in inputs"),
    "loki-section": Misspelt(LOKI, "analytics:", "analytic:", "'analytic' in the top level"),
    "alloy-section": Misspelt(ALLOY, "stage.replace", "stage.substitute", "'stage.substitute' in loki.process"),
    "grafana-section": Misspelt(GRAFANA, "[auth.anonymous]", "[auth.nobody]", "'auth.nobody' in the top level"),
    "grafana-source-section": Misspelt(SOURCES, "datasources:", "sources:", "'sources' in datasources"),
    "rabbitmq-section": Misspelt(RABBITMQ, "log.console.formatter", "logs.console.formatter", "nearest: log.console.formatter"),
    "traefik-section": Misspelt(STATIC, "certificatesResolvers:", "certificateResolvers:", "nearest: certificatesresolvers"),
    "traefik-value": Misspelt(STATIC, "refreshSeconds: 2", "refreshSeconds: {every: 2}", "providers/swarm/refreshseconds is a value to traefik 3.7.15"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_seeded_fault_is_refused(fault: Misspelt) -> None:
    assert_new(fault.seed, fault.says)


def test_a_label_that_traefik_does_not_know_is_refused() -> None:
    def seed(seeded: Seeded) -> None:
        label = next(each for each in seeded.service("grafana")["labels"] if each["label"].endswith(".rule"))
        label["label"] = label["label"].replace("routers", "router")

    assert_new(
        seed, "labels of grafana: 'router' in traefik/http is unknown to traefik 3.7.15; nearest: routers"
    )


@pytest.mark.parametrize(
    ("service", "old", "new", "says"),
    [
        ("alloy", "--storage.path", "--storage.folder", "nearest: storage.path"),
        ("socket-proxy", "-allowGET", "-allowget", "'allowget' in the top level is unknown to socket-proxy"),
        ("minio", "--console-address", "--console", "nearest: console-address"),
        ("postgres", "--shared_buffers", "--shared_buffer", "nearest: shared_buffers"),
        ("forward-auth", "--config", "--configuration", "nearest: config"),
    ],
)
def test_an_argument_that_a_program_does_not_know_is_refused(
    service: str, old: str, new: str, says: str
) -> None:
    def seed(seeded: Seeded) -> None:
        args = seeded.container(service)["args"]
        seeded.container(service)["args"] = [arg.replace(old, new) for arg in args]

    assert_new(seed, f"arguments of {service}: ", "local")
    assert_new(seed, says, "local")


def assert_new(seed: Callable[[Seeded], None], says: str, environment: str = "prod") -> None:
    """Something is said about what was seeded that was not said before."""
    seeded = Seeded(environment)
    stack = synthesized(environment).stack
    before = refusals_in(Platform.of(stack, seeded.document))
    seed(seeded)
    new = [said for said in refusals_in(Platform.of(stack, seeded.document)) if said not in before]
    assert any(says in said for said in new), "\n".join(
        [f"not said: {says}", *(new or ["nothing was refused"])]
    )
