"""What is compared with ``docker stack deploy`` has to be the same services, by the swarm's own account."""

from __future__ import annotations

from typing import Any

import pytest

from ops.bench.sameness import require_same
from ops.errors import OpsError
from ops.model.file import MountedFile
from ops.model.service import HealthCheck, Service
from ops.swarm.live_service import LiveService


def live(**settings: Any) -> LiveService:
    """As we deploy it."""
    given: dict[str, Any] = {
        "path": "sprocket-bench-web",
        "name": "sprocket-bench-web",
        "health_check": HealthCheck(test=("CMD", "true"), interval="10s"),
        "networks": {"sprocket-bench-edge": ()},
        "files": (
            MountedFile(
                at="/a", text="", kind="config", address="docker_config.x", name="a", mode=292, owner="0:0"
            ),
        ),
        "labels": {"traefik.enable": "true"},
        **settings,
    }
    return LiveService(id="1", service=Service(address="", **given))


def composed(**settings: Any) -> LiveService:
    """As ``docker stack deploy`` does."""
    given: dict[str, Any] = {
        "path": "sprocket-bench_sprocket-bench-web",
        "name": "sprocket-bench_sprocket-bench-web",
        "networks": {"sprocket-bench_sprocket-bench-edge": ("sprocket-bench-web",)},
        "files": (
            MountedFile(
                at="/a", text="", kind="config", name="sprocket-bench_a.config", mode=292, owner="0:0"
            ),
        ),
        "labels": {"traefik.enable": "true", "com.docker.stack.namespace": "sprocket-bench"},
        "container_labels": {"com.docker.stack.namespace": "sprocket-bench"},
        **settings,
    }
    return live(**given)


def test_names_and_labels_of_the_stack_are_no_difference() -> None:
    require_same([live()], [composed()])


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"health_check": HealthCheck(test=("CMD", "true"), interval="5s")},
            "sprocket-bench-web: health_check is",
        ),
        ({"replicas": 2}, "replicas is 1, and 2 in the Compose file"),
        ({"networks": {}}, "networks is"),
        ({"labels": {}}, "labels is"),
        ({"files": ()}, "files is"),
        ({"name": "sprocket-bench_other"}, "other is only in one"),
    ],
)
def test_every_other_difference_ends_the_benchmark(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(OpsError, match="not the same services") as error:
        require_same([live()], [composed(**settings)])
    assert told in str(error.value)
