"""New images are on the nodes before a deploy changes anything: which, where, with which login, and what ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from layers.loading import load_environment
from ops.deploy import pull_ahead
from ops.errors import Refused
from ops.model.services import services_of
from ops.swarm.engine import RunningService, Swarm
from ops.terraform.target import Target
from tests.unit.ops_boundaries import Boundaries, targets_of
from tests.unit.ops_cloud import change, plan
from tests.unit.ops_engine import Clock, FakeEngine, refused
from tests.unit.ops_fixtures import DIGEST_2, stack
from tests.unit.ops_swarm import node, on_swarm

NEW = f"example.org/app:1.3@{DIGEST_2}"
PROD = load_environment("prod")
UPDATE = change("docker_service.web", "update", before={}, after={"name": "web"})
CREATE = change("docker_service.web", "create", before=None, after={"name": "web"})


class Node(FakeEngine):
    """The engine of a node."""

    def __init__(self, name: str) -> None:
        super().__init__(Clock())
        self.name = name

    def info(self) -> dict[str, Any]:
        return {"Name": self.name}


class World:
    """A manager and two workers, one of them for the application; web is declared with a new image."""

    def __init__(self, boundaries: Boundaries, patch: pytest.MonkeyPatch) -> None:
        self.nodes = {name: Node(name) for name in ("data", "app", "idle")}
        self.boundaries = boundaries
        self.raw = {
            "data": node("n1", "data", labels={"app": "yes"}),
            "app": node("n2", "app", role="worker", labels={"app": "yes"}),
            "idle": node("n3", "idle", role="worker"),
        }
        self.silent: set[str] = set()
        self.undeclared: set[str] = set()
        self.constraints: list[str] = ["node.labels.app==yes"]
        boundaries.swarm.nodes = list(self.raw.values())
        boundaries.swarm._api = self.nodes["data"]
        self.nodes["data"].nodes_ = boundaries.swarm.nodes
        self.connected = 0
        patch.setattr(pull_ahead, "engines", self.engines)
        patch.setattr("ops.registry.pull.time", self.nodes["data"].clock)

    @contextmanager
    def engines(self, target: Target, *, silent: dict[str, str]) -> Iterator[list[Swarm]]:
        self.connected += 1
        for name in self.silent - self.undeclared:
            silent[name] = f"the engine at ssh://{name} does not answer: timed out"
        yield [Swarm(each) for name, each in self.nodes.items() if name not in self.silent]  # type: ignore[arg-type]

    @property
    def pulled(self) -> dict[str, list[str]]:
        return {name: each.done for name, each in self.nodes.items() if each.done}

    def pulls(self, *changes: Any, wanted: bool = True, silent_s: float = 60.0) -> bool:
        document = stack()
        spec = document["resource"]["docker_service"]["web"]["task_spec"]
        spec["container_spec"]["image"] = NEW
        spec["placement"] = {"constraints": self.constraints}
        services = targets_of(PROD, of_services=document).services
        if silent_s != 60.0:
            pull_ahead.require_pulled(services, plan(*changes), silent_s=silent_s)
            return True
        return pull_ahead.pulling_first(services, lambda _: True, wanted=wanted)(plan(*changes or (UPDATE,)))


PULL = "pull example.org/app@sha256:222"


@pytest.fixture
def world(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(boundaries, monkeypatch)


@pytest.mark.parametrize("changes", [UPDATE, CREATE], ids=["update", "create"])
def test_every_node_that_may_run_it_pulls_it(
    world: World, changes: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    if changes is CREATE:
        world.boundaries.swarm.services_ = []
    assert world.pulls(changes)
    assert world.pulled == {"data": [PULL], "app": [PULL]}
    told = capsys.readouterr().err
    assert "pulling 2 images ahead on 2 nodes\n" in told
    assert "pulling images ahead: 2 of 2, last " in told
    assert "  pulled in 0 s\n" in told


def test_a_node_that_has_it_asks_no_registry(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """So a deploy needs none where the nodes hold the images."""
    for each in world.nodes.values():
        each.has_images.add(NEW)
        each.unpullable["example.org/app"] = "connection refused"
    assert world.pulls()
    assert world.pulled == {}
    assert "ahead" not in capsys.readouterr().err


def test_only_those_that_lack_it_pull(world: World) -> None:
    world.nodes["data"].has_images.add(NEW)
    assert world.pulls()
    assert world.pulled == {"app": [PULL]}


@pytest.mark.parametrize(
    ("running", "changes"),
    [
        ([on_swarm("web", image=NEW)], (UPDATE,)),
        ([on_swarm("web")], ()),
        ([on_swarm("web")], (change("docker_service.web", "delete", before={}, after=None),)),
    ],
    ids=["runs it", "no change", "removed"],
)
def test_nobody_is_asked_where_no_image_is_new(
    world: World, running: Sequence[RunningService], changes: Sequence[Any]
) -> None:
    world.boundaries.swarm.services_ = list(running)
    assert world.pulls(*changes, silent_s=61.0)
    assert (world.connected, world.pulled) == (0, {})


REPLACE = change("docker_service.web", "delete", "create", before={}, after={"name": "web"})


@pytest.mark.parametrize(
    ("running", "changes"),
    [
        (NEW, REPLACE),
        (NEW.replace("example.org", "mirror.example.org"), UPDATE),
    ],
    ids=["replaced", "from another registry"],
)
def test_a_node_may_lack_what_the_service_runs_elsewhere(world: World, running: str, changes: Any) -> None:
    world.boundaries.swarm.services_ = [on_swarm("web", image=running)]
    assert world.pulls(changes)
    assert world.pulled.keys() == {"data", "app"}


@pytest.mark.parametrize(("tag", "count"), [("1.3", 0), ("1.4", 1)])
def test_an_image_without_a_digest_is_known_by_its_tag(tag: str, count: int) -> None:
    document = stack()
    document["resource"]["docker_service"]["web"]["task_spec"]["container_spec"]["image"] = f"app:{tag}"
    services = services_of(targets_of(PROD, of_services=document).services.wanted)
    found = pull_ahead.changed_images(plan(UPDATE), services, [on_swarm("web", image="app:1.3")])
    assert len(list(found)) == count


@pytest.mark.parametrize(
    ("constraints", "names"),
    [
        ([], {"data", "app", "idle"}),
        (["node.role == manager"], {"data"}),
        (["node.role!=manager", "node.labels.app==yes"], {"app"}),
        (["node.hostname==idle"], {"idle"}),
        (["node.labels.app!=yes"], {"idle"}),
    ],
)
def test_constraints_choose_the_nodes(world: World, constraints: list[str], names: set[str]) -> None:
    world.constraints = constraints
    assert world.pulls()
    assert world.pulled.keys() == names


def test_no_task_comes_to_a_node_that_is_drained_or_down(world: World) -> None:
    world.raw["app"]["Spec"]["Availability"] = "drain"
    world.raw["data"]["Status"]["State"] = "down"
    world.constraints = []
    assert world.pulls()
    assert world.pulled.keys() == {"idle"}


def test_a_node_that_does_not_answer_is_a_warning(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.silent = {"app"}
    assert world.pulls()
    assert world.pulled.keys() == {"data"}
    why = "the engine at ssh://app does not answer: timed out"
    assert f"warning: app pulls new images when a task needs them: {why}\n" in capsys.readouterr().err


def test_a_node_that_no_file_declares_is_not_said_to_be_silent(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody asked it: it is about to be removed, or is no droplet of the environment."""
    world.silent = world.undeclared = {"app"}
    assert world.pulls()
    assert world.pulled.keys() == {"data"}
    assert "warning" not in capsys.readouterr().err


