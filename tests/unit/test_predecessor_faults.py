"""Why the predecessor's third layer could never run: a test for each reason, so that none comes back.

The list is of its compose files; every service of the application is looked at in every environment.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from sprocket_constructs import SecretValue, SwarmService

from tests.stacks.synthesis import ALL, declared, json_at, service, text_at

SETTINGS = "/app/config/production.json"
PUBLIC = {"core", "web"}


def application(environment: str) -> list[SwarmService]:
    """Services of the platform layer."""
    return [each for each in declared(environment).services if "/platform/" in each.node.path]


def with_settings(environment: str) -> dict[str, Any]:
    """Parsed production.json of every service that has one."""
    stack = declared(environment)
    names = [s.name for s in application(environment) if any(m.at == SETTINGS for m in s.wiring.files)]
    return {name: json_at(stack, name, SETTINGS) for name in names}


@pytest.mark.parametrize("environment", ALL)
def test_logger_levels_are_missing_nowhere(environment: str) -> None:
    for name, settings in with_settings(environment).items():
        if "replay-parse" not in name:
            assert settings["logger"]["levels"], name


@pytest.mark.parametrize("environment", ALL)
def test_logger_levels_are_an_array_and_not_words_with_commas(environment: str) -> None:
    for name, settings in with_settings(environment).items():
        assert isinstance(settings.get("logger", {"levels": []})["levels"], list), name


@pytest.mark.parametrize("environment", ALL)
def test_the_bot_token_is_a_file_and_no_variable(environment: str) -> None:
    for bot in (s for s in application(environment) if s.name.endswith("discord-bot")):
        assert "discord-bot-token" in text_at(declared(environment), bot.name, "/app/secret/bot-token.txt")
        assert set(bot.wiring.environment) == {"NODE_ENV"}


@pytest.mark.parametrize("environment", ALL)
def test_analytics_has_its_influxdb_in_the_file_and_no_variable(environment: str) -> None:
    for name, settings in with_settings(environment).items():
        if name.endswith("server-analytics-service"):
            assert set(settings["influx"]) == {"address", "org", "bucket"}
            assert "INFLUX" not in str(service(declared(environment), name).wiring.environment)


def test_the_image_generation_frontend_has_its_config_json_with_the_broker() -> None:
    config = json_at(declared("local"), "image-generation-frontend", "/app/src/config.json")
    assert config["transport"]["url"].startswith("amqp://")


@pytest.mark.parametrize("environment", ALL)
def test_every_service_that_hears_events_has_a_key_of_its_own(environment: str) -> None:
    keys = [s["transport"].get("events_application_key") for s in with_settings(environment).values()]
    given = [key for key in keys if key is not None]
    instances = len(declared(environment).platform.instances)
    assert len(given) == 5 * instances
    assert len(set(given)) == len(given)


@pytest.mark.parametrize("environment", ALL)
def test_the_submission_service_has_an_events_key(environment: str) -> None:
    for name, settings in with_settings(environment).items():
        if name.endswith("submission-service"):
            assert settings["transport"]["events_application_key"].endswith("-submission-service")


@pytest.mark.parametrize("environment", ALL)
def test_every_host_that_settings_name_is_on_a_network_of_the_service(environment: str) -> None:
    """The predecessor's MinIO and InfluxDB were on networks that their users were not on, so their names meant nothing."""
    stack = declared(environment)
    inside = {s.name for s in stack.services if s.has_network and "/data/" in s.node.path}
    for each in application(environment):
        named = {host for mount in each.wiring.files for host in hosts_in(mount.file.text)}
        for host in named & inside:
            assert service(stack, host).network.name in each.wiring.attachments, f"{each.name} names {host}"
        if each.alias in ("submission-service", "image-generation-service", "replay-parse-service"):
            assert "minio" in named, "this test would find nothing"
        if each.alias == "server-analytics-service":
            assert "telegraf" in named, "this test would find nothing"


def hosts_in(text: str) -> set[str]:
    """Host names among the values of settings: alone, before a port, or inside of a URL."""
    return set(re.findall(r'(?:": "|//|@@@)([a-z][a-z0-9-]*)(?=[":/?])', text))


