"""The one reader of services: either form of Terraform's JSON gives the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ops.model.inventory import from_state, from_synthesis
from ops.model.service import Page, Router, Service
from ops.model.services import services_by_network, services_of, setting_of
from tests.stacks.synthesis import synthesized
from tests.unit.smoke_scene import inventory

BLOCKS = (
    *("task_spec", "container_spec", "healthcheck", "resources", "limits", "reservation", "restart_policy"),
    *("placement", "log_driver", "mode", "replicated", "endpoint_spec", "update_config", "rollback_config"),
    "converge_config",
)
"""Of which the state has a list of one."""


def as_in_state(value: Any) -> Any:
    if isinstance(value, list):
        return [as_in_state(part) for part in value]
    if not isinstance(value, dict):
        return value
    wrapped = {name: as_in_state(part) for name, part in value.items() if name != "//"}
    return {
        name: [part] if name in BLOCKS and isinstance(part, dict) else part for name, part in wrapped.items()
    }


def without_secrets(service: Service) -> Service:
    """A state shows nothing of what secrets hold."""
    files = tuple(replace(file, text="") if file.kind == "secret" else file for file in service.files)
    return replace(service, files=files)


@pytest.mark.parametrize(
    ("mode", "replicas"),
    [
        ({"replicated": {"replicas": 0}}, 0),
        ({"replicated": [{"replicas": 0}]}, 0),
        ({"replicated": {}}, 1),
        ({"replicated": [{"replicas": None}]}, 1),
        ({"global": True}, 1),
    ],
)
def test_no_replicas_are_none_and_not_one(mode: dict[str, Any], replicas: int) -> None:
    document = {"resource": {"docker_service": {"web": {"name": "web", "mode": mode}}}}
    assert services_of(from_synthesis(document))[0].replicas == replicas


def test_state_and_synthesis_give_the_same_services() -> None:
    document = synthesized("local").document
    wanted = from_synthesis(document)
    resources = [
        {
            "address": resource.address,
            "mode": "managed",
            "type": resource.type,
            "name": resource.address.partition(".")[2],
            "values": as_in_state(resource.values),
        }
        for resource in wanted.resources.values()
    ]
    paths = {resource.address: resource.path for resource in wanted.resources.values()}
    state = from_state({"values": {"root_module": {"resources": resources}}}, paths)
    assert [without_secrets(each) for each in services_of(state)] == [
        without_secrets(each) for each in services_of(wanted)
    ]


def test_every_setting_of_some_service_is_read() -> None:
    """One that the reader forgot would be empty in all of them."""
    found = services_of(from_synthesis(synthesized("local").document), listens={"redis": {"redis": 6379}})
    unset = {name for name, value in vars(Service(address="", path="", name="")).items() if not value}
    never = {name for name in unset if not any(getattr(service, name) for service in found)}
    # No service of local has any of these.
    assert never == {"container_labels", "groups", "hosts", "sysctls"}


def test_services_know_each_other_by_their_networks() -> None:
    services = {service.name: service for service in services_of(inventory())}
    assert services["web"].servers == ("redis",)
    assert services["gateway"].servers == ()
    assert [each.name for each in services_by_network(services.values())["redis-net"]] == [
        "core",
        "redis",
        "web",
    ]


@pytest.mark.parametrize(
    ("rule", "pages", "is_one_page"),
    [
        ("Host(`a.test`)", [Page(host="a.test")], True),
        ("Host(`a.test`) && PathPrefix(`/b`)", [Page(host="a.test", path="/b")], True),
        ("Host(`a.test`) || Host(`b.test`)", [Page(host="a.test"), Page(host="b.test")], False),
        ("HostRegexp(`.+`)", [], False),
    ],
)
def test_a_rule_says_where_it_answers(rule: str, pages: list[Page], is_one_page: bool) -> None:
    router = Router(name="r", rule=rule)
    assert (router.pages, router.is_one_page) == (pages, is_one_page)


def test_settings_have_names_that_reviewers_know() -> None:
    assert setting_of(["task_spec", 0, "networks_advanced", 1, "name"]) == "networks"
    assert setting_of(["task_spec", 0, "container_spec", 0, "labels"]) == "container labels"
    assert setting_of(["mode", 0, "global"]) == "mode.global"
