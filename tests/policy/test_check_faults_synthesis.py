"""Seeded faults in an environment's file or in a layer: refused by the settings, by synthesis or by the check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sprocket_constructs import Access, GeneratedSecret, Image, SwarmSecret, SwarmService

from layers.data.rabbitmq import RabbitMQ
from layers.data.redis import Redis
from layers.data.telegraf import Telegraf
from layers.ingress.layer import IngressLayer
from layers.platform.broker import FRAME_MAX
from layers.platform.instance import Instance
from layers.platform.matchmaking_service import MatchmakingService
from layers.platform.node_service import NodeService
from layers.platform.web import Web
from layers.site import Site
from ops.check.finding import Finding
from tests.policy.seeding import findings_of_layers, findings_with_settings, said

Change = Callable[[dict[str, Any]], object]
Patch = Callable[[pytest.MonkeyPatch], None]


def instances(document: dict[str, Any]) -> Any:
    return document["platform"]["instances"]


SETTINGS: dict[str, tuple[str, Change, str, str, str]] = {
    "empty role list": (
        "prod", lambda d: d["ingress"]["sign_in"]["roles"].update(admin=[]),
        "prod.yaml: ingress/sign_in/roles/admin", "is empty", "give at least one",
    ),
    "admin role that does not exist": (
        "prod", lambda d: d["ingress"].update(admin_role="boss"),
        "prod.yaml", "ingress/admin_role is 'boss' but ingress/sign_in/roles has admin", "use one of those or add it",
    ),
    "limit above the largest node": (
        "prod", lambda d: d.update(resources={"core": {"cpu": 1, "memory": "64GiB", "reserve_cpu": 0.1, "reserve_memory": "64MiB"}}),
        "prod.yaml: resources/core/memory", "is above the largest node", "lower it",
    ),
    "reservations above the nodes": (
        "prod", lambda d: d["nodes"]["app"].update(memory="4GiB"),
        "prod.yaml: nodes", "after headroom", "reserve less or add a node",
    ),
    "storage on a node that nobody has": (
        "prod", lambda d: d["nodes"]["app"].update(labels={"storage": "big"}),
        "prod.yaml", "no pool of nodes carries", "add it under nodes/<pool>/labels",
    ),
    "two instances on one host": (
        "staging", lambda d: instances(d)["dev"].update(host="staging.sprocket.mlesports.gg"),
        "staging.yaml: platform/instances/staging/host", "is staging.sprocket.mlesports.gg, and so is platform/instances/dev/host", "give one of them another name",
    ),
    "an instance on an admin page's host": (
        "staging", lambda d: instances(d)["dev"].update(image_generation_host="grafana.admin.staging.sprocket.mlesports.gg"),
        "staging-services/platform/dev/image-generation-frontend", "already leads to staging-services/data/grafana/grafana", "a host or path of its own",
    ),
    "two instances with one queue prefix": (
        "staging", lambda d: instances(d)["dev"].update(queue_prefix="staging"),
        "staging.yaml: platform/instances/staging/queue_prefix", "is staging, and so is platform/instances/dev/queue_prefix", "give one of them another name",
    ),
    "two instances with one database": (
        "staging", lambda d: instances(d)["dev"].update(database="sprocket_staging"),
        "staging.yaml: platform/instances/staging/database", "is sprocket_staging, and so is platform/instances/dev/database", "give one of them another name",
    ),
    "two instances with one bucket": (
        "staging", lambda d: instances(d)["dev"].update(influx_bucket="sprocket_staging"),
        "staging.yaml: platform/instances/staging/influx_bucket", "is sprocket_staging, and so is platform/instances/dev/influx_bucket", "give one of them another name",
    ),
    "a bucket of the platform itself": (
        "staging", lambda d: instances(d)["dev"].update(influx_bucket="telegraf"),
        "staging-services/data/influxdb", "bucket telegraf is taken", "a bucket of its own",
    ),
    "organization id as text": (
        "prod", lambda d: instances(d)["main"].update(organization_id="2"),
        "prod.yaml: platform/instances/main/organization_id", "is '2', not a whole number", "DEFAULT_ORGANIZATION_ID",
    ),
    "misspelt setting": (
        "prod", lambda d: d["data"]["postgres"].update(hots="x"),
        "prod.yaml: data/postgres/hots", "is not a setting", "did you mean host?",
    ),
    "managed database without a host": (
        "prod", lambda d: d["data"]["postgres"].pop("host"),
        "prod.yaml: data/postgres", "a managed database needs a host", "set host or change where",
    ),
    "editor that cannot speak TLS": (
        "prod", lambda d: instances(d)["main"].pop("image_generation_frontend"),
        "prod.yaml: platform/instances/main/image_generation_frontend", "data/postgres demands TLS", "set it to false",
    ),
    "guarded page that the cookie never reaches": (
        "staging", lambda d: instances(d)["dev"].update(image_generation_host="image-generation.dev.sprocket.mlesports.gg"),
        "staging-services/platform/dev/image-generation-frontend", "signing in would never end",
        "set platform/instances/dev/image_generation_host to a host below admin.staging.sprocket.mlesports.gg, such as "
        "dev-image-generation.admin.staging.sprocket.mlesports.gg",
    ),
    "line of images that nobody wrote": (
        "prod", lambda d: d["platform"].update(line="kafka"),
        "prod.yaml: platform/line", "there is no line 'kafka'", "use one of",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", SETTINGS)
def test_a_fault_in_an_environments_file_is_found(fault: str) -> None:
    environment, change, path, cause, fix = SETTINGS[fault]
    _expect(findings_with_settings(environment, change), path, cause, fix)


def _no_levels(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NodeService, "logs_at_levels", lambda self: None)


def _no_connection(patch: pytest.MonkeyPatch) -> None:
    """Names the server without connecting to it."""
    patch.setattr(Redis, "connect", lambda self, client: self.service.endpoint())


def _wrong_port(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        RabbitMQ, "connect", lambda self, client: client.connect_to(self.service, port="management")
    )


def _frame_max_for_all(patch: pytest.MonkeyPatch) -> None:
    plain = Instance.broker_url
    patch.setattr(
        Instance,
        "broker_url",
        lambda self, client, **rest: plain(self, client, **{**rest, "frame_max": True}),
    )


def _shared_events_key(patch: pytest.MonkeyPatch) -> None:
    def set_name(self: NodeService, **options: Any) -> Any:
        return broker(self, **options).model_copy(
            update={"events_application_key": "sprocket"} if options.get("events") else {}
        )

    broker = NodeService.uses_broker
    patch.setattr(NodeService, "uses_broker", set_name)


def _swapped_secret(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Instance, "redis_password", property(lambda self: self._shared.rabbitmq_password))


def _secret_for_nobody(patch: pytest.MonkeyPatch) -> None:
    build = Web._reads_configuration

    def with_one_more(self: Web) -> None:
        GeneratedSecret(self, "spare", name=f"{self.name}-spare")
        build(self)

    patch.setattr(Web, "_reads_configuration", with_one_more)


def _bucket_undeclared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("layers.data.object_storage.ObjectStorage.bucket", lambda self, name: None)


def _token_for_another_bucket(patch: pytest.MonkeyPatch) -> None:
    token = Telegraf.token
    patch.setattr(
        Telegraf, "token", lambda self, name, value, bucket: token(self, name=name, value=value, bucket=f"{bucket}_2")
    )  # fmt: skip


def _unknown_role(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(IngressLayer, "admin", Access.only("ghost"), raising=False)
    build = IngressLayer.__init__

    def renamed(self: IngressLayer, *words: Any, **options: Any) -> None:
        build(self, *words, **options)
        self.admin = Access.only("ghost")

    patch.setattr(IngressLayer, "__init__", renamed)


def _published_store(patch: pytest.MonkeyPatch) -> None:
    connect = RabbitMQ.connect

    def opened(self: RabbitMQ, client: SwarmService) -> Any:
        self.service.publishes(5672, target="amqp")
        return connect(self, client)

    patch.setattr(RabbitMQ, "connect", opened)


def _floating_image(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Site, "image", lambda self, name, instance=None: Image(name=name, tag="latest"))


def _waits_for_each_other(patch: pytest.MonkeyPatch) -> None:
    build = MatchmakingService.__init__

    def circular(self: MatchmakingService, instance: Instance) -> None:
        build(self, instance)
        instance.data.redis.service.starts_after(self)

    patch.setattr(MatchmakingService, "__init__", circular)


def _secret_in_the_open(patch: pytest.MonkeyPatch) -> None:
    build = MatchmakingService.__init__

    def shown(self: MatchmakingService, instance: Instance) -> None:
        build(self, instance)
        self.label("password", str(instance.redis_password))

    patch.setattr(MatchmakingService, "__init__", shown)


def _second_port(patch: pytest.MonkeyPatch) -> None:
    """A file that speaks of a service which nobody connected."""
    build = MatchmakingService.__init__

    def curious(self: MatchmakingService, instance: Instance) -> None:
        build(self, instance)
        content = "http://grafana:3000\n"
        self.reads(
            SwarmSecret(self, "extra", name=f"{self.name}-extra", content=content), at="/app/extra.txt"
        )

    patch.setattr(MatchmakingService, "__init__", curious)


MAIN = "local-services/platform/main"
LAYERS: dict[str, tuple[Patch, str, str, str]] = {
    "missing log levels": (_no_levels, f"{MAIN}/core: /app/config/production.json: logger/levels", "is missing", "add it"),
    "dropped connection": (
        _no_connection, f"{MAIN}/matchmaking-service: /app/config/production.json: redis/host", "shares no network with redis",
        "matchmaking-service.connect_to(redis)",
    ),
    "wrong port of the broker": (
        _wrong_port, f"{MAIN}/core: /app/config/production.json: transport/url", "is its port for management, not for amqp", "port='amqp'",
    ),
    "frameMax for Python": (
        _frame_max_for_all, f"{MAIN}/replay-parse-service: /app/config/production.json: transport/url", "kombu", "frame_max=False",
    ),
    "shared events key": (
        _shared_events_key, f"{MAIN}/submission-service: /app/config/production.json: transport/events_application_key",
        "receive some of the other's events", "one key per service",
    ),
    "swapped secret": (
        _swapped_secret, f"{MAIN}/core: /app/secret/redis-password.txt", "the program reads it as redis-password", "redis_password",
    ),
    "secret for nobody": (_secret_for_nobody, f"{MAIN}/web/spare", "is read by no service", "remove it"),
    "bucket undeclared": (_bucket_undeclared, "local-services/data/object-storage", "declared are none yet", "declare the bucket first"),
    "token for a bucket undeclared": (
        _token_for_another_bucket, "local-services/data/telegraf", "which InfluxDB does not have", "declare it first",
    ),
    "role of nobody": (_unknown_role, "local-services/data/rabbitmq/rabbitmq", "is for role 'ghost'", "use one of admin"),
    "published store": (
        _published_store, "local-services/data/rabbitmq/rabbitmq: published port 5672", "bypass the node's own firewall", "connect_to(...)",
    ),
    "floating images": (_floating_image, f"{MAIN}/core: image", "it is not pinned", "images.lock.yaml"),
    "circle of waiting": (_waits_for_each_other, "local-services/data/redis/redis", "waits for itself", "waits=False"),
    "secret in a label": (_secret_in_the_open, f"{MAIN}/matchmaking-service", "to anyone who may inspect", "read it from a file"),
    "address in an extra file": (
        _second_port, f"{MAIN}/matchmaking-service: /app/extra.txt: line 1", "shares no network with grafana",
        "matchmaking-service.connect_to(grafana)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", LAYERS)
def test_a_fault_in_a_layer_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patch, path, cause, fix = LAYERS[fault]
    patch(monkeypatch)
    _expect(findings_of_layers("local"), path, cause, fix)


def test_what_is_seeded_is_not_there_before() -> None:
    assert FRAME_MAX == 131072
    assert said(findings_of_layers("local")) == "nothing was found"
    assert said(findings_with_settings("staging", lambda document: None)) == "nothing was found"


def _expect(found: list[Finding], path: str, cause: str, fix: str) -> None:
    about = [f for f in found if path in f.path]
    assert about, said(found)
    assert any(cause in f"{f.what}; {f.cause}" and fix in f.fix for f in about), said(found)
    assert {f.severity for f in about} == {"error"}
