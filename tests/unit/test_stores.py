"""A store that no volume is under is an error, for each kind of environment."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML
from sprocket_constructs import Lock, NoBackup, NodeDirectory, NodeSelector

from layers.cloud.nodes import nodes_of
from layers.errors import SettingsError
from layers.services import ServicesStack
from layers.settings.environment import Environment
from layers.stores import STORES, owner_of
from tests.stacks.synthesis import altered, altered_cloud, built, service

BACKUP = NoBackup(because="test")
LOCK = Lock.none(because="test")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code knows a store of a program that the platform does not have."""
    monkeypatch.setitem(STORES, "n8n", "1000:1000")


def same(document: dict[str, Any]) -> None:
    """Nothing is changed."""


def with_volume(document: dict[str, Any]) -> None:
    document["cloud"]["volumes"]["n8n"] = 5


def stores(settings: Environment) -> ServicesStack:
    """The environment's services, one of which keeps data in n8n as well."""
    stack = built(settings)
    redis = service(stack, "redis")
    redis.stores(stack.site.storage(redis, "n8n"), at="/n8n", backup=BACKUP, lock=LOCK)
    return stack


@pytest.mark.parametrize("environment", ["local", "staging", "prod"])
def test_a_store_that_the_code_does_not_know(environment: str) -> None:
    """On one engine too: what is forgotten there would be found out at the deploy of prod."""
    with pytest.raises(SettingsError) as caught:
        stores(altered(environment, same))
    assert str(caught.value).startswith(
        f"layers/stores.py: STORES: has no store 'n8n', where {environment}-services/data/redis/redis keeps data; use one of redis, "
    )
    assert str(caught.value).endswith(
        '; or add who owns its directory, the uid:gid that the image runs as, such as "n8n": "1000:1000"'
    )


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("environment", ["prod", "staging", "rehearsal"])
def test_a_store_without_a_volume(environment: str) -> None:
    settings = altered_cloud(environment, same)
    with pytest.raises(SettingsError) as caught:
        stores(settings)
    text = str(caught.value)
    assert text.startswith(f"{environment}.yaml: cloud/volumes: has no volume for store 'n8n', where ")
    assert f"give it its GiB in {environment}.yaml, such as cloud: {{volumes: {{redis: " in text
    assert text.endswith(", n8n: 5}}")


@pytest.mark.usefixtures("known")
def test_the_line_to_add_is_right() -> None:
    """As the message says it, it is taken."""
    with pytest.raises(SettingsError) as caught:
        stores(altered_cloud("prod", same))
    added = YAML(typ="safe").load(str(caught.value).partition(", such as ")[2])
    settings = altered_cloud("prod", lambda document: document["cloud"].update(added["cloud"]))
    stack = stores(settings)
    stack.finish()
    assert [node.stores for node in nodes_of(settings) if "n8n" in node.stores]


@pytest.mark.usefixtures("known")
def test_the_file_that_an_environment_is_like_is_named() -> None:
    with pytest.raises(SettingsError, match=r"in rehearsal-3\.yaml or rehearsal\.yaml, which it is like"):
        stores(altered_cloud("rehearsal-3", same))


@pytest.mark.usefixtures("known")
def test_a_store_on_one_engine_needs_nothing_in_the_file() -> None:
    stores(altered("local", same)).finish()


@pytest.mark.usefixtures("known")
def test_nodes_that_somebody_else_made_have_what_they_mounted() -> None:
    stores(altered("prod", same)).finish()


@pytest.mark.usefixtures("known")
def test_a_directory_that_a_layer_names_itself_is_found_too() -> None:
    stack = built(altered_cloud("prod", same))
    directory = NodeDirectory(path="/mnt/n8n/data", held_by=NodeSelector.node_label("storage", "main"))
    service(stack, "redis").stores(directory, at="/n8n", backup=BACKUP, lock=LOCK)
    with pytest.raises(SettingsError, match="cloud/volumes: has no volume for store 'n8n'"):
        stack.finish()


@pytest.mark.usefixtures("known")
def test_a_volume_that_no_service_uses() -> None:
    settings = altered_cloud("prod", with_volume)
    assert settings.store_names[-1] == "n8n"
    with pytest.raises(
        SettingsError, match=r"prod\.yaml: cloud/volumes: has n8n, and no service keeps data there"
    ):
        built(settings).finish()
    stores(settings).finish()


@pytest.mark.usefixtures("known")
def test_a_store_that_is_ordered_reaches_its_node() -> None:
    (node,) = nodes_of(altered_cloud("prod", with_volume))
    assert "n8n" in node.stores and owner_of("n8n") == "1000:1000"


def test_a_label_for_a_store_that_there_is_not() -> None:
    def change(document: dict[str, Any]) -> None:
        document["stores"]["labels"] = {"lokki": "main"}

    with pytest.raises(
        ValidationError,
        match="stores/labels/lokki: no service of the environment stores anything under that name; stores here are redis, ",
    ):
        altered_cloud("prod", change)
