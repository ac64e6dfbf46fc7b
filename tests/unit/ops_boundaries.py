"""All that ops meets outside of itself, played together: Terraform, the swarm, the nodes, DigitalOcean, the clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from layers.settings.environment import Environment
from ops.nodes import known_hosts
from ops.terraform.synth import Synthesized
from ops.terraform.target import Targets, targets_in
from tests.unit import ops_releases, ops_swarm, ops_terraform
from tests.unit.ops_account import FakeAccount
from tests.unit.ops_clock import FakeClock
from tests.unit.ops_cloud import cloud
from tests.unit.ops_fixtures import stack
from tests.unit.ops_ssh import FakeNodes
from tests.unit.ops_swarm import FakeSwarm, nodes_as_declared, on_swarm, task
from tests.unit.ops_terraform import FakeTerraform

HOST_KEYS = {"host_key": "ssh-ed25519 A", "worker_host_key": "ssh-ed25519 B"}


class Boundaries:
    """A world in which the two services of the fixture run, and the nodes of prod and of rehearsal-4 are as declared.

    Attributes:
        done: what was changed, in order, whichever boundary it went through.
        root: instead of the repository, where files are written.
    """

    def __init__(self, patch: pytest.MonkeyPatch, root: Path) -> None:
        self.done: list[str] = []
        self.root = root
        self.clock = FakeClock(patch)
        self.account = FakeAccount(patch, self.done)
        self.cloud = FakeTerraform(name="cloud", done=self.done, **HOST_KEYS)
        self.services = FakeTerraform(name="services", done=self.done)
        self.nodes = FakeNodes(patch)
        self.swarm = FakeSwarm(
            done=self.done,
            services_=[on_swarm("redis"), on_swarm("web")],
            tasks_=[task("t1", "redis"), task("t2", "web")],
            nodes=[
                raw for name in ("prod", "rehearsal-4") for raw in nodes_as_declared(load_environment(name))
            ],
        )
        ops_terraform.give(patch, cloud=self.cloud, services=self.services)
        ops_terraform.install(patch, root)
        ops_swarm.connect(patch, self.swarm)
        patch.setattr(known_hosts, "ROOT", root)
        ops_releases.install(patch, root)


def documents_of(
    settings: Environment, of_cloud: dict[str, Any] | None = None, of_services: dict[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """The JSON of both stacks of an environment, their state in a file."""
    local = {"terraform": {"backend": {"local": {"path": "x.tfstate"}}}}
    return {
        settings.cloud_stack: {**(of_cloud or cloud()), **local},
        settings.services_stack: {**(of_services or stack()), **local},
    }


def targets_of(settings: Environment, **documents: dict[str, Any]) -> Targets:
    """Both stacks of an environment; see :func:`documents_of`."""
    return targets_in(settings, Synthesized(out=Path("/nowhere"), stacks=documents_of(settings, **documents)))