@pytest.mark.parametrize("environment", ALL)
def test_the_page_gets_the_api_host_without_a_scheme(environment: str) -> None:
    stack = declared(environment)
    for each in (s for s in application(environment) if s.name.endswith("web")):
        host = json_at(stack, each.name, "/app/clients/web/config/production.json")["client"]["gqlUrl"]
        assert re.fullmatch(r"[a-z0-9.-]+", host)


@pytest.mark.parametrize("environment", ALL)
def test_the_page_knows_its_folder_of_settings(environment: str) -> None:
    for each in (s for s in application(environment) if s.name.endswith("web")):
        assert "export NODE_CONFIG_DIR=/app/clients/web/config;" in each.command[-1]


@pytest.mark.parametrize("environment", ALL)
def test_the_parsers_settings_have_all_top_level_keys(environment: str) -> None:
    for name, settings in with_settings(environment).items():
        if name.endswith("replay-parse-service"):
            assert set(settings) == {
                *("celery", "transport", "minio", "ballchasing", "tempDir", "parser", "disableCache")
            }
            assert settings["celery"]["backend"], "without it nobody ever hears of a result"
            assert "access_key" not in settings["minio"]


@pytest.mark.parametrize("environment", ALL)
def test_only_node_is_told_the_frame_size(environment: str) -> None:
    for name, settings in with_settings(environment).items():
        assert ("frameMax=131072" in settings["transport"]["url"]) == ("replay-parse" not in name), name


@pytest.mark.parametrize("environment", ALL)
def test_no_label_names_the_docker_provider(environment: str) -> None:
    for each in declared(environment).services:
        assert not any("@docker" in value for value in each.wiring.labels.values()), each.name


@pytest.mark.parametrize("environment", ALL)
def test_rabbitmq_has_no_tcp_route(environment: str) -> None:
    for each in declared(environment).services:
        assert not any(label.startswith("traefik.tcp.") for label in each.wiring.labels), each.name


@pytest.mark.parametrize("environment", ALL)
def test_no_bucket_is_open_to_anybody(environment: str) -> None:
    assert [b.name for b in declared(environment).data.object_storage.buckets if b.anonymous_read] == []


@pytest.mark.parametrize("environment", ALL)
def test_the_database_role_is_the_applications_alone(environment: str) -> None:
    """The predecessor's Grafana signed in to Postgres as the application."""
    stack = declared(environment)
    for instance in stack.platform.instances.values():
        password = instance.secrets.database_password.name
        readers = {
            each.name
            for each in stack.services
            for mount in each.wiring.files
            if password in mount.file.secret_names
        }
        own = instance.identity.service
        expected = {own("core"), own("migration"), "postgres-keeper"}
        if instance.settings.image_generation_frontend:
            expected.add(own("image-generation-frontend"))
        assert readers == expected


@pytest.mark.parametrize("environment", ALL)
def test_rabbitmq_keeps_its_host_name(environment: str) -> None:
    assert service(declared(environment), "rabbitmq").hostname == "rabbitmq"


@pytest.mark.parametrize("environment", ALL)
def test_the_jwt_key_is_random_and_long(environment: str) -> None:
    for instance in declared(environment).platform.instances.values():
        key: SecretValue = instance.secrets.jwt_key
        assert key.owner == "generated"
        assert key.resource.length_input == 64  # type: ignore[attr-defined]


@pytest.mark.parametrize("environment", ALL)
def test_every_program_knows_that_it_is_in_production(environment: str) -> None:
    for each in application(environment):
        if "dgraph" not in each.name:
            assert "production" in each.wiring.environment.values(), each.name


@pytest.mark.parametrize("environment", ALL)
def test_every_service_has_a_health_check_and_limits(environment: str) -> None:
    for each in application(environment):
        assert each.health.test[0] in ("CMD", "CMD-SHELL"), each.name
        assert each.resources.memory_limit_bytes > 0, each.name


@pytest.mark.parametrize("environment", ALL)
def test_only_pages_and_api_answer_without_a_sign_in(environment: str) -> None:
    for route in declared(environment).ingress.gateway.routes:
        if route.access.is_public and "/platform/" in route.service.node.path:
            assert route.service.alias in PUBLIC
