"""A first deploy in both ways: what is run, what is waited for, and what is left out of the time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ops.bench import cold_deploy, growth, plan, rollback
from ops.bench.cold_deploy import RUNS, require_docker
from ops.bench.result import CannotRun
from ops.bench.timing import Seconds
from ops.errors import OpsError
from ops.model.inventory import Inventory, from_synthesis
from ops.swarm.engine import Task
from tests.unit.ops_clock import FakeClock
from tests.unit.ops_swarm import FakeSwarm, on_swarm, task
from tests.unit.ops_terraform import FakeTerraform

WEB = "sprocket-bench-web"


class Api:
    """No services in full: two deployments of nothing are the same."""

    def networks(self) -> list[Any]:
        return []

    def services(self) -> list[Any]:
        return []


class World:
    """A copy, and a swarm on which whatever is deployed runs at once.

    Attributes:
        done: what was run, in order.
        seconds: that ``ops`` and ``terraform plan`` take, by the command's first word.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock(monkeypatch)
        monkeypatch.setattr("ops.bench.timing.time.perf_counter", lambda: self.clock.now)
        self.done: list[str] = []
        self.services = 1
        self.size = 0
        self.seconds = {"plan": 2.6, "terraform": 2.0, "rollback": 21.0}
        self.output = "local is back at release 1 after 20 s"
        self.terraform = FakeTerraform()
        self.swarm = FakeSwarm(services_=[], tasks_=[])
        self.swarm._api = Api()
        self.swarm.tasks = self._tasks  # type: ignore[method-assign]
        self._arguments = folder / "arguments"
        program = folder / "docker"
        program.write_text(f'#!/bin/sh\necho "$@" > {self._arguments}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        monkeypatch.setattr("ops.bench.swarm.wait_until", lambda look, *rest, **more: look())
        self.runs(WEB, f"sprocket-bench_{WEB}")

    def runs(self, *names: str) -> None:
        """What the swarm says that runs; nothing removes it."""
        self.swarm.services_ = [on_swarm(name) for name in names]
        self.swarm.tasks_ = [task(f"task of {name}", name) for name in names]
        self.swarm.remove = lambda kind, id_: True  # type: ignore[method-assign]

    def _tasks(self) -> list[Task]:
        """A look takes a second."""
        self.clock.now += 1
        return self.swarm.tasks_

    @property
    def docker(self) -> str:
        """The arguments of the last ``docker``."""
        return self._arguments.read_text().strip()

    # -- the copy --------------------------------------------------------------------------------------------

    def declare(self, *, services: int | None = None, version: int = 1) -> Inventory:
        self.done.append(f"declare {services if services is not None else f'version {version}'}")
        self.size = services or 0
        count = self.services if services is None else 0
        found = {f"web{number}": {"name": WEB, "mode": {"replicated": {}}} for number in range(count)}
        return from_synthesis({"resource": {"docker_service": found}})

    def apply(self, *, parallelism: int) -> None:
        self.clock.now += 2 + self.size
        self.done.append(f"apply -parallelism={parallelism}")

    def forget(self) -> None:
        self.done.append("forget")

    def empty_plan(self) -> None:
        self.done.append("empty plan")

    def plan_by_terraform(self, *, parallelism: int) -> Seconds:
        self.done.append(f"plan -parallelism={parallelism}")
        return Seconds(wall=self.seconds["terraform"] + (parallelism != 30) + self.size / 200)

    def ops(self, *words: str) -> Any:
        self.done.append(f"ops {' '.join(words)}")
        wall = self.seconds.get(words[0], 1.0) + self.size / 100

        class Ran:
            seconds = Seconds(wall=wall)
            output = self.output

        return Ran()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def cold(world: World) -> Any:
    copy: Any = world
    return cold_deploy.measure(copy, world.swarm, "unix:///x", lambda text: None)


def test_each_is_deployed_three_times_from_nothing_and_ours_stays(world: World) -> None:
    found = cold(world)
    assert world.done.count("apply -parallelism=30") == RUNS
    assert world.done.count("forget") == 2 * RUNS + 1
    assert world.done[-1] == "ops deploy --stable 0"
    assert world.docker.startswith("--host unix:///x stack deploy --resolve-image never --compose-file /")
    assert world.docker.endswith("/compose.yaml sprocket-bench")
    assert found.bar == 1.5 and found.detail.endswith("1 services; whole ops deploy 1.0 s")


def test_a_service_that_never_gets_healthy_ends_it(world: World) -> None:
    world.runs(WEB)
    with pytest.raises(
        OpsError, match=f"did not converge within 300 s: sprocket-bench_{WEB} 0/no such service"
    ):
        cold(world)


def test_a_compose_file_that_docker_refuses_ends_it(world: World, tmp_path: Path) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\necho 'services.web: no' >&2\nexit 1\n")
    with pytest.raises(OpsError, match=r"docker stack deploy failed: services\.web: no"):
        cold(world)


def test_without_docker_s_command_there_is_nothing_to_compare_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(CannotRun, match="there is no docker command to compare with"):
        require_docker()


def test_a_plan_is_compared_with_the_fastest_of_terraform(world: World) -> None:
    copy: Any = world
    found = plan.measure(copy, lambda text: None)
    assert (found.value, found.bar) == (1.3, 1.3)
    assert found.detail == "ops plan 2.60 s, terraform plan -parallelism=30 2.00 s"
    assert world.done[:4] == ["empty plan", *(f"plan -parallelism={number}" for number in (10, 30, 100))]
    assert world.done[4:6] == ["ops plan", "plan -parallelism=30"]


def test_a_rollback_follows_a_change_and_has_to_go_back(world: World) -> None:
    copy: Any = world
    found = rollback.measure(copy, lambda text: None)
    assert (found.value, found.bar, found.met) == (21.0, 60.0, True)
    assert world.done == ["declare version 2", "ops deploy --stable 0", f"ops rollback --service {WEB}"]
    world.output = "nothing to change"
    with pytest.raises(OpsError, match="ops rollback did not go back: nothing to change"):
        rollback.measure(copy, lambda text: None)


def test_growth_is_measured_at_three_sizes(world: World) -> None:
    copy: Any = world
    deploys, plans = growth.measure(copy, world.swarm, lambda text: None)
    assert [each for each in world.done if each.startswith("declare")] == [
        "declare 0",
        "declare 100",
        "declare 300",
    ]
    assert (deploys.name, plans.name) == ("deploy-growth", "plan-growth")
    assert deploys.bar is plans.bar is None
    assert deploys.value == pytest.approx(1.0) and plans.value == pytest.approx(1.0)
    assert deploys.detail.startswith("1000 ms a service at 100 services (102.0 s), ")
    assert plans.detail.startswith("10 ms a service at 100 services (3.6 s, 1.44 of terraform plan), 10 ms")
