"""Why the predecessor's third layer could never run: a test for each reason, so that none comes back."""

from __future__ import annotations

import pytest
from sprocket_constructs import SecretValue

from tests.policy.test_check_faults import FAULTS
from tests.stacks.synthesis import ALL, declared, service

SEEDED = {
    "missing LOGGER_LEVELS",
    "log levels as words with commas",
    "missing secret file",
    "shared events key",
    "dropped connection",
    "wrong host",
    "API address with scheme",
    "no folder of settings",
    "Node without frameMax",
    "Python with frameMax",
    "not in production",
    "no health check",
    "no limit",
}
"""Reasons that the check finds in any environment; tests/policy shows it, under these names."""


def test_the_check_still_looks_for_them() -> None:
    assert SEEDED - {fault.name for fault in FAULTS} == set()


@pytest.mark.parametrize("environment", ALL)
def test_no_label_asks_for_what_traefik_does_not_have(environment: str) -> None:
    """It has no provider called docker, and no entry point for RabbitMQ."""
    for each in declared(environment).services:
        assert not any("@docker" in value for value in each.labels.values()), each.name
        assert not any(label.startswith("traefik.tcp.") for label in each.labels), each.name


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
            for mount in each.file_mounts
            if password in mount.file.secret_names
        }
        own = instance.identity.service
        expected = {own("core"), own("migration"), "postgres-keeper"}
        if instance.settings.image_generation_frontend:
            expected.add(own("image-generation-frontend"))
        assert readers == expected


@pytest.mark.parametrize("environment", ALL)
def test_rabbitmq_keeps_its_host_name(environment: str) -> None:
    """Its data lies in a directory of that name; a random one is an empty broker after each restart."""
    assert service(declared(environment), "rabbitmq").hostname == "rabbitmq"


@pytest.mark.parametrize("environment", ALL)
def test_the_jwt_key_is_random_and_long(environment: str) -> None:
    for instance in declared(environment).platform.instances.values():
        key: SecretValue = instance.secrets.jwt_key
        assert key.owner == "generated"
        assert key.resource.length_input == 64  # type: ignore[attr-defined]
