"""The platform layer: its services, how they start, stop, connect and update."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sprocket_constructs import Access, ConstructError, SwarmApp, UpdateOrder

from layers.errors import SettingsError
from layers.images import LOCK, ImageCatalog
from layers.platform import lines
from layers.services import ServicesStack
from layers.site import Site
from tests.stacks.synthesis import altered, built, declared, service, with_ratings
from tests.uses import PLATFORM

SERVICES = tuple(sorted(PLATFORM))
NODE = tuple(name for name in SERVICES if name not in ("migration", "replay-parse-service"))


def platform(environment: str) -> list[str]:
    """Names of the platform layer's services."""
    return sorted(s.name for s in declared(environment).services if "/platform/" in s.node.path)


# -- which services there are --------------------------------------------------------------------------------


def test_one_instance_has_the_services_by_their_short_names() -> None:
    assert platform("local") == list(SERVICES)


def test_two_instances_have_each_service_twice() -> None:
    assert platform("staging") == sorted(
        f"{instance}-{name}" for instance in ("dev", "staging") for name in SERVICES
    )


def test_elo_service_is_off_unless_asked_for() -> None:
    assert not {"elo-service", "dgraph-zero", "dgraph-alpha"} & {s.name for s in declared("local").services}
    stack = built(altered("local", with_ratings))
    assert {"elo-service", "dgraph-zero", "dgraph-alpha"} <= {s.name for s in stack.services}
    assert service(stack, "elo-service").labels == {}, "it has a page only where elo_host says so"


@pytest.mark.parametrize(
    ("environment", "instance", "others"),
    [
        ("local", "main", ""),
        ("prod", "main", ", or under application/rabbitmq/images/elo-service in images.lock.yaml"),
        ("staging", "dev", ", or under application/rabbitmq/images/elo-service in images.lock.yaml"),
    ],
)
def test_elo_service_without_an_image_of_ones_own_is_refused(
    environment: str, instance: str, others: str
) -> None:
    settings = altered(environment, lambda doc: doc["platform"]["instances"][instance].update(elo=True))
    with pytest.raises(SettingsError) as caught:
        built(settings)
    assert str(caught.value) == (
        f"{environment}.yaml: platform/instances/{instance}/elo: is true, but elo-service has no published image; name one "
        f"of your own (name, tag, digest) under images/overrides/elo-service in {environment}.yaml{others}; or set elo: false"
    )


def test_an_image_of_elo_service_in_the_lock_will_do(tmp_path: Path) -> None:
    entry = "      elo-service: {name: registry.example.org/elo-service, tag: '1.0', digest: unresolved}\n"
    lock = tmp_path / "images.lock.yaml"
    lock.write_text(LOCK.read_text() + entry)
    settings = altered("prod", lambda doc: doc["platform"]["instances"]["main"].update(elo=True))
    catalog = ImageCatalog(settings, lock=lock)
    stack = ServicesStack(SwarmApp(outdir=str(tmp_path / "out")), Site(settings, images=catalog))
    assert service(stack, "elo-service").image.name == "registry.example.org/elo-service"


def test_an_elo_page_is_for_admins() -> None:
    stack = built(altered("local", lambda doc: with_ratings(doc, elo_host="elo.admin.sprocket.localhost")))
    (route,) = [r for r in stack.ingress.gateway.routes if r.service.name == "elo-service"]
    assert (route.host, route.access) == ("elo.admin.sprocket.localhost", Access.only("admin"))


def test_replicas_are_settings() -> None:
    more = {"web_replicas": 3, "parser_replicas": 2}
    stack = built(altered("local", lambda doc: doc["platform"]["instances"]["main"].update(more)))
    assert service(stack, "web").scale.replicas == 3
    assert service(stack, "replay-parse-service").scale.replicas == 2


# -- lines of images -----------------------------------------------------------------------------------------


def test_an_unknown_line_names_what_there_is() -> None:
    with pytest.raises(SettingsError) as caught:
        built(altered("local", lambda doc: doc["platform"].update(line="postgres-queues")))
    assert str(caught.value) == (
        "local.yaml: platform/line: there is no line 'postgres-queues' of application images; use one of rabbitmq, "
        "or add layers/platform/lines/postgres_queues.py"
    )


