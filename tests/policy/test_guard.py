"""The guard on the real environments: no alarm where nothing is lost, and the right ones where something is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from layers.loading import environment_names, load_environment
from layers.settings.environment import Environment
from ops.guard import stack_change
from ops.guard.approvals import Approvals
from ops.guard.kind import NEVER, Kind
from ops.guard.stack_change import StackChange
from ops.guard.verdict import RUNBOOK, verdicts
from ops.model.inventory import Inventory, from_synthesis
from ops.model.offline_plan import from_inventories
from tests.policy.test_check_variants import VARIANTS
from tests.stacks.synthesis import altered, cloud, finished, synthesized

Json = dict[str, Any]
TODAY = date(2026, 11, 27)
NOTHING = Inventory(resources={})
ROOT = Path(__file__).resolve().parents[2]


@cache
def stacks(environment: str) -> tuple[Inventory, ...]:
    settings = load_environment(environment)
    documents = [synthesized(environment).document]
    if settings.cloud is not None:
        documents.append(cloud(environment).document)
    return tuple(map(from_synthesis, documents))


def judged(settings: Environment, before: Inventory, after: Inventory) -> list[tuple[Kind, str]]:
    stack = stack_change.between(before, after, from_inventories(before, after))
    return of(settings, stack)


def of(settings: Environment, stack: StackChange) -> list[tuple[Kind, str]]:
    return [(each.rule.kind, each.loss.what) for each in verdicts(stack, Approvals(), TODAY, settings)]


@pytest.mark.parametrize("environment", environment_names())
def test_a_first_deploy_and_a_second_one_raise_no_alarm(environment: str) -> None:
    for stack in stacks(environment):
        assert judged(load_environment(environment), NOTHING, stack) == []
        assert judged(load_environment(environment), stack, stack) == []


@pytest.mark.parametrize("environment", environment_names())
def test_switching_off_and_on_again_raises_none_either(environment: str) -> None:
    stays = ("random_password", "docker_volume", "terraform_data")
    on = stacks(environment)[0]
    off = Inventory(resources={a: r for a, r in on.resources.items() if r.type in stays})
    assert judged(load_environment(environment), on, off) == []
    assert judged(load_environment(environment), off, on) == []


def _other_images(document: Json) -> None:
    for service in document["resource"]["docker_service"].values():
        container = service["task_spec"]["container_spec"]
        container["image"] = container["image"].rpartition("@")[0] + "@sha256:" + "d" * 64


def _more_memory(document: Json) -> None:
    for service in document["resource"]["docker_service"].values():
        service["task_spec"]["resources"]["limits"]["memory_bytes"] += 1


def _other_files(document: Json) -> None:
    for config in document["resource"]["docker_config"].values():
        config["data"] += "IA=="


EVERYDAY: dict[str, Callable[[Json], None]] = {
    "another image for every service": _other_images,
    "more memory for every service": _more_memory,
    "other lines in every file": _other_files,
}
"""Edits that restart everything, one after the other."""


@pytest.mark.parametrize("environment", environment_names())
@pytest.mark.parametrize("edit", EVERYDAY)
def test_an_everyday_change_raises_no_alarm(environment: str, edit: str) -> None:
    document = copy.deepcopy(synthesized(environment).document)
    EVERYDAY[edit](document)
    assert judged(load_environment(environment), stacks(environment)[0], from_synthesis(document)) == []


LOSSES: dict[str, set[Kind]] = {
    "object storage outside": {Kind.LOST_SECRET, Kind.DOWNTIME},
    "sign-in by address": {Kind.LOST_SECRET, Kind.WIDER_ACCESS},
    "ratings": {Kind.DOWNTIME},
    "one instance alone": {Kind.LOST_SECRET, Kind.DOWNTIME},
}
"""What a variant loses compared with the environment as it stands; the others lose nothing."""


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_of_an_environment_loses_what_it_takes_away_and_nothing_else(variant: str) -> None:
    environment, change = VARIANTS[variant]
    after = from_synthesis(finished(altered(environment, change)).document)
    found = judged(load_environment(environment), stacks(environment)[0], after)
    assert {kind for kind, _ in found} == LOSSES.get(variant, set()), found


def test_a_new_admin_page_says_that_traefik_is_replaced() -> None:
    environment, change = VARIANTS["ratings"]
    after = from_synthesis(finished(altered(environment, change)).document)
    ((_, what),) = judged(load_environment(environment), stacks(environment)[0], after)
    assert what == (
        "service traefik, which serves every page, would be replaced (because of networks): down until the new one is "
        "healthy, about 60 s, and nothing puts the old one back if it never is"
    )


def test_a_plan_without_terraform_names_things_as_terraform_does() -> None:
    """So that an entry which a pull request printed is the one that a deploy asks for."""
    document = copy.deepcopy(cloud("prod").document)
    rules = document["resource"]["digitalocean_firewall"]["nodes-firewall"]["inbound_rule"]
    rules.append({"protocol": "tcp", "port_range": "5432", "source_tags": ["${digitalocean_tag.worker.id}"]})
    trusted = document["resource"]["digitalocean_database_firewall"]["postgres"]["rule"]
    trusted.append({"type": "tag", "value": "${digitalocean_tag.worker.id}"})
    found = judged(load_environment("prod"), from_synthesis(cloud("prod").document), from_synthesis(document))
    assert [what for _, what in found] == [
        "firewall prod-nodes would let in tcp 5432 from tag prod-worker to droplets of tag prod",
        "the database would let in tag prod-worker",
    ]


def test_the_runbook_names_every_kind() -> None:
    text = (ROOT / RUNBOOK).read_text()
    assert [kind for kind in Kind if kind not in text] == []
    after = text.partition("## What no entry allows")[2]
    assert [kind for kind in NEVER if f"| {kind} |" not in after] == []