def test_an_image_that_cannot_be_pulled_is_named_with_its_node_and_why(world: World) -> None:
    world.nodes["app"].fails["example.org/app"] = [refused("manifest unknown", 404)]
    with pytest.raises(Refused) as caught:
        world.pulls()
    assert str(caught.value) == (
        "prod is not deployed, nothing was changed: 1 image could not be pulled ahead\n"
        "- app: app 1.3 (22222222) cannot be pulled: manifest unknown\n"
        "    correct the digest, the login or what keeps the node from the registry, then deploy again; "
        "--no-pull-ahead deploys without it"
    )


def test_a_registry_that_fails_once_is_asked_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.nodes["app"].fails["example.org/app"] = [refused("toomanyrequests", 500)]
    assert world.pulls()
    assert world.pulled["app"] == [PULL, PULL]
    told = capsys.readouterr().err
    assert (
        "warning: app 1.3 (22222222) cannot be pulled on app: toomanyrequests; tried again in 5 s\n" in told
    )


class Told:
    """A pull that tells of progress every 0.2 s, for a while."""

    def __init__(self, lines: int) -> None:
        self._lines = lines

    def pull(self, *_: Any, **__: Any) -> Iterator[dict[str, str]]:
        for _number in range(self._lines):
            time.sleep(0.2)
            yield {"status": "Downloading"}


def test_a_slow_pull_has_all_the_time_it_needs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.nodes["app"], "pull", Told(10).pull)
    assert world.pulls(UPDATE, silent_s=1.0)


def test_an_image_that_waits_for_another_one_of_its_node_is_not_silent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine downloads three layers at a time, and says nothing of an image whose layers come with another one."""
    document = stack()
    services = document["resource"]["docker_service"]
    services["web"]["task_spec"]["container_spec"]["image"] = NEW
    services["redis"]["task_spec"]["container_spec"]["image"] = f"example.org/other:2@{DIGEST_2}"
    told = threading.Event()

    def pull(name: str, **_: Any) -> Iterator[dict[str, str]]:
        if name == "example.org/other":
            told.wait(20)
        else:
            yield from Told(10).pull()
            told.set()

    for each in world.nodes.values():
        monkeypatch.setattr(each, "pull", pull)
    also = change("docker_service.redis", "update", before={}, after={"name": "redis"})
    pull_ahead.require_pulled(
        targets_of(PROD, of_services=document).services, plan(UPDATE, also), silent_s=1.0
    )


def test_the_login_is_in_the_request_and_nowhere_else(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ops.registry.login import Login

    given = {"example.org": Login(user="bot", password="t0ken-of-the-registry", origin="test")}
    monkeypatch.setattr(pull_ahead, "logins_of", lambda name, variables: given)
    assert world.pulls()
    logins = [login for each in world.nodes.values() for login in each.logins]
    assert logins == [{"username": "bot", "password": "t0ken-of-the-registry"}] * 2
    told = capsys.readouterr()
    assert "t0ken-of-the-registry" not in told.err + told.out


def test_nodes_pull_at_the_same_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for the other, which would never come one after the other."""
    both = threading.Barrier(2, timeout=20)
    for name in ("data", "app"):
        usual = world.nodes[name].pull

        def pull(*words: Any, usual: Any = usual, **more: Any) -> Any:
            both.wait()
            return usual(*words, **more)

        monkeypatch.setattr(world.nodes[name], "pull", pull)
    assert world.pulls()
    assert world.pulled.keys() == {"data", "app"}


def test_without_it_nothing_is_pulled(world: World) -> None:
    assert world.pulls(wanted=False)
    assert (world.connected, world.pulled) == (0, {})
