"""Volumes, buckets and the managed database: what outlives everything else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sprocket_constructs import (
    BlockVolumes,
    Buckets,
    ConstructError,
    ManagedPostgres,
    PostgresSize,
)

from tests.unit.cloud_parts import Ground, document_of, new_cloud, resource

SIZE = PostgresSize(slug="db-s-1vcpu-1gb", nodes=1, version="17")


def test_volumes_are_instances_of_one_resource_that_is_kept() -> None:
    stack = new_cloud()
    volumes = BlockVolumes(stack, "stores", region="fra1")
    redis = volumes.add("redis", name="test-redis", gibibytes=5)
    volumes.add("loki", name="test-loki", gibibytes=10)
    assert resource(stack, "digitalocean_volume", "stores") == {
        "for_each": {
            "redis": {"name": "test-redis", "size": 5},
            "loki": {"name": "test-loki", "size": 10},
        },
        "name": "${each.value.name}",
        "size": "${each.value.size}",
        "region": "fra1",
        "lifecycle": {
            "prevent_destroy": True,
            "ignore_changes": [
                "description",
                "snapshot_id",
                "initial_filesystem_type",
                "initial_filesystem_label",
            ],
        },
    }
    assert redis.device == "/dev/disk/by-id/scsi-0DO_Volume_test-redis"
    assert [volume.key for volume in volumes.all] == ["redis", "loki"]


@pytest.mark.parametrize(
    ("declare", "kind"),
    [
        (lambda stack: BlockVolumes(stack, "kept", region="fra1"), "digitalocean_volume"),
        (
            lambda stack: Buckets(stack, "kept", region="fra1", keep_deleted_days=30),
            "digitalocean_spaces_bucket",
        ),
    ],
)
def test_the_protection_is_there_without_any(declare: Callable[[object], object], kind: str) -> None:
    """Else taking the last one out of the settings would destroy it."""
    stack = new_cloud()
    declare(stack)
    found = resource(stack, kind, "kept")
    assert found["for_each"] == {}
    assert found["lifecycle"]["prevent_destroy"] is True


@pytest.mark.parametrize(
    ("gibibytes", "message"),
    [(0, "volume redis has 0 GiB; use 1 to 16384"), (16385, "volume redis has 16385 GiB; use 1 to 16384")],
)
def test_a_volume_of_a_size_that_there_is_not_is_refused(gibibytes: int, message: str) -> None:
    with pytest.raises(ConstructError, match=f"test/stores: {message}"):
        BlockVolumes(new_cloud(), "stores", region="fra1").add("redis", name="r", gibibytes=gibibytes)


def test_a_volume_declared_twice_is_refused() -> None:
    volumes = BlockVolumes(new_cloud(), "stores", region="fra1")
    volumes.add("redis", name="r", gibibytes=1)
    with pytest.raises(ConstructError, match="test/stores: volume redis is declared twice; declare it once"):
        volumes.add("redis", name="r", gibibytes=1)


def test_a_bucket_is_private_and_keeps_what_was_deleted() -> None:
    stack = new_cloud()
    buckets = Buckets(stack, "buckets", region="nyc3", keep_deleted_days=14)
    bucket = buckets.add("test-backups")
    key = buckets.key("backups", name="test", opens=[bucket], permission="read")
    assert resource(stack, "digitalocean_spaces_bucket", "buckets") == {
        "for_each": {"test-backups": "test-backups"},
        "name": "${each.key}",
        "region": "nyc3",
        "acl": "private",
        "force_destroy": False,
        "versioning": {"enabled": True},
        "lifecycle_rule": [
            {
                "id": "old-versions",
                "enabled": True,
                "abort_incomplete_multipart_upload_days": 7,
                "noncurrent_version_expiration": {"days": 14},
            }
        ],
        "lifecycle": {"prevent_destroy": True},
    }
    name = '${digitalocean_spaces_bucket.buckets["test-backups"].name}'
    assert resource(stack, "digitalocean_spaces_key", "backups")["grant"] == [
        {"bucket": name, "permission": "read"}
    ]
    stack.tells("secret", key.secret_key, sensitive=True)
    assert document_of(stack)["output"]["secret"]["value"] == "${digitalocean_spaces_key.backups.secret_key}"


def test_a_key_that_opens_nothing_is_refused() -> None:
    buckets = Buckets(new_cloud(), "buckets", region="nyc3", keep_deleted_days=14)
    with pytest.raises(ConstructError, match="test/buckets: key all opens no bucket; name its buckets"):
        buckets.key("all", name="all", opens=[])


@pytest.mark.parametrize("name", ["Backups", "ab", "-backups", "back_ups"])
def test_a_bucket_name_that_is_none_is_refused(name: str) -> None:
    buckets = Buckets(new_cloud(), "buckets", region="nyc3", keep_deleted_days=14)
    with pytest.raises(
        ConstructError, match=re.escape(f"test/buckets: bucket name {name!r} is not allowed; ")
    ):
        buckets.add(name)


def test_a_bucket_declared_twice_is_refused() -> None:
    buckets = Buckets(new_cloud(), "buckets", region="nyc3", keep_deleted_days=14)
    buckets.add("one")
    with pytest.raises(
        ConstructError, match="test/buckets: bucket one is declared twice; give each its own name"
    ):
        buckets.add("one")


def postgres(ground: Ground, size: PostgresSize | None = SIZE) -> ManagedPostgres:
    return ManagedPostgres(
        ground.stack, "postgres", name="test-db", size=size, network=ground.network, admits=[ground.tag]
    )


def test_a_cluster_is_private_kept_and_open_to_a_tag_alone() -> None:
    ground = Ground(new_cloud())
    cluster = postgres(ground)
    assert resource(ground.stack, "digitalocean_database_cluster", "postgres") == {
        "count": 1,
        "name": "test-db",
        "engine": "pg",
        "version": "17",
        "size": "db-s-1vcpu-1gb",
        "node_count": 1,
        "region": "fra1",
        "private_network_uuid": "${digitalocean_vpc.network.id}",
        "tags": ["${digitalocean_tag.nodes.id}"],
        "maintenance_window": [{"day": "sunday", "hour": "09:00:00"}],
        "lifecycle": {"prevent_destroy": True},
    }
    assert resource(ground.stack, "digitalocean_database_firewall", "postgres")["rule"] == [
        {"type": "tag", "value": "${digitalocean_tag.nodes.id}"}
    ]
    assert cluster.private_host == "${digitalocean_database_cluster.postgres[0].private_host}"


def test_without_a_size_nothing_is_ordered_and_the_protection_stays() -> None:
    ground = Ground(new_cloud())
    postgres(ground, size=None)
    found = document_of(ground.stack)["resource"]
    assert found["digitalocean_database_cluster"]["postgres"]["count"] == 0
    assert found["digitalocean_database_cluster"]["postgres"]["lifecycle"] == {"prevent_destroy": True}
    assert found["digitalocean_database_db"]["postgres"]["for_each"] == {}
    assert "digitalocean_database_firewall" not in found


def test_databases_users_and_pools() -> None:
    ground = Ground(new_cloud())
    cluster = postgres(ground)
    cluster.database("main")
    cluster.user("reader")
    cluster.pool("reading", database="main", user="reader", size=5, mode="session")
    database = resource(ground.stack, "digitalocean_database_db", "postgres")
    assert (database["for_each"], database["lifecycle"]) == ({"main": "main"}, {"prevent_destroy": True})
    assert resource(ground.stack, "digitalocean_database_user", "reader")["name"] == "reader"
    pool = resource(ground.stack, "digitalocean_database_connection_pool", "reading")
    assert (pool["db_name"], pool["user"], pool["size"], pool["mode"]) == ("main", "reader", 5, "session")
    assert pool["depends_on"] == ["digitalocean_database_db.postgres", "digitalocean_database_user.reader"]


def test_a_cluster_that_admits_nobody_is_refused() -> None:
    """No rule at all would open it to the world."""
    ground = Ground(new_cloud())
    with pytest.raises(
        ConstructError, match="test/postgres: admits no tag, which opens it to the internet; name a tag"
    ):
        ManagedPostgres(ground.stack, "postgres", name="x", size=SIZE, network=ground.network, admits=[])


@pytest.mark.parametrize(
    ("use", "size", "message"),
    [
        (
            lambda p: p.database("main"),
            None,
            "database main has no cluster to be in; give the cluster a size",
        ),
        (lambda p: [p.user("a"), p.user("a")], SIZE, "user a is declared twice; declare it once"),
        (
            lambda p: p.pool("x", database="main", user="a", size=1, mode="session"),
            SIZE,
            "pool x is for a on main, which are not declared; declare the database and the user first",
        ),
    ],
)
def test_what_no_cluster_can_have_is_refused(
    use: Callable[[ManagedPostgres], object], size: PostgresSize | None, message: str
) -> None:
    with pytest.raises(ConstructError, match=re.escape(f"test/postgres: {message}")):
        use(postgres(Ground(new_cloud()), size))
