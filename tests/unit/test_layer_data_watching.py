"""The data layer: metrics, logs, dashboards and alerts."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from fnmatch import fnmatch
from typing import Any

import pytest
from sprocket_constructs import ConstructError

from layers.platform.broker import QUEUES
from layers.services import ServicesStack
from tests.influxql import queries, recorded
from tests.stacks.synthesis import ALL, altered, built, cloud, declared, service, text_at
from tests.unit.layer_data_files import pairs, yaml_at

# -- influxdb ------------------------------------------------------------------------------------------------


def test_influxdb_reads_secrets_from_files_that_it_has() -> None:
    settings = pairs(text_at(declared("local"), "influxdb", "/etc/sprocket/influxdb.env"))
    files = {name for name in settings if name.endswith("_FILE")}
    # The image knows _FILE for these three and no other.
    assert files and files <= {
        f"DOCKER_INFLUXDB_INIT_{name}_FILE" for name in ("USERNAME", "PASSWORD", "ADMIN_TOKEN")
    }
    assert {settings[name] for name in files} <= {
        m.at for m in service(declared("local"), "influxdb").file_mounts
    }


def test_the_administrators_token_is_with_the_server_its_keeper_and_its_backup_only() -> None:
    readers = {
        s.name
        for s in declared("staging").services
        for m in s.file_mounts
        if "influxdb-admin-token" in m.file.secret_names
    }
    assert readers == {"influxdb", "influxdb-keeper", "influxdb-backup"}


def test_a_bucket_has_one_owner() -> None:
    influxdb = built(altered("staging", lambda doc: None)).data.influxdb
    with pytest.raises(ConstructError, match="bucket telegraf is taken"):
        influxdb.bucket("telegraf")


def test_a_user_has_one_password_and_one_set_of_rights() -> None:
    layers = built(altered("staging", lambda doc: None))
    influxdb = layers.data.influxdb
    with pytest.raises(ConstructError) as raised:
        influxdb.user("telegraf", password=layers.secrets.influxdb_grafana_password, reads=["*"])
    assert str(raised.value).endswith(
        "/influxdb: user telegraf is taken; give each program that asks InfluxDB a user of its own"
    )


# -- telegraf ------------------------------------------------------------------------------------------------


def telegraf(environment: str) -> dict[str, Any]:
    text = text_at(declared(environment), "telegraf", "/etc/telegraf/telegraf.conf")
    return tomllib.loads(text)


def test_each_instance_writes_its_own_bucket_with_its_own_token() -> None:
    listeners = telegraf("staging")["inputs"]["influxdb_v2_listener"]
    assert [(x["service_address"], x["tags"]["bucket"]) for x in listeners] == [
        (":8186", "sprocket_dev"),
        (":8187", "sprocket_staging"),
    ]
    assert len({x["token"] for x in listeners}) == 2
    assert telegraf("staging")["outputs"]["influxdb"][0]["database_tag"] == "bucket"


def test_a_token_writes_one_bucket_that_is_there() -> None:
    telegraf = built(altered("staging", lambda doc: None)).data.telegraf
    (first, _) = telegraf.tokens
    with pytest.raises(ConstructError) as caught:
        telegraf.token(name="t", value=first.value, bucket="nowhere")
    assert str(caught.value) == (
        "staging-services/data/telegraf: token t writes into bucket nowhere, which InfluxDB does not have; "
        "use one of telegraf, sprocket_dev, sprocket_staging, or declare it first: influxdb.bucket(...)"
    )
    with pytest.raises(
        ConstructError, match=f"token {first.name} is declared twice; give each writer a token"
    ):
        telegraf.token(name=first.name, value=first.value, bucket="telegraf")


@pytest.mark.parametrize("environment", ALL)
def test_every_secret_that_telegraf_names_is_a_file_it_has(environment: str) -> None:
    stack = declared(environment)
    text = text_at(stack, "telegraf", "/etc/telegraf/telegraf.conf")
    named = set(re.findall(r"@\{files:(.+?)\}", text))
    have = {m.at.removeprefix("/run/secrets/") for m in service(stack, "telegraf").file_mounts}
    assert named and named <= have
    assert tomllib.loads(text_at(stack, "telegraf", "/etc/telegraf/telegraf.d/redis.conf"))["inputs"]["redis"]


def test_telegraf_watches_traefik_and_every_certificate() -> None:
    inputs = telegraf("prod")["inputs"]
    assert "http://traefik:8082/metrics" in [url for each in inputs["prometheus"] for url in each["urls"]]
    hosts = {route.host for route in declared("prod").ingress.gateway.routes}
    assert {each["server_name"] for each in inputs["x509_cert"]} == hosts


def test_telegraf_reads_each_queue_that_stays() -> None:
    """A queue of a connection, of a worker or of a match would be a series for ever."""
    (queues,) = (
        each for each in telegraf("prod")["inputs"]["prometheus"] if each["name_override"] == "rabbitmq_queue"
    )
    assert queues["urls"] == [
        "http://rabbitmq:15692/metrics/detailed?family=queue_coarse_metrics&family=queue_consumer_count"
    ]
    dropped = queues["tagdrop"]["queue"]
    short_lived = ("amq.gen-x7", "celeryev.3f", "celery@host.celery.pidbox", "scrim-12", "lfs-3", "match-9")
    for name in (*(f"production-{queue}" for queue in QUEUES), *short_lived):
        assert any(fnmatch(name, pattern) for pattern in dropped) is (name in short_lived), name


def test_with_workers_the_swarm_is_asked_of_a_manager() -> None:
    def with_worker(document: dict[str, Any]) -> None:
        document["nodes"]["more"] = {"count": 2, "role": "worker", "cpus": 2, "memory": "4GiB"}

    stack = built(altered("staging", with_worker))
    docker = tomllib.loads(text_at(stack, "telegraf", "/etc/telegraf/telegraf.conf"))["inputs"]["docker"]
    assert [(each["endpoint"], each["gather_services"]) for each in docker] == [
        ("unix:///run/collectors/docker.sock", False),
        ("tcp://swarm-socket-proxy:2375", True),
    ]
    assert service(stack, "swarm-socket-proxy").constraints == ("node.role==manager",)
    assert service(stack, "telegraf").scale.replicas == service(stack, "alloy").scale.replicas == 3


def test_block_volumes_are_looked_at_where_there_are_some() -> None:
    assert telegraf("local")["inputs"]["disk"][0]["mount_points"] == ["/"]
    assert "/hostfs/mnt/redis" in telegraf("prod")["inputs"]["disk"][0]["mount_points"]


# -- loki and alloy ------------------------------------------------------------------------------------------


def test_loki_deletes_what_is_old() -> None:
    config = yaml_at(declared("local"), "loki", "/etc/loki/local-config.yaml")
    assert config["compactor"]["retention_enabled"] is True and config["compactor"]["delete_request_store"]
    assert config["limits_config"]["retention_period"] == "336h"


def test_alloy_takes_passwords_out_of_urls() -> None:
    config = text_at(declared("local"), "alloy", "/etc/alloy/config.alloy")
    match = re.search(r"expression = `(://.+)`", config)
    assert match is not None
    said = "Connecting to RabbitMQ @ amqp://sprocket:s3cret@rabbitmq:5672 and redis://:pw@redis:6379, see https://example.org/a:b"
    found = re.sub(match[1], lambda m: m[0].replace(m[1], "***"), said)
    assert (
        found
        == "Connecting to RabbitMQ @ amqp://***@rabbitmq:5672 and redis://***@redis:6379, see https://example.org/a:b"
    )
    assert set(re.findall(r'target_label\s+= "(\w+)"', config)) == {"service"}


@pytest.mark.parametrize("ampersand", ["&", r"\u0026"])
def test_alloy_takes_codes_of_sign_ins_out_of_addresses(ampersand: str) -> None:
    config = text_at(declared("local"), "alloy", "/etc/alloy/config.alloy")
    match = re.search(r"expression = `(.+code=.+)`", config)
    assert match is not None
    for said in (
        "/_oauth?code=s3cret{}state=a",
        "/_oauth?state=a{}code=s3cret",
        "/_oauth?state=a{}code=s3cret{}b=1",
    ):
        line = json.dumps({"msg": "x", "uri": "URI"}).replace("URI", said.replace("{}", ampersand))
        found = re.sub(match[1], lambda m: m[0].replace(m[1], "***"), line)
        assert found == line.replace("s3cret", "***")


# -- grafana -------------------------------------------------------------------------------------------------


def ini(stack: ServicesStack) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text_at(stack, "grafana", "/etc/grafana/grafana.ini"))
    return parser


def own_database(document: dict[str, Any]) -> None:
    document["data"].setdefault("grafana", {})["database"] = "postgres"


@pytest.mark.parametrize(
    ("environment", "host", "mode"),
    [
        ("local", "postgres:5432", "disable"),
        ("prod", "db.sprocket.mlesports.gg:25060", "require"),
    ],
)
def test_grafana_in_a_database_of_its_own(environment: str, host: str, mode: str) -> None:
    stack = built(altered(environment, own_database))
    database = ini(stack)["database"]
    assert (database["type"], database["host"], database["ssl_mode"]) == ("postgres", host, mode)
    assert database["password"] == "$__file{/run/secrets/grafana-database-password}"
    assert "CREATE DATABASE" in text_at(stack, "postgres-keeper", "/etc/sprocket/keeper.sh")
    assert "postgres-keeper" in {s.name for s in service(stack, "grafana").waits_for}


def test_grafana_on_its_volume() -> None:
    stack = declared("prod")
    settings = ini(stack)
    assert settings["database"]["type"] == "sqlite3"
    assert settings["server"]["root_url"] == "https://grafana.admin.sprocket.mlesports.gg/"
    assert settings["auth.anonymous"]["enabled"] == settings["users"]["allow_sign_up"] == "false"
    have = {m.at for m in service(stack, "grafana").file_mounts}
    named = re.findall(r"\$__file\{(.+?)\}", text_at(stack, "grafana", "/etc/grafana/grafana.ini"))
    assert named and set(named) <= have


def test_each_bucket_is_a_data_source_read_by_a_user_that_may_not_write() -> None:
    sources = yaml_at(declared("staging"), "grafana", "/etc/grafana/provisioning/datasources/platform.yaml")[
        "datasources"
    ]
    assert [s["uid"] for s in sources] == [
        "influxdb",
        "influxdb-sprocket_dev",
        "influxdb-sprocket_staging",
        "loki",
    ]
    assert [s["jsonData"]["dbName"] for s in sources[:3]] == ["telegraf", "sprocket_dev", "sprocket_staging"]
    script = text_at(declared("staging"), "influxdb-keeper", "/etc/sprocket/keeper.sh")
    assert re.findall(r"^may (\w+) \w+$", script.partition("user telegraf")[2], re.MULTILINE) == ["read"] * 3


def test_rules_name_data_sources_that_exist() -> None:
    sources = yaml_at(declared("local"), "grafana", "/etc/grafana/provisioning/datasources/platform.yaml")
    known = {source["uid"] for source in sources["datasources"]} | {"__expr__"}
    for rule in rules():
        assert {step["datasourceUid"] for step in rule["data"]} <= known, rule["uid"]


def rules() -> list[dict[str, Any]]:
    document = yaml_at(declared("local"), "grafana", "/etc/grafana/provisioning/alerting/platform.yaml")
    found: list[dict[str, Any]] = document["groups"][0]["rules"]
    return found


def test_alert_rules_are_whole() -> None:
    for rule in rules():
        refs = [step["refId"] for step in rule["data"]]
        assert rule["condition"] == "crossed" and len(set(refs)) == len(refs), rule["uid"]
        for step in rule["data"]:
            model = step["model"]
            asked = re.findall(r"\$(\w+)", str(model.get("expression", ""))) or [model.get("expression")]
            assert {ref for ref in asked if ref} <= set(refs), rule["uid"]
            if step["datasourceUid"] == "influxdb":
                assert re.search(r"WHERE time > now\(\) - \d+s", model["query"]), rule["uid"]
        assert "$" not in rule["annotations"]["summary"], (
            "Grafana would take it for a variable of its environment"
        )


def test_what_must_be_noticed_has_a_rule() -> None:
    assert {
        "service-down", "restart-loop", "disk-nearly-full", "certificate-expires", "queue-backlog",
        "broker-memory-alarm", "redis-memory-nearly-full", "backup-late", "backup-failed", "backup-shrank",
        "backup-bucket-damaged",
    } <= {rule["uid"] for rule in rules()}  # fmt: skip
    unheard = {rule["uid"] for rule in rules() if rule["noDataState"] == "Alerting"}
    assert unheard == {"no-measurements", "backup-late"}, "no metrics at all must not look like peace"


@pytest.mark.parametrize("environment", ALL)
def test_the_root_disk_of_each_node_has_an_alert(environment: str) -> None:
    """The engine's folder is there, too: a task's own / lies in it, and the collector asks how full that file system is."""
    stack = declared(environment)
    collector = service(stack, "telegraf")
    assert collector.scale.max_per_node == 1 and collector.hostname == "{{.Node.Hostname}}"
    (disk,) = telegraf(environment)["inputs"]["disk"]
    assert "/" in disk["mount_points"] and "overlay" not in disk["ignore_fs"]
    assert "host" not in disk.get("tagexclude", ()), "each node is a series of its own"
    (rule,) = (rule for rule in rules() if rule["uid"] == "disk-nearly-full")
    query = next(step["model"]["query"] for step in rule["data"] if step["datasourceUid"] == "influxdb")
    assert 'GROUP BY "host", "path"' in query and "AND" not in query
    (asked,) = (each for each in queries() if "disk-nearly-full" in each.place)
    assert asked.unanswered(recorded()) == []


def test_who_watches_is_watched_from_outside() -> None:
    """DigitalOcean asks for a page that is 503 as soon as nothing of Grafana arrives, by the port that the page leads to."""
    (route,) = (r for r in declared("prod").ingress.gateway.routes if r.service.name == "telegraf")
    (watch,) = (each for each in telegraf("prod")["outputs"]["health"] if "namepass" in each)
    assert watch["service_address"] == f"http://:{route.port}"
    assert (watch["namepass"], watch["max_time_between_metrics"]) == (["grafana"], "1m")
    checks = cloud("prod").document["resource"]["digitalocean_uptime_check"]
    assert checks["monitoring"]["target"] == f"https://{route.host}{route.path}"
    assert "telegraf" not in {r.service.name for r in declared("local").ingress.gateway.routes}


def test_alerts_go_to_discord_where_the_settings_say_so() -> None:
    at = "/etc/grafana/provisioning/alerting/contact.yaml"
    contact = yaml_at(declared("prod"), "grafana", at)["contactPoints"][0]["receivers"][0]
    assert (contact["type"], contact["settings"]["url"]) == ("discord", "@@secret:alerts-webhook@@")
    assert "alerts-webhook" in {s.name for s in declared("prod").supplied_secrets}
    assert at not in {m.at for m in service(declared("local"), "grafana").file_mounts}
    assert "grafana-egress" not in service(declared("local"), "grafana").attachments


# -- stores that stand and store nothing -----------------------------------------------------------------------


def test_loki_keeps_everything_on_its_volume() -> None:
    """Which client stores is said, since it decides which of two sections counts (loki v3.7.6 pkg/storage/factory.go:491)."""
    config = yaml_at(declared("local"), "loki", "/etc/loki/local-config.yaml")
    (volume,) = [m.target for m in service(declared("local"), "loki").data_mounts]
    assert config["storage_config"]["use_thanos_objstore"] is True
    assert set(config["common"]["storage"]) == {"object_store"}
    folders = [
        config["common"]["path_prefix"] + "/",
        config["common"]["storage"]["object_store"]["filesystem"]["dir"],
        config["ruler_storage"]["filesystem"]["dir"],
        config["compactor"]["working_directory"],
    ]
    assert all(folder.startswith(f"{volume}/") for folder in folders)


def test_alloy_reads_tasks_that_have_ended() -> None:
    """The engine lists those only when asked for their status, and the reason of a crash loop is in their last lines."""
    text = text_at(declared("local"), "alloy", "/etc/alloy/config.alloy")
    discovery = text[text.index("discovery.docker") : text.index("discovery.relabel")]
    assert re.search(r'name\s*=\s*"status"\s*values\s*=\s*\["running", "exited"\]', discovery)


def test_a_store_that_cannot_store_is_noticed() -> None:
    """By a health check that writes, or a rule on the program's own account of failed writes."""
    by_rule = {"redis": "redis-cannot-write", "loki": "loki-cannot-store", "rabbitmq": "broker-disk-alarm"}
    assert set(by_rule.values()) <= {rule["uid"] for rule in rules()}
    assert service(declared("local"), "minio").health.test[-1].endswith("/minio/health/cluster")
