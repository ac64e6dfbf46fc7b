"""What each service of the application reads, against what its program demands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from layers.platform.production_json import Auth, Callback, Database, ProductionJson
from ops.check.application import PROGRAMS
from tests.stacks.synthesis import altered, built, declared, json_at, service, text_at, with_ratings

SETTINGS = "/app/config/production.json"


@pytest.mark.parametrize("name", sorted(PROGRAMS.keys() - {"migration"}))
def test_a_service_gets_no_secret_file_but_those_it_reads(name: str) -> None:
    """That none is missing, and all keys of its settings are there, is a rule of the check."""
    mounts = service(declared("local"), name).file_mounts
    found = {mount.at: mount.file.text for mount in mounts if mount.at.startswith("/app/secret/")}
    # Nothing around the value: the token of InfluxDB is sent with every character of its file.
    assert found == {path: f"@@secret:{value}@@" for path, value in PROGRAMS[name].secrets.items()}


def test_web_with_a_chat_reads_its_key() -> None:
    chat = {"url": "https://chat.example.org", "website_token": "abc"}
    stack = built(altered("local", lambda doc: doc["platform"]["instances"]["main"].update(chatwoot=chat)))
    page = json_at(stack, "web", "/app/clients/web/config/production.json")
    assert page["client"]["chatwoot"] == {"enabled": True, "url": chat["url"], "websiteToken": "abc"}
    assert text_at(stack, "web", "/app/secret/chatwoot-hmac-key.txt") == "@@secret:chatwoot-hmac-key@@"


def test_elo_service_gets_its_variables_from_a_secret_file() -> None:
    stack = built(altered("local", with_ratings))
    lines = dict(
        line.split("=", 1) for line in text_at(stack, "elo-service", "/app/secret/elo.env").splitlines()
    )
    assert lines["DGRAPH_DATABASE_URL"] == "'dgraph-alpha:9080'"
    assert lines["REDIS_PREFIX"] == "'main'"
    assert "main-elo-service:@@secret:rabbitmq-elo-service-password@@" in lines["TRANSPORT_URL"]
    assert service(stack, "elo-service").environment == {"NODE_ENV": "production"}
    assert text_at(stack, "elo-service", "/app/secret/dgraph-api-key.txt") == "@@secret:dgraph-api-key@@"


def test_a_managed_database_is_where_core_and_migration_look() -> None:
    stack = declared("prod")
    expected = {"host": "db.sprocket.mlesports.gg", "port": 25060}
    for name, path in (("core", SETTINGS), ("migration", "/app/core/config/production.json")):
        db = json_at(stack, name, path)["db"]
        assert {key: db[key] for key in expected} == expected
    assert "DB_SSL='true'\n" in text_at(stack, "migration", "/app/core/migration.env")


def test_a_database_in_the_swarm_is_spoken_to_in_plaintext() -> None:
    assert "DB_SSL='false'\n" in text_at(declared("local"), "migration", "/app/core/migration.env")


def test_spaces_is_spoken_to_by_tls_on_its_own_port() -> None:
    def spaces(document: dict[str, Any]) -> None:
        endpoint = "nyc3.digitaloceanspaces.com"
        document["data"]["object_storage"] = {"kind": "spaces", "endpoint": endpoint}

    stack = built(altered("prod", spaces))
    minio = json_at(stack, "core", SETTINGS)["minio"]
    assert (minio["endPoint"], minio["port"], minio["useSSL"]) == ("nyc3.digitaloceanspaces.com", 443, True)
    parser = json_at(stack, "replay-parse-service", SETTINGS)["minio"]
    assert (parser["hostname"], parser["secure"]) == ("nyc3.digitaloceanspaces.com:443", True)


def test_log_levels_are_those_of_the_instance() -> None:
    stack = declared("staging")
    for instance, levels in (
        ("dev", ["error", "warn", "log", "debug"]),
        ("staging", ["error", "warn", "log"]),
    ):
        assert json_at(stack, f"{instance}-core", SETTINGS)["logger"]["levels"] == levels


def test_a_port_in_quotes_is_refused() -> None:
    with pytest.raises(ValidationError, match="valid integer"):
        Database(host="postgres", port="5432", username="a", database="a")  # type: ignore[arg-type]


def test_a_lifetime_without_a_unit_is_refused() -> None:
    here = Callback(callback_url="https://api.example.org/login")
    with pytest.raises(ValidationError, match="jwt_expiry"):
        Auth(
            google=here,
            discord=here,
            jwt_expiry="12000",
            access_expiry="6h",
            refresh_expiry="7d",
            frontend_callback="https://example.org/auth/callback",
        )


def test_a_section_that_is_not_given_is_not_written() -> None:
    assert json.loads(ProductionJson(default_organization_id=2).render()) == {"defaultOrganizationId": 2}
