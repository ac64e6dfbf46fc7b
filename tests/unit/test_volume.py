"""Where data is kept."""

from typing import Any

import pytest
from sprocket_constructs import (
    ConstructError,
    LocalVolume,
    Lock,
    NoBackup,
    NodeDirectory,
    NodeSelector,
    SwarmStack,
)

from tests.synthesis import container, declare, only, synth, task

DATA_NODE = NodeSelector.node_label("role", "data")
NIGHTLY = NoBackup(because="test")
LOCK = Lock.by_program(because="it locks its file")


def test_a_directory_is_bound_and_pins_the_service_to_its_node(stack: SwarmStack) -> None:
    service = declare(stack, "postgres")
    service.stores(
        NodeDirectory(path="/mnt/postgres", held_by=DATA_NODE), at="/var/lib", backup=NIGHTLY, lock=LOCK
    )
    assert container(stack, "postgres")["mounts"] == [
        {"type": "bind", "source": "/mnt/postgres", "target": "/var/lib", "read_only": False}
    ]
    assert task(stack, "postgres")["placement"]["constraints"] == ["node.labels.role==data"]
    assert service.data_mounts[0].backup is NIGHTLY
    assert service.data_mounts[0].lock is LOCK


def test_a_relative_directory_is_refused() -> None:
    with pytest.raises(ValueError, match="absolute") as caught:
        NodeDirectory(path="mnt/postgres", held_by=DATA_NODE)
    assert str(caught.value) == "directory 'mnt/postgres' is not absolute; start it with /"


def test_a_local_volume_is_made_by_terraform_and_mounted_by_reference(stack: SwarmStack) -> None:
    volume = LocalVolume(stack, "data", name="local-redis", held_by=NodeSelector.managers())
    declare(stack, "redis").stores(
        volume, at="/data", backup=NoBackup(because="rebuilt from Postgres"), lock=LOCK
    )
    document = synth(stack)
    assert only(document, "docker_volume") == {"name": "local-redis"}
    (address,) = document["resource"]["docker_volume"]
    (mount,) = only(document, "docker_service")["task_spec"]["container_spec"]["mounts"]
    assert mount["source"] == f"${{docker_volume.{address}.name}}"
    assert mount["type"] == "volume"
    assert task(stack, "redis")["placement"]["constraints"] == ["node.role==manager"]


@pytest.mark.parametrize("text", ["redis-cli --rdb, nightly", ""])
def test_a_sentence_is_not_a_backup(stack: SwarmStack, text: str) -> None:
    sentence: Any = text
    volume = LocalVolume(stack, "data", name="local-redis", held_by=NodeSelector.managers())
    with pytest.raises(ConstructError) as caught:
        declare(stack, "redis").stores(volume, at="/data", backup=sentence, lock=LOCK)
    assert str(caught.value) == (
        f"test/redis: stores data at /data and nothing backs it up: {text!r} is not a backup that runs; "
        "give it a BackupJob, or NoBackup(because=...) with a reason that a reviewer would accept"
    )


def test_no_backup_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="an exception needs a reason"):
        NoBackup(because=" ")
