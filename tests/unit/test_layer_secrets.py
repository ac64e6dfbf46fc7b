"""The one list of secrets: every value says how it is rotated, and what it says agrees with the servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layers.data.grafana import ADMIN as GRAFANA_ADMIN
from layers.data.grafana import INFLUXDB_USER
from layers.data.influxdb import ADMIN as INFLUXDB_ADMIN
from layers.data.minio import ROOT_USER
from layers.data.postgres import METRICS_ROLE
from layers.data.rabbitmq import RabbitMQ
from layers.data.redis import METRICS_USER
from layers.rotation import Server
from layers.secrets import PlatformSecrets
from ops.registry.image_lock import TOKEN
from ops.rotate.credential import CREDENTIALS, SETTINGS, plain
from ops.rotate.login import ANSWERS, SERVICES
from ops.rotate.secret import Secret, declared_by
from tests.stacks.synthesis import ALL, altered, built, declared, with_ratings

RUNBOOK = Path(__file__).parents[2] / "docs/runbooks/rotate-a-secret.md"


def by_name(environment: str) -> dict[str, Secret]:
    return {secret.name: secret for secret in declared_by(declared(environment))}


@pytest.mark.parametrize("environment", ALL)
def test_every_value_says_how_it_is_rotated(environment: str) -> None:
    found = by_name(environment)
    assert len(found) > 20
    for secret in found.values():
        rotation = secret.rotation
        ways = (rotation.server is not None, bool(rotation.untried), bool(rotation.impossible))
        assert ways.count(True) == 1, secret.name
        assert bool(rotation.instead) == bool(rotation.impossible), secret.name


def test_a_value_that_does_not_say_it_cannot_be_declared() -> None:
    secrets = declared("local").secrets
    with pytest.raises(TypeError, match="rotated"):
        PlatformSecrets.generated(secrets, "new-password")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="rotated"):
        PlatformSecrets.supplied(secrets, "new-token", "a token")  # type: ignore[call-arg]


@pytest.mark.parametrize("environment", ALL)
def test_what_no_deploy_can_change_is_in_the_runbook(environment: str) -> None:
    text = RUNBOOK.read_text()
    for secret in by_name(environment).values():
        if secret.rotation.impossible:
            assert f"- **{secret.name}**" in text


def test_values_are_tried_as_the_accounts_that_the_layers_make() -> None:
    accounts = {name: secret.rotation.account for name, secret in by_name("local").items()}
    roles = set(declared("local").data.postgres._roles)
    assert accounts["rabbitmq-password"] == RabbitMQ.user
    assert accounts["redis-telegraf-password"] == METRICS_USER
    assert accounts["postgres-telegraf-password"] == METRICS_ROLE
    assert {accounts["database-password"], METRICS_ROLE} <= roles
    assert accounts["influxdb-password"] == INFLUXDB_ADMIN
    assert accounts["influxdb-grafana-password"] == INFLUXDB_USER
    assert accounts["influxdb-telegraf-password"] in declared("local").data.influxdb._users
    assert accounts["grafana-password"] == GRAFANA_ADMIN
    assert accounts["minio-root-password"] == ROOT_USER


def test_every_server_has_a_service_that_answers_and_one_to_ask_from() -> None:
    services = {service.name for service in declared("local").services}
    # The registry is asked from this machine.
    assert set(ANSWERS) == set(Server) - {Server.REGISTRY}
    assert set(SERVICES) == set(Server) - {Server.REGISTRY, Server.SIGN_IN, Server.RESTIC}
    assert {*ANSWERS.values(), *SERVICES.values()} <= services


def test_instances_have_values_of_their_own() -> None:
    found = by_name("staging")
    accounts = {found[f"{name}-database-password"].rotation.account for name in ("dev", "staging")}
    assert len(accounts) == 2
    assert found["dev-s3-access-key"].reference != found["staging-s3-access-key"].reference


def test_a_value_of_an_option_says_it_too() -> None:
    stack = built(altered("local", with_ratings))
    assert "dgraph-api-key" in {secret.name for secret in declared_by(stack)}


def with_login(document: dict[str, Any]) -> None:
    document["platform"]["login"] = {"registry": "ghcr.io", "user": "bot"}


def test_the_token_of_a_registry_is_supplied_also_where_the_outside_world_is_simulated() -> None:
    """No registry takes one that Terraform made up."""
    found = {secret.name: secret for secret in declared_by(built(altered("local", with_login)))}
    token = found["registry-token"]
    assert (token.owner, token.variable) == ("supplied", TOKEN)
    assert (token.rotation.server, token.rotation.account) == (Server.REGISTRY, "bot")
    assert {secret.owner for secret in found.values()} == {"supplied", "generated"}


def with_options(document: dict[str, Any]) -> None:
    with_login(document)
    with_ratings(document, chatwoot={"url": "https://chat.example.com", "website_token": "x"})
    document["ingress"]["acme"].update(authority="staging", challenge="dns", email="ops@example.com")
    document["data"].setdefault("grafana", {}).update(alerts="discord", database="postgres")


def test_what_an_environment_has_with_a_setting_only_is_there_with_it_and_not_everywhere() -> None:
    names = {secret.name for secret in declared_by(built(altered("local", with_options)))}
    assert set(SETTINGS) <= names
    for name in SETTINGS:
        assert any(name not in by_name(environment) for environment in ALL), name


def test_no_secret_has_the_name_of_a_credential_that_is_not_in_the_list() -> None:
    named = [name for credential in CREDENTIALS for name in credential.names]
    assert len(named) == len(set(named))
    assert named == [plain(name) for name in named]
    for environment in ALL:
        assert not set(named) & set(by_name(environment))


WITHOUT_ADMINISTRATOR = {
    Server.INFLUXDB_1X: "its users can write or read a bucket",
    Server.TELEGRAF: "its tokens write into a bucket",
}


def test_every_server_says_what_opens_all_of_it() -> None:
    """So that a new server cannot leave its administrator's secret unmarked, for a worker to read."""
    tried = {s.rotation.server for environment in ALL for s in by_name(environment).values()} - {None}
    opened = {
        server for environment in ALL for server in declared(environment).secrets.administrators.values()
    }
    assert tried - opened == set(WITHOUT_ADMINISTRATOR) and not opened & set(WITHOUT_ADMINISTRATOR)


@pytest.mark.parametrize("environment", ALL)
def test_keepers_and_the_sign_in_are_on_managers(environment: str) -> None:
    """Which of the others read an administrator's secret is a rule of the check."""
    services = [
        s for s in declared(environment).services if s.name.endswith("-keeper") or s.name == "forward-auth"
    ]
    assert len(services) >= 3
    assert {s.constraints for s in services} == {("node.role==manager",)}
