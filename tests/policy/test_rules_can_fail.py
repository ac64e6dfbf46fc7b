"""Each policy against the mistake that it is there for: a rule that nothing breaks proves nothing.

The rules of the check have theirs in test_check_faults.py.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.policy import rules, test_policy
from tests.stacks.synthesis import Synthesized, synthesized

ENVIRONMENT = "local"
Document = dict[str, Any]


def service(document: Document, name: str) -> dict[str, Any]:
    """The ``docker_service`` of that name."""
    found: dict[str, Any] = next(
        s for s in document["resource"]["docker_service"].values() if s["name"] == name
    )
    return found


def container(document: Document, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = service(document, name)["task_spec"]["container_spec"]
    return spec


def join(document: Document, name: str, network: str) -> None:
    networks = document["resource"]["docker_network"]
    address = next(key for key, value in networks.items() if value["name"] == network)
    joined = {"name": f"${{docker_network.{address}.id}}"}
    service(document, name)["task_spec"]["networks_advanced"].append(joined)


def open_network(document: Document) -> None:
    networks = document["resource"]["docker_network"].values()
    next(network for network in networks if network["name"] == "redis-net")["internal"] = False


MISTAKES: dict[str, tuple[Callable[[Document], object], Callable[[str], None]]] = {
    "a stranger on a store's network": (
        lambda d: join(d, "web", "redis-net"),
        test_policy.test_a_server_is_reached_by_its_known_clients_only,
    ),
    "a store with a way out": (
        open_network,
        test_policy.test_networks_have_no_way_out_unless_a_service_says_why,
    ),
    "a store whose version nobody keeps": (
        lambda d: d["resource"].update(terraform_data={}),
        test_policy.test_every_store_says_which_version_has_its_data_before_it_opens_it,
    ),
    "a store that opens its data before it says its version": (
        lambda d: service(d, "redis").pop("depends_on"),
        test_policy.test_every_store_says_which_version_has_its_data_before_it_opens_it,
    ),
    "a way out for two": (
        lambda d: join(d, "web", "core-egress"),
        test_policy.test_a_way_out_is_one_services_alone,
    ),
    "two variables": (
        lambda d: container(d, "core").update(env={"A": "1", "B": "2"}),
        test_policy.test_no_service_has_more_than_one_variable,
    ),
    "anything that the check finds": (
        lambda d: container(d, "core").update(image="core:latest@unresolved"),
        test_policy.test_the_check_finds_nothing_wrong,
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, rule = MISTAKES[mistake]
    found = synthesized(ENVIRONMENT)
    document = copy.deepcopy(found.document)
    make(document)
    wrong = Synthesized(stack=found.stack, document=document)
    for module in (rules, test_policy):
        monkeypatch.setattr(module, "synthesized", lambda _: wrong)
    with pytest.raises(AssertionError):
        rule(ENVIRONMENT)
