"""What instances may not share, and what their names look like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from layers.errors import SettingsError
from layers.platform.identity import Identity, check_apart, identities_of
from tests.stacks.synthesis import altered


def identities(**instances: dict[str, Any]) -> list[Identity]:
    """Of an environment like staging with these instances."""
    return identities_of(altered("staging", lambda doc: doc["platform"].update(instances=instances)))


DEV = {"host": "dev.example.org"}
STAGING = {"host": "staging.example.org"}


def test_one_instance_has_short_service_names_and_its_own_name_on_data() -> None:
    (main,) = identities(main={"host": "example.org"})
    assert main.service("core") == "core"
    assert main.store("dgraph-alpha") == "dgraph-alpha"
    assert main.queue("core") == "main-core"
    assert (main.redis_prefix, main.database, main.influx_bucket) == (
        "main",
        "sprocket_main",
        "sprocket_main",
    )
    assert (main.replays_bucket, main.images_bucket) == (
        "sprocket-main-replays",
        "sprocket-main-image-generation",
    )
    assert (main.host, main.api_host) == ("example.org", "api.example.org")
    assert main.image_generation_host == "image-generation.admin.staging.sprocket.mlesports.gg"


def test_of_several_instances_each_has_its_name_in_the_label_of_its_admin_page() -> None:
    found = identities(dev=DEV, staging=STAGING)
    assert [own.image_generation_host for own in found] == [
        "dev-image-generation.admin.staging.sprocket.mlesports.gg",
        "staging-image-generation.admin.staging.sprocket.mlesports.gg",
    ]


def test_a_second_instance_renames_services_and_no_data() -> None:
    (alone,) = identities(dev=DEV)
    beside, _ = identities(dev=DEV, staging=STAGING)
    assert beside.service("core") == "dev-core"
    data = ("queue_prefix", "redis_prefix", "database", "bucket_prefix", "influx_bucket")
    assert [getattr(alone, name) for name in data] == [getattr(beside, name) for name in data]


def test_dashes_become_underscores_where_postgres_and_influxdb_want_words() -> None:
    (own,) = identities(**{"blue-green": DEV})
    assert own.database == own.database_role == "sprocket_blue_green"


def test_two_instances_share_nothing_by_default() -> None:
    first, second = identities(dev=DEV, staging=STAGING)
    assert {c.value for c in first.claims if c.kind == "host"}.isdisjoint(c.value for c in second.claims)
    for claim in first.claims:
        assert claim.value not in {other.value for other in second.claims if other.kind == claim.kind}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("api_host", "api.example.org"),
        ("image_generation_host", "cards.example.org"),
        ("elo_host", "elo.example.org"),
        ("queue_prefix", "one"),
        ("redis_prefix", "one"),
        ("database", "one"),
        ("bucket_prefix", "one"),
        ("influx_bucket", "one"),
    ],
)
def test_sharing_is_an_error_that_names_both_settings(setting: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        identities(dev={**DEV, setting: value}, staging={**STAGING, setting: value})
    assert str(caught.value) == (
        f"staging.yaml: platform/instances/staging/{setting}: is {value}, and so is platform/instances/dev/{setting}; "
        "give one of them another name"
    )


def test_a_shared_host_is_found_across_settings() -> None:
    with pytest.raises(SettingsError) as caught:
        identities(dev=DEV, staging={**STAGING, "api_host": "dev.example.org"})
    assert str(caught.value) == (
        "staging.yaml: platform/instances/staging/api_host: is dev.example.org, and so is platform/instances/dev/host; "
        "give one of them another name"
    )


def test_one_instance_may_not_have_one_host_twice() -> None:
    with pytest.raises(SettingsError, match=r"main/api_host: is example\.org, and so is .*main/host;"):
        identities(main={"host": "example.org", "api_host": "example.org"})


def test_a_derived_name_that_another_instance_was_given_is_found() -> None:
    with pytest.raises(SettingsError, match=r"staging/database: is sprocket_dev, and so is .*dev/database;"):
        identities(dev=DEV, staging={**STAGING, "database": "sprocket_dev"})


def test_a_shared_access_key_is_an_error() -> None:
    first, second = identities(dev=DEV, staging=STAGING)
    with pytest.raises(SettingsError) as caught:
        check_apart("staging", [first, replace(second, s3_key=first.s3_key)])
    assert str(caught.value) == (
        "staging.yaml: platform/instances/staging/s3_key: is dev-s3-access-key, and so is platform/instances/dev/s3_key; "
        "give one of them another name"
    )


def test_a_name_too_long_for_docker_is_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        identities(**{"a-name-of-23-characters": DEV})
    assert str(caught.value) == (
        "staging.yaml: platform/instances/a-name-of-23-characters: has 23 characters and becomes part of Docker's names; "
        "use at most 20"
    )
