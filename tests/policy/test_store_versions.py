"""An edit of an image that a store's data may not survive, in real environments: each is refused, and a patch is not."""

from __future__ import annotations

from collections.abc import Mapping

from layers.images import LOCK, read_lock
from ops.deploy import store_steps
from ops.model.inventory import from_synthesis
from ops.report.model import GuardedChange
from tests.stacks.synthesis import altered, finished, synthesized

MAJOR = {
    "postgres": "18.1-alpine",
    "redis": "9.0.0-bookworm",
    "rabbitmq": "4.1.8-management-alpine",
    "minio": "RELEASE.2024-01-01T00-00-00Z",
    "influxdb": "3.9.0-core",
    "grafana": "14.0.0",
    "loki": "4.0.0",
    "traefik": "v4.0.0",
}
"""Tags that are refused; of MinIO, which has no major versions, an older one."""

PATCH = {
    "postgres": "17.12-alpine",
    "redis": "8.2.10-bookworm",
    "rabbitmq": "4.0.10-management-alpine",
    "minio": "RELEASE.2026-12-01T00-00-00Z",
    "influxdb": "2.9.2",
    "grafana": "13.2.4",
    "loki": "3.7.7",
    "traefik": "v3.7.16",
}


ENVIRONMENT = "staging"
"""With every store in the swarm, and images from the lock."""


def steps(tags: Mapping[str, str]) -> tuple[GuardedChange, ...]:
    """What an edit of the environment's overrides would do to its stores."""
    lock = read_lock(LOCK).images
    overrides = {name: {"name": lock[name].name, "tag": tag} for name, tag in tags.items()}
    edited = altered(ENVIRONMENT, lambda document: document["images"].update(overrides=overrides))
    before, after = synthesized(ENVIRONMENT).document, finished(edited).document
    return store_steps.steps(ENVIRONMENT, from_synthesis(before), from_synthesis(after))


def test_every_store_has_an_edit_that_is_tried() -> None:
    stores = {each.name for each in synthesized(ENVIRONMENT).stack.services if each.keeps_data}
    assert stores == MAJOR.keys() == PATCH.keys()


def test_a_version_that_the_data_may_not_survive_is_refused_for_each_store() -> None:
    refused = [step.what.split()[1] for step in steps(MAJOR) if step.fix]
    assert sorted(refused) == sorted(MAJOR)


def test_a_patch_is_not() -> None:
    assert steps(PATCH) == ()
