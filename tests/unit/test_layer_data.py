"""The data layer: stores, who may open them, and what their files say."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sprocket_constructs import ConstructError, GeneratedSecret, sharing

from layers.data.redis import RedisAccount
from layers.services import ServicesStack
from tests.stacks.synthesis import altered, built, declared, json_at, service, text_at
from tests.unit.layer_data_files import pairs


def members(stack: ServicesStack, network: str) -> list[str]:
    return sharing(stack.services)[network]


# -- what holds for all of them ------------------------------------------------------------------------------


def test_postgres_is_stopped_fast_and_not_smart() -> None:
    """TERM would wait for every client to leave by itself."""
    assert service(declared("local"), "postgres").stop.signal == "SIGINT"


def test_admin_pages_are_behind_the_admin_role_and_nothing_else_is_routed() -> None:
    stack = declared("prod")
    routes = {
        r.service.name: (r.host, str(r.access))
        for r in stack.ingress.gateway.routes
        if "/data/" in r.service.node.path
    }
    assert routes == {
        name: (f"{name}.admin.sprocket.mlesports.gg", "role admin")
        for name in ("rabbitmq", "minio", "influxdb", "grafana")
    } | {"telegraf": ("sprocket.mlesports.gg", "public")}


# -- who can reach whom --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "who"),
    [
        ("loki-net", ["alloy", "grafana", "loki", "telegraf"]),
        ("influxdb-net", ["grafana", "influxdb", "influxdb-backup", "influxdb-keeper", "telegraf"]),
        ("telegraf-net", ["server-analytics-service", "telegraf"]),
    ],
)
def test_only_declared_clients_are_on_a_network(network: str, who: list[str]) -> None:
    assert members(declared("local"), network) == who


def test_collectors_share_a_socket_and_no_network() -> None:
    stack = declared("local")
    for name in ("collectors-socket-proxy", "alloy", "telegraf"):
        assert (
            next(m.target for m in service(stack, name).data_mounts if m.type == "volume")
            == "/run/collectors"
        )
    assert service(stack, "collectors-socket-proxy").attachments == {}
    shown = [m.source for s in stack.services for m in s.data_mounts if m.source == "/var/run/docker.sock"]
    assert len(shown) == 2, "the engine's own socket is in the two proxies only"


def test_clients_wait_for_the_keeper_of_what_they_use() -> None:
    stack = declared("local")
    waits = {s.name: {other.name for other in s.waits_for} for s in stack.services}
    assert {"postgres-keeper", "minio-keeper"} <= waits["core"]
    assert {"influxdb-keeper", "postgres-keeper"} <= waits["telegraf"]
    assert "influxdb-keeper" in waits["grafana"]


# -- redis ---------------------------------------------------------------------------------------------------


def test_redis_listens_where_all_look_and_tells_the_collector_nothing_but_numbers() -> None:
    text = text_at(declared("local"), "redis", "/usr/local/etc/redis/redis.conf")
    assert "\nuser telegraf on >@@secret:redis-telegraf-password@@ -@all +info +ping\n" in text
    conf = pairs(text)
    assert conf["bind"] == "* -::*" and "port" not in conf, "a changed port is what broke the predecessor's"


def test_no_client_of_redis_is_an_administrator() -> None:
    stack = declared("staging")
    text = text_at(stack, "redis", "/usr/local/etc/redis/redis.conf")
    users = dict(re.findall(r"^user (\S+) on >\S+ (.+)$", text, re.M))
    assert set(users) == {"default", "admin", "telegraf", "dev-results", "staging-results"}
    assert users.pop("admin") == "~* &* +@all"
    # A rule that comes later wins.
    for name in ("default", "dev-results", "staging-results"):
        assert re.search(r" -@admin -@dangerous(?: \+info \+keys)?$", users[name]), name
    for name in ("dev-results", "staging-results"):
        assert users[name].startswith("~celery-task-meta-* &celery-task-meta-* -@all +get ")
    readers = {
        each.name
        for each in stack.services
        if any("redis-admin-password" in mount.file.secret_names for mount in each.file_mounts)
    }
    assert readers == {"redis", "redis-backup"}


def test_the_parser_signs_in_to_redis_with_an_account_for_results_alone() -> None:
    stack = declared("staging")
    for instance in ("dev", "staging"):
        settings = json_at(stack, f"{instance}-replay-parse-service", "/app/config/production.json")
        password = f"@@secret:{instance}-redis-results-password@@"
        assert settings["celery"]["backend"] == f"redis://{instance}-results:{password}@redis:6379"


@pytest.mark.parametrize(
    ("name", "keys", "said"),
    [
        ("main-results", "results-*", "account main-results is declared twice; give each client an account of its own"),
        ("admin", "results-*", "account admin is the administrator's; give each client an account of its own"),
        ("telegraf", "results-*", "account telegraf is the collector's; give each client an account of its own"),
        ("default", "results-*", "user of Redis 'default' is not allowed; use letters"),
        ("spare", "results-* +@all", "pattern of keys in Redis 'results-* +@all' is not allowed; use letters"),
        ("spare", "*", "pattern of keys in Redis '*' is not allowed; use letters"),
        ("spare", "", "pattern of keys in Redis '' is not allowed; use letters"),
    ],
)  # fmt: skip
def test_an_account_that_redis_cannot_have_or_that_would_see_more_is_refused(
    name: str, keys: str, said: str
) -> None:
    stack = built(altered("local", lambda document: None))
    with pytest.raises(ConstructError, match=re.escape(said)):
        stack.data.redis.account(RedisAccount(name=name, password=stack.secrets.redis_password, keys=keys))


def test_the_password_of_redis_is_not_on_a_command_line() -> None:
    words = " ".join(service(declared("local"), "redis").health.words)
    assert "-a " not in words and 'REDISCLI_AUTH="$(cat /run/secrets/redis-password)"' in words


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_redis_must_know_json(environment: str) -> None:
    assert "json.set" in " ".join(service(declared(environment), "redis").health.words)


# -- rabbitmq ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("environment", "permitted"), [("local", False), ("prod", True)])
def test_deprecated_features_are_permitted_where_the_broker_knows_them(
    environment: str, permitted: bool
) -> None:
    conf = pairs(text_at(declared(environment), "rabbitmq", "/etc/rabbitmq/conf.d/90-sprocket.conf"))
    lines = [name for name in conf if name.startswith("deprecated_features.")]
    wanted = ["transient_nonexcl_queues", "global_qos"] if permitted else []
    assert lines == [f"deprecated_features.permit.{name}" for name in wanted]


# -- postgres ------------------------------------------------------------------------------------------------


def test_postgres_in_the_swarm() -> None:
    stack = declared("local")
    server = service(stack, "postgres")
    assert server.environment == {"POSTGRES_PASSWORD_FILE": "/run/secrets/postgres-password"}
    assert {"--shared_buffers=64MB", "--effective_cache_size=192MB"} <= set(server.args)
    (kind, check) = server.health.test
    assert kind == "CMD-SHELL"
    assert " -h 127.0.0.1 " in check, "the server that sets up an empty directory answers on its socket"
    assert "pg_logical_emit_message(true," in check, "a commit reaches the disk"
    address = stack.data.postgres.address
    assert (address.host, address.port, address.tls) == ("postgres", 5432, False)


def test_a_password_that_came_with_the_cluster_is_not_made_up_where_all_others_are() -> None:
    assert [one.name for one in declared("rehearsal-managed").supplied_secrets] == ["postgres-password"]
    assert not declared("rehearsal").supplied_secrets


def test_a_database_belongs_to_one_owner() -> None:
    stack = built(altered("local", lambda doc: None))
    password = GeneratedSecret(stack, "p", name="other-password")
    postgres = stack.data.postgres
    postgres.database("mine", owner="me", password=password)
    with pytest.raises(
        ConstructError, match="database mine is declared twice, by me and other; give each a name of its own"
    ):
        postgres.database("mine", owner="other", password=password)
    with pytest.raises(
        ConstructError, match="role telegraf has the passwords postgres-telegraf-password and other-password"
    ):
        postgres.role("telegraf", password=password)
    with pytest.raises(ConstructError, match="role postgres is the server's own superuser"):
        postgres.role("postgres", password=password)
    with pytest.raises(ConstructError, match=r"database name 'a\"b' is not allowed; use a-z"):
        postgres.database('a"b', owner="x", password=password)


# -- object storage ------------------------------------------------------------------------------------------


def test_an_account_may_use_its_buckets_and_nothing_else() -> None:
    policies = [
        json_at(declared("staging"), "minio-keeper", m.at)
        for m in service(declared("staging"), "minio-keeper").file_mounts
        if m.at.endswith("s3-access-key.json")
    ]
    assert len(policies) == 2
    for policy in policies:
        resources = [arn for statement in policy["Statement"] for arn in statement["Resource"]]
        actions = [action for statement in policy["Statement"] for action in statement["Action"]]
        assert not any(
            "*" in action or "Policy" in action or action == "s3:CreateBucket" for action in actions
        )
        assert not any(arn.startswith("arn:aws:s3:::*") for arn in resources)
    first, second = ({a for s in p["Statement"] for a in s["Resource"]} for p in policies)
    assert not first & second, "two instances share no bucket"


def spaces(document: dict[str, Any]) -> None:
    document["data"]["object_storage"] = {"kind": "spaces", "endpoint": "nyc3.digitaloceanspaces.com"}


def test_spaces_need_no_service() -> None:
    stack = built(altered("prod", spaces))
    assert not {"minio", "minio-keeper"} & {s.name for s in stack.services}
    assert "Spaces is outside the swarm" in service(stack, "core").internet_reasons
    at = stack.data.object_storage.connect(service(stack, "grafana"))
    assert (at.host, at.port, at.tls, at.region) == ("nyc3.digitaloceanspaces.com", 443, True, "nyc3")


def test_buckets_and_accounts_must_be_right() -> None:
    stack = built(altered("local", lambda doc: None))
    storage = stack.data.object_storage
    keys = {n: GeneratedSecret(stack, n, name=n) for n in ("key", "secret")}
    storage.bucket("mine")
    with pytest.raises(ConstructError, match="bucket mine is declared twice; give each its own name"):
        storage.bucket("mine")
    with pytest.raises(ConstructError, match="bucket name 'Mine' is not allowed; use 3 to 63"):
        storage.bucket("Mine")
    with pytest.raises(
        ConstructError, match=r"account key is for theirs; declared are .*mine; declare the bucket first"
    ):
        storage.account(access_key=keys["key"], secret_key=keys["secret"], buckets=["theirs"])
    storage.account(access_key=keys["key"], secret_key=keys["secret"], buckets=["mine"])
    with pytest.raises(ConstructError, match="account key is declared twice"):
        storage.account(access_key=keys["key"], secret_key=keys["secret"], buckets=["mine"])
