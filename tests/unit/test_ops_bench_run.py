"""What runs on a machine, what is skipped and why, and what the command says at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker.errors
import pytest
import typer
from typer.testing import CliRunner

from images.builder import lock
from ops import errors
from ops.bench import checkout, cold_deploy, growth, plan, rollback, run, synthesis
from ops.bench.result import CannotRun, Measured, Skipped
from ops.cli.app import app
from ops.errors import OpsError
from tests.unit.ops_swarm import FakeSwarm


class World:
    """Benchmarks that measure nothing, on a machine that has everything.

    Attributes:
        done: what ran, in order.
        lacking: by name of a step, why it cannot run.
    """

    def __init__(self) -> None:
        self.done: list[str] = []
        self.lacking: dict[str, str] = {}
        self.value = 1.0

    def step(self, name: str) -> Measured:
        self.done.append(name)
        if reason := self.lacking.get(name):
            raise CannotRun(reason)
        return Measured(name=name, value=self.value, bar=1.5)


class Api:
    """An engine that has an image, or can pull it, or neither."""

    def __init__(self) -> None:
        self.images: set[str] = {"example.org/redis@sha256:1"}
        self.registry: set[str] = set()

    def inspect_image(self, name: str) -> None:
        if name not in self.images:
            raise docker.errors.ImageNotFound("no such image")

    def pull(self, name: str) -> None:
        if name not in self.registry:
            raise docker.errors.APIError("refused", explanation="connection refused")
        self.images.add(name)


class Copy:
    image = "example.org/redis@sha256:1"

    def __init__(self, world: World) -> None:
        self._world = world

    def declare(self, **settings: Any) -> None:
        self._world.done.append("declare")

    def ops(self, *words: str) -> None:
        self._world.done.append(f"ops {words[0]}")


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, api: Api) -> World:
    found = World()

    @contextmanager
    def own_swarm(host: str) -> Iterator[FakeSwarm]:
        found.step("swarm")
        swarm = FakeSwarm()
        swarm._api = api
        try:
            yield swarm
        finally:
            found.done.append("removed")

    @contextmanager
    def copied(engine: str) -> Iterator[Copy]:
        found.step("copy")
        yield Copy(found)

    monkeypatch.setattr(run, "own_swarm", own_swarm)
    monkeypatch.setattr(run, "checkout", copied)
    monkeypatch.setattr(synthesis, "measure", lambda say: [found.step("synth-prod")])
    monkeypatch.setattr(cold_deploy, "measure", lambda copy, swarm, host, say: found.step("cold-deploy"))
    monkeypatch.setattr(plan, "measure", lambda copy, say: found.step("plan"))
    monkeypatch.setattr(rollback, "measure", lambda copy, say: found.step("rollback"))
    monkeypatch.setattr(growth, "measure", lambda copy, swarm, say: [found.step("deploy-growth")])
    return found


def measured(*chosen: str) -> list[Any]:
    return list(run.measure(chosen or run.NAMES, lambda text: None))


def test_all_run_on_one_deployment_and_it_is_removed(world: World) -> None:
    assert [each.name for each in measured()] == [
        "synth-prod",
        "cold-deploy",
        "plan",
        "rollback",
        "deploy-growth",
    ]
    assert world.done[-1] == "removed" and "ops deploy" not in world.done


def test_a_plan_alone_has_something_to_plan(world: World) -> None:
    assert [each.name for each in measured("plan")] == ["plan"]
    assert world.done == ["swarm", "copy", "declare", "ops deploy", "plan", "removed"]


def test_synthesis_needs_no_swarm(world: World) -> None:
    assert [each.name for each in measured("synth")] == ["synth-prod"]
    assert "swarm" not in world.done


def test_without_an_engine_the_others_are_skipped_with_the_reason(world: World) -> None:
    world.lacking["swarm"] = "the engine does not answer"
    found = measured()
    assert isinstance(found[0], Measured)
    assert found[1:] == [
        Skipped(name=name, reason="the engine does not answer")
        for name in ("cold-deploy", "plan", "rollback", "growth")
    ]


def test_what_ran_before_a_part_was_missing_counts(world: World) -> None:
    world.lacking["plan"] = "no terraform"
    found = measured("cold-deploy", "plan")
    assert [type(each) for each in found] == [Measured, Skipped]
    assert world.done[-1] == "removed"


def test_an_image_is_pulled_before_anything_is_measured(world: World, api: Api) -> None:
    api.registry, api.images = api.images, set()
    assert [each.name for each in measured("growth")] == ["deploy-growth"]
    api.registry, api.images = set(), set()
    (skipped,) = measured("growth")
    assert skipped.reason == (
        "the engine has no example.org/redis@sha256:1 and cannot pull it (connection refused); "
        "python -m images build makes it and starts its registry"
    )


def test_images_that_nobody_built_are_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "load", lambda path: {})
    with (
        pytest.raises(CannotRun, match=r"^images\.packages\.lock\.yaml has no image redis; build it"),
        checkout.checkout("unix:///x"),
    ):
        pass


# -- the command -------------------------------------------------------------------------------------------------


def command(*words: str) -> tuple[int, list[str]]:
    ended = CliRunner().invoke(app, ["bench", *words])
    return ended.exit_code, ended.stdout.splitlines()


def test_all_bars_met_is_success(world: World) -> None:
    code, lines = command()
    assert (code, lines[-1]) == (errors.FINE, "5 measured, 0 bars missed, 0 skipped")


def test_a_missed_bar_is_a_finding_and_named(world: World) -> None:
    world.value = 1.51
    code, lines = command("--only", "plan", "--only", "rollback")
    assert (code, lines[-1]) == (
        errors.FINDING,
        "2 measured, 2 bars missed: plan, rollback, 0 skipped",
    )


def test_a_skip_is_no_pass(world: World) -> None:
    world.lacking["swarm"] = "no engine"
    assert command("--only", "synth", "--only", "plan") == (
        errors.FINE,
        [
            "synth-prod         1.00  bar 1.50    met",
            "plan                  -  skipped: no engine",
            "1 measured, 0 bars missed, 1 skipped",
        ],
    )
    assert command("--only", "plan")[0] == errors.FINDING


def test_an_unknown_benchmark_is_wrong_use(world: World) -> None:
    with pytest.raises(
        errors.WrongUse, match="--only deploy: there is no such benchmark\n  use one of synth, cold-deploy"
    ):
        typer.main.get_command(app).main(["bench", "--only", "deploy"], standalone_mode=False)
    assert world.done == []


def test_a_benchmark_that_fails_is_an_error_and_not_a_skip(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(copy: Any, say: Any) -> None:
        raise OpsError("terraform plan ended with exit code 1")

    monkeypatch.setattr(plan, "measure", fails)
    with pytest.raises(OpsError, match="exit code 1"):
        measured("plan")
    assert world.done[-1] == "removed"
