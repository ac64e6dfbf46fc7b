"""A plan says who gets in on the nodes from now on, and who does not."""

from __future__ import annotations

from typing import Any

from layers.loading import load_environment
from ops.model.inventory import from_state, from_synthesis
from ops.model.offline_plan import from_inventories
from ops.report.items import item_changes
from tests.stacks.synthesis import cloud

KEY, OTHER = "ssh-ed25519 AAAA laptop", "ssh-ed25519 BBBB phone"


def operators(**keys: str) -> dict[str, Any]:
    """A cloud stack in which these get in."""
    return {
        "resource": {
            "terraform_data": {
                f"operator-{name}": {
                    "//": {"metadata": {"path": f"prod-cloud/operators/{name}/Resource"}},
                    "input": {"operator": name, "key": key},
                }
                for name, key in keys.items()
            }
        }
    }


def shown(before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    olds, news = from_synthesis(before), from_synthesis(after)
    (items,) = item_changes(olds, news, from_inventories(olds, news)).values()
    return {item.name: item.note for item in items}


def test_who_comes_and_who_goes_is_shown() -> None:
    before, after = operators(ada=KEY, zoe=KEY, ci=KEY), operators(ada=KEY, zoe=OTHER, new=OTHER)
    assert shown(before, after) == {
        "ci": "is shut out: the deploy takes the key off every node",
        "new": "gets in on every node",
        "zoe": "gets in with another key",
    }


def test_one_that_only_the_state_knows_is_shown() -> None:
    values = {"input": {"operator": "ci", "key": KEY}, "output": {"operator": "ci", "key": KEY}}
    raw = {
        "mode": "managed",
        "type": "terraform_data",
        "address": "terraform_data.operator-ci",
        "name": "operator-ci",
        "values": values,
    }
    state = from_state({"values": {"root_module": {"resources": [raw]}}}, {})
    (items,) = item_changes(state, from_synthesis({}), from_inventories(state, from_synthesis({}))).values()
    assert [item.note for item in items] == ["is shut out: the deploy takes the key off every node"]


def test_every_operator_of_an_environment_is_recorded() -> None:
    settings = load_environment("prod")
    assert settings.cloud is not None
    records = cloud("prod").document["resource"]["terraform_data"].values()
    assert {record["input"]["operator"] for record in records} == set(settings.cloud.ssh_keys)
