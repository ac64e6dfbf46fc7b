"""Reservations and limits against the nodes."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from sprocket_constructs import Resources, Scale, SwarmService

from layers.budget import check_budget
from layers.errors import SettingsError
from layers.loading import load_environment


def service(
    name: str, *, memory: str, limit: str | None = None, cpu: float = 0.1, replicas: int = 1
) -> SwarmService:
    """As much of a service as the budget looks at."""
    resources = Resources(
        cpu_limit=max(cpu, 1), memory_limit=limit or memory, cpu_reservation=cpu, memory_reservation=memory
    )
    stub: Any = SimpleNamespace(name=name, resources=resources, scale=Scale(replicas=replicas))
    return cast(SwarmService, stub)


PROD = load_environment("prod")


def test_what_fits_is_fine() -> None:
    check_budget([service("core", memory="13GiB"), service("web", memory="512MiB")], PROD)


def test_reservations_above_the_nodes_name_the_largest() -> None:
    services = [
        service("core", memory="13GiB"),
        service("web", memory="512MiB", replicas=2),
        service("bot", memory="64MiB"),
    ]
    with pytest.raises(SettingsError) as caught:
        check_budget(services, PROD)
    assert str(caught.value) == (
        "prod.yaml: nodes: services reserve 14400MiB of memory and the nodes have 13824MiB after headroom; "
        "the largest are core 13GiB, web 512MiB, bot 64MiB; reserve less or add a node"
    )


def test_cores_above_the_nodes_are_refused() -> None:
    with pytest.raises(
        SettingsError, match=r"prod\.yaml: nodes: services reserve 9\.00 cores and the nodes have 8"
    ):
        check_budget([service("core", memory="1GiB", cpu=4.5, replicas=2)], PROD)


def test_a_limit_above_the_largest_node_is_no_limit() -> None:
    with pytest.raises(
        SettingsError,
        match=r"prod\.yaml: resources/core/memory: limit 20GiB is above the largest node \(16GiB\)",
    ):
        check_budget([service("core", memory="1GiB", limit="20GiB")], PROD)
