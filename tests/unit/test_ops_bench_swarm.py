"""The swarm of the benchmarks: none that is in use, and nothing left in it, however they end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ops.bench import swarm as module
from ops.bench.result import CannotRun
from ops.bench.swarm import engine, own_swarm, remove_all
from ops.errors import OpsError
from tests.unit.ops_clock import FakeClock
from tests.unit.ops_swarm import FakeSwarm, on_swarm


class Emptied(FakeSwarm):
    """One whose networks are in use for the first ``busy`` tries to remove them."""

    busy = 0

    def remove(self, kind: str, id_: str) -> bool:
        if kind == "network" and self.busy > 0:
            self.busy -= 1
            return False
        for names in self.names_.values():
            for name in [name for name, each in names.items() if each == id_]:
                del names[name]
        return super().remove(kind, id_)

    def names(self, kind: str) -> dict[str, str]:
        return dict(super().names(kind))


@pytest.fixture
def swarm(monkeypatch: pytest.MonkeyPatch) -> Emptied:
    found = Emptied(swarm_nodes={"LocalNodeState": "inactive"})

    @contextmanager
    def connected(host: str) -> Iterator[FakeSwarm]:
        if not found.answers:
            raise OpsError(f"the engine at {host} does not answer: no such file")
        yield found

    monkeypatch.setattr(module, "connected", connected)
    FakeClock(monkeypatch)
    return found


def fill(swarm: FakeSwarm) -> None:
    swarm.services_ = [on_swarm("sprocket-bench-web"), on_swarm("sprocket-bench_sprocket-bench-web")]
    swarm.names_ = {
        "network": {"sprocket-bench-edge": "n1", "ingress": "n2"},
        "config": {"sprocket-bench-web-settings-0badcafe": "c1", "mine": "c2"},
        "secret": {"sprocket-bench-password": "s1"},
    }


def test_a_swarm_is_made_where_there_is_none_and_left(swarm: Emptied) -> None:
    with own_swarm("unix:///x") as found:
        fill(swarm)
        assert found is swarm
    assert swarm.done[0] == "start 127.0.0.1" and swarm.done[-1] == "leave"
    assert {
        "remove service sprocket-bench-web",
        "remove network n1",
        "remove config c1",
        "remove secret s1",
    } <= set(swarm.done)
    assert swarm.names_ == {"network": {"ingress": "n2"}, "config": {"mine": "c2"}, "secret": {}}


def test_a_swarm_that_was_there_stays(swarm: Emptied) -> None:
    swarm.swarm_nodes = {"LocalNodeState": "active", "ControlAvailable": True}
    with own_swarm("unix:///x"):
        fill(swarm)
    assert not {"leave", "start 127.0.0.1"} & set(swarm.done)
    assert swarm.services_ == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, OpsError("terraform apply: broke")])
def test_everything_goes_also_on_ctrl_c_and_on_a_failure(swarm: Emptied, error: Any) -> None:
    def run() -> None:
        with own_swarm("unix:///x"):
            fill(swarm)
            raise error

    with pytest.raises((KeyboardInterrupt, OpsError)):
        run()
    assert swarm.services_ == [] and swarm.done[-1] == "leave"


@pytest.mark.parametrize(
    ("nodes", "services", "reason"),
    [
        ({"LocalNodeState": "active", "ControlAvailable": False}, [], "is a worker of a swarm"),
        (
            {"LocalNodeState": "active", "ControlAvailable": True},
            ["redis", "web"],
            "is in use by redis and others, 2 in all",
        ),
    ],
)
def test_another_s_swarm_is_not_touched(
    swarm: Emptied, nodes: dict[str, Any], services: list[str], reason: str
) -> None:
    swarm.swarm_nodes, swarm.services_ = nodes, [on_swarm(name) for name in services]
    with pytest.raises(CannotRun, match=reason), own_swarm("unix:///x"):
        pass
    assert swarm.done == []


def test_no_engine_is_a_reason(swarm: Emptied) -> None:
    swarm.answers = False
    with (
        pytest.raises(CannotRun, match=r"^the engine at unix:///x does not answer: no such file$"),
        own_swarm("unix:///x"),
    ):
        pass


def test_networks_are_tried_until_their_tasks_are_gone(swarm: Emptied) -> None:
    fill(swarm)
    swarm.busy = 3
    remove_all(swarm)
    assert "sprocket-bench-edge" not in swarm.names_["network"]


def test_what_stays_in_use_is_named(swarm: Emptied) -> None:
    fill(swarm)
    swarm.busy = 10_000
    with pytest.raises(
        OpsError, match=r"^sprocket-bench-edge: still in use 180 s after .*\n  remove what begins with"
    ):
        remove_all(swarm)


def test_the_engine_is_the_one_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert engine() == "unix:///var/run/docker.sock"
    monkeypatch.setenv("DOCKER_HOST", "unix:///tmp/other.sock")
    assert engine() == "unix:///tmp/other.sock"
