"""Five changes of the real environments, as they stand in a pull request: each fits on a screen or two.

What they are expected to look like is in ``tests/stacks/changes``; ``UPDATE_SNAPSHOTS=1`` writes it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.deploy.plan import compared_offline, in_one_report
from ops.report import html, markdown
from ops.report.model import Report
from tests.stacks.synthesis import altered, altered_cloud, finished, ordered

EXPECTED = Path(__file__).with_name("changes")
LINES = 80
"""Of markdown, at most."""

Document = dict[str, Any]
Stacks = dict[str, Document]


def services_of(name: str, change: Callable[[Document], object]) -> Stacks:
    """The services of an environment after an edit of its file."""
    return {f"{name}-services": finished(altered(name, change)).document}


def cloud_of(name: str, change: Callable[[Document], object]) -> Stacks:
    """The same of its cloud."""
    return {f"{name}-cloud": ordered(altered_cloud(name, change)).document}


def image_bump() -> tuple[Stacks, Stacks]:
    """A newer image of the web page, by its lines in images/overrides."""

    def to(tag: str, digest: str) -> Callable[[Document], object]:
        image = {"name": "ghcr.io/sprocketbot/web", "tag": tag, "digest": f"sha256:{digest * 64}"}
        return lambda document: document["images"].setdefault("overrides", {}).update(web=image)

    return services_of("prod", to("sha-813835f", "a")), services_of("prod", to("sha-902f1c4", "b"))


def new_service() -> tuple[Stacks, Stacks]:
    """The editor for report cards, which an instance did not have."""

    def editor(there: bool) -> Callable[[Document], object]:
        return lambda document: document["platform"]["instances"]["staging"].update(
            image_generation_frontend=there
        )

    return services_of("staging", editor(False)), services_of("staging", editor(True))


def store_version() -> tuple[Stacks, Stacks]:
    """The managed database from Postgres 17 to 18."""

    def version(number: str) -> Callable[[Document], object]:
        return lambda document: document["cloud"]["database"].update(version=number)

    return cloud_of("prod", version("17")), cloud_of("prod", version("18"))


def droplet_added() -> tuple[Stacks, Stacks]:
    """A worker beside the one node."""
    worker = {"role": "worker", "size": "s-2vcpu-4gb", "cpus": 2, "memory": "4GiB"}
    return (
        cloud_of("prod", lambda document: None),
        cloud_of("prod", lambda document: document["nodes"].update(work=worker)),
    )


def secret_rotated() -> tuple[Stacks, Stacks]:
    """A new password for Redis, as a new revision of it asks for one."""
    before = services_of("prod", lambda document: None)
    after = deepcopy(before)
    passwords = after["prod-services"]["resource"]["random_password"]
    (address,) = (name for name in passwords if "redis-password" in name)
    passwords[address].setdefault("keepers", {})["revision"] = "another"
    return before, after


CHANGES: dict[str, tuple[str, Callable[[], tuple[Stacks, Stacks]]]] = {
    "image-bump": ("prod", image_bump),
    "new-service": ("staging", new_service),
    "store-version": ("prod", store_version),
    "droplet-added": ("prod", droplet_added),
    "secret-rotated": ("prod", secret_rotated),
}


def report_of(change: str) -> Report:
    environment, stacks = CHANGES[change]
    before, after = stacks()
    settings = load_environment(environment)
    compared = compared_offline(
        settings, after, before, compared_with="revision main", reason="requested by --base"
    )
    return in_one_report(settings, compared)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_in_a_pull_request_is_as_it_was_reviewed(change: str) -> None:
    report = report_of(change)
    shown = markdown.render(report)
    assert len(shown.splitlines()) <= LINES
    assert html.render(report).count("<h1>") == 1
    file = EXPECTED / f"{change}.md"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        file.write_text(shown)
    assert shown == file.read_text()


def test_each_file_is_of_a_change() -> None:
    assert {file.stem for file in EXPECTED.glob("*.md")} == set(CHANGES)