def test_a_second_line_is_an_added_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "postgres_queues.py").write_text(
        "from layers.platform.matchmaking_service import MatchmakingService\n\n\n"
        "def build(instance):\n    MatchmakingService(instance)\n"
    )
    monkeypatch.setattr(lines, "__path__", [*lines.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "layers.platform.lines.postgres_queues", raising=False)
    stack = built(altered("local", lambda doc: doc["platform"].update(line="postgres-queues")))
    assert [s.name for s in stack.services if "/platform/" in s.node.path] == ["matchmaking-service"]


# -- how they run --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVICES)
def test_only_web_starts_its_next_version_first(name: str) -> None:
    order = service(declared("local"), name).update.order
    assert (order is UpdateOrder.START_FIRST) == (name == "web")


@pytest.mark.parametrize("name", NODE)
def test_the_heap_is_a_share_of_the_memory_limit(name: str) -> None:
    limit = service(declared("prod" if name != "image-generation-frontend" else "local"), name)
    share = 0.5 if name == "image-generation-service" else 0.75
    heap = int(limit.resources.memory_limit_bytes * share) // 1024**2
    assert f"--max-old-space-size={heap};" in limit.command[-1]


@pytest.mark.parametrize(("environment", "places"), [("prod", 2), ("local", 1)])
def test_the_parser_has_as_many_children_as_fit_its_memory(environment: str, places: int) -> None:
    command = service(declared(environment), "replay-parse-service").command
    assert command[:3] == ("python", "-m", "celery")
    assert f"--concurrency={places}" in command
    assert {"--max-tasks-per-child=50", "--max-memory-per-child=614400"} <= set(command)


@pytest.mark.parametrize("name", SERVICES)
def test_settings_are_files_and_one_variable(name: str) -> None:
    variable = {"ENV": "production"} if name == "replay-parse-service" else {"NODE_ENV": "production"}
    assert service(declared("local"), name).environment == variable


# -- whom they reach -----------------------------------------------------------------------------------------

STORES = ("redis", "rabbitmq", "postgres", "minio", "influxdb", "telegraf")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_reaches_the_stores_it_uses_and_no_other(name: str) -> None:
    assert set(service(declared("local"), name).servers) & set(STORES) == PLATFORM[name]


@pytest.mark.parametrize("name", SERVICES)
def test_few_services_reach_the_internet(name: str) -> None:
    out = service(declared("local"), name).internet_reasons
    assert bool(out) == (name in ("core", "discord-bot", "image-generation-service"))


def test_a_managed_database_adds_a_reason_to_the_one_way_out() -> None:
    core = service(declared("prod"), "core")
    assert len(core.internet_reasons) == 2
    assert [name for name in core.attachments if name.endswith("-egress")] == ["core-egress"]


def test_core_comes_after_the_migration_and_web_after_core() -> None:
    stack = declared("local")
    core, web = service(stack, "core"), service(stack, "web")
    assert service(stack, "migration") in core.waits_for
    assert core in web.waits_for


def test_web_finds_the_api_by_its_public_name_inside_the_swarm() -> None:
    stack = declared("staging")
    edge = stack.ingress.gateway.network.name
    aliases = service(stack, "traefik").attachments[edge].aliases
    assert {"api.dev.sprocket.mlesports.gg", "api.staging.sprocket.mlesports.gg"} <= set(aliases)
    for name in ("dev-web", "staging-web"):
        assert edge in service(stack, name).attachments


# -- what cannot work ----------------------------------------------------------------------------------------


def test_the_editor_cannot_reach_a_managed_database() -> None:
    with pytest.raises(SettingsError) as caught:
        built(
            altered(
                "prod",
                lambda doc: doc["platform"]["instances"]["main"].update(image_generation_frontend=True),
            )
        )
    assert str(caught.value) == (
        "prod.yaml: platform/instances/main/image_generation_frontend: its image speaks plaintext to Postgres, whatever "
        "is configured, and data/postgres demands TLS; set it to false, or data/postgres/where to swarm"
    )


def test_core_would_speak_plaintext_to_a_managed_database_called_postgres(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("layers.platform.core.PLAINTEXT_HOSTS", ("db.sprocket.mlesports.gg",))
    with pytest.raises(
        ConstructError, match=r"prod-services/platform/main/core: speaks plaintext to a database host"
    ):
        built(altered("prod", lambda doc: None))
