"""Two instances of the application side by side on one swarm."""

from __future__ import annotations

import pytest
from sprocket_constructs import SwarmService

from layers.services import ServicesStack
from tests.stacks.synthesis import altered, built, declared, service, with_ratings


def answering(stack: ServicesStack, client: SwarmService, name: str) -> set[str]:
    """The services that a name means for a client, on all networks that it is on."""
    return {
        other.name
        for network in client.attachments
        for other in stack.services
        if (joined := other.attachments.get(network)) and name in (other.name, *joined.aliases)
    }


@pytest.mark.parametrize("environment", ["local", "staging"])
def test_every_short_name_means_the_server_that_was_connected_to(environment: str) -> None:
    stack = declared(environment)
    for client in stack.services:
        for server in client.servers.values():
            assert answering(stack, client, server.alias) == {server.name}, f"{client.name}: {server.alias}"


@pytest.mark.parametrize("instance", ["dev", "staging"])
def test_inside_an_instance_core_means_its_own(instance: str) -> None:
    stack = declared("staging")
    web = service(stack, f"{instance}-web")
    assert answering(stack, web, "core") == {f"{instance}-core"}
    assert answering(stack, service(stack, f"{instance}-core"), "redis") == {"redis"}


def test_dgraph_is_each_instances_own() -> None:
    stack = built(altered("staging", with_ratings))
    for instance in ("dev", "staging"):
        elo = service(stack, f"{instance}-elo-service")
        assert answering(stack, elo, "dgraph-alpha") == {f"{instance}-dgraph-alpha"}
        (data,) = service(stack, f"{instance}-dgraph-alpha").data_mounts
        assert data.source == f"/mnt/{instance}-dgraph-alpha/data"


def test_two_instances_read_no_value_of_each_other() -> None:
    stack = declared("staging")
    read: dict[str, set[str]] = {"dev": set(), "staging": set()}
    for each in stack.services:
        if "/platform/" in each.node.path:
            instance = each.name.split("-", 1)[0]
            read[instance].update(name for mount in each.file_mounts for name in mount.file.secret_names)
    assert read["dev"] & read["staging"] == {"redis-password"}


def test_two_instances_take_their_own_part_of_every_store() -> None:
    storage = declared("staging").data.object_storage
    assert {account.name: account.buckets for account in storage.accounts} == {
        f"{i}-s3-access-key": (f"sprocket-{i}-replays", f"sprocket-{i}-image-generation")
        for i in ("dev", "staging")
    }
    telegraf = declared("staging").data.telegraf
    assert {token.name: token.bucket for token in telegraf.tokens} == {
        f"{i}-server-analytics": f"sprocket_{i}" for i in ("dev", "staging")
    }
