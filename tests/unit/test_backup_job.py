"""The service that copies a store."""

from __future__ import annotations

from typing import Any

import pytest
from sprocket_constructs import BackupJob, ConstructError, Image, NodeSelector, Retention, Stops, SwarmStack

from tests.synthesis import RESOURCES, container, declare, service, task


def job(stack: SwarmStack, **changes: Any) -> BackupJob:
    server = declare(stack, "redis", listens={"redis": 6379})
    words: dict[str, Any] = {
        "store": "redis",
        "image": Image(name="redis", tag="8"),
        "script": lambda: "copy() { :; }",
        "resources": RESOURCES,
        "held_by": NodeSelector.node_label("storage", "main"),
        "server": server,
        "user": "999:999",
        **changes,
    }
    return BackupJob(stack, "job", **words)


def test_a_job_runs_beside_its_store_and_says_whose_it_is(stack: SwarmStack) -> None:
    made = job(stack)
    assert made.in_words == "redis-backup, every 24h"
    assert made.every_seconds == 86400
    assert container(stack, "redis-backup")["user"] == "999:999"
    assert task(stack, "redis-backup")["placement"]["constraints"] == ["node.labels.storage==main"]
    assert service(stack, "redis-backup")["labels"] == [
        {"label": "backup.every", "value": "24h"},
        {"label": "backup.server", "value": "redis"},
        {"label": "backup.stops", "value": "clients"},
        {"label": "backup.store", "value": "redis"},
    ]


def test_a_job_reaches_its_server_unless_it_works_on_the_files(stack: SwarmStack) -> None:
    assert set(job(stack).servers) == {"redis"}


def test_a_job_that_needs_the_server_stopped_is_not_connected_to_it(stack: SwarmStack) -> None:
    made = job(stack, stops=Stops.SERVER)
    assert made.servers == {}
    assert made.labels["backup.stops"] == "server"


def test_copies_more_often_than_a_store_can_be_read_are_refused(stack: SwarmStack) -> None:
    with pytest.raises(ConstructError) as caught:
        job(stack, every="5m")
    assert str(caught.value) == (
        "test/job: copies redis every 5m; use 15m or more: each copy reads the whole store"
    )


@pytest.mark.parametrize("days", [0, -1])
def test_a_retention_that_keeps_nothing_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="keep at least 1 daily copy"):
        Retention(daily=days)
