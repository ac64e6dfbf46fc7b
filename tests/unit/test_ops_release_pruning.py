"""What is removed from nodes, and what never is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import docker.errors
import pytest
import requests

from layers.cloud.nodes import nodes_of
from layers.loading import load_environment
from ops.errors import OpsError, WrongUse
from ops.release import pruning
from ops.release.archive import archive_of
from ops.release.pruning import (
    Needed,
    NodeLeftovers,
    leftover_files,
    needed_by,
    prune,
    prune_nodes_after_deploy,
    remove_images,
    unused_images,
)
from ops.release.stopped_containers import remove_stopped, stopped_containers
from ops.swarm.engine import Swarm
from ops.terraform.leftovers import Leftover
from tests.unit.ops_boundaries import Boundaries, documents_of, targets_of
from tests.unit.ops_fixtures import DIGEST_1, DIGEST_2, stack
from tests.unit.ops_releases import release
from tests.unit.ops_terraform import resource

PROD = load_environment("prod")
FOUR = load_environment("rehearsal-4")
DIGEST_3 = "sha256:" + "3" * 64
APP = "example.org/app"
AGAIN = "(again: python -m ops prune --env rehearsal-4)"


def image(id_: str, *digests: str, tags: tuple[str, ...] = (), size: int = 100) -> dict[str, Any]:
    """As the engine lists it; one without a tag has this or nothing in its place."""
    return {
        "Id": id_,
        "RepoDigests": list(digests),
        "RepoTags": list(tags) or ["<none>:<none>"],
        "Size": size,
    }


def refused(status: int) -> docker.errors.APIError:
    response = requests.Response()
    response.status_code = status
    return docker.errors.APIError("no", response=response, explanation="it is used")


def _labelled(found: list[dict[str, Any]], filters: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    label = (filters or {}).get("label", "")
    return [each for each in found if not label or label in each.get("Labels", {})]


def container(
    id_: str, *, days: float, ended: float | None = None, state: str = "exited", **labels: str
) -> dict[str, Any]:
    """As the engine lists it, with what it says about it alone.

    Args:
        days: ago that it was made.
        ended: days ago; none for as soon as it was made.
    """
    moment = datetime.now(UTC) - timedelta(days=days if ended is None else ended)
    never = state in ("created", "running")
    return {
        "Id": id_,
        "Names": [f"/{id_}"],
        "ImageID": "",
        "State": state,
        "Created": int(time.time() - days * 86_400),
        "FinishedAt": "0001-01-01T00:00:00Z" if never else f"{moment:%Y-%m-%dT%H:%M:%S}.123456789Z",
        "Labels": {name.replace("__", "-").replace("_", "."): value for name, value in labels.items()},
    }


@dataclass
class FakeEngine:
    """One node's engine: what it has, and what was removed."""

    name: str = "node-1"
    away: str = ""
    """Why it does not answer; empty where it does."""
    images_: list[dict[str, Any]] = field(default_factory=list)
    containers_: list[dict[str, Any]] = field(default_factory=list)
    services_: list[dict[str, Any]] = field(default_factory=list)
    configs_: list[dict[str, Any]] = field(default_factory=list)
    secrets_: list[dict[str, Any]] = field(default_factory=list)
    networks_: list[dict[str, Any]] = field(default_factory=list)
    volumes_: list[dict[str, Any]] = field(default_factory=list)
    refuses: int = 0
    done: list[str] = field(default_factory=list)

    def info(self) -> dict[str, Any]:
        return {"Name": self.name}

    def images(self) -> list[dict[str, Any]]:
        return self.images_

    def containers(self, all: bool = False, filters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        wanted = filters or {}
        return [
            each
            for each in _labelled(self.containers_, filters)
            if all and ("status" not in wanted or each["State"] in wanted["status"])
        ]

    def inspect_container(self, id_: str) -> dict[str, Any]:
        found = next((each for each in self.containers_ if each["Id"] == id_), None)
        if found is None or found.get("gone"):
            raise refused(404)
        return {"State": {"Status": found["State"], "FinishedAt": found["FinishedAt"]}}

    def networks(self, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
        return _labelled(self.networks_, filters)

    def volumes(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        return {"Volumes": _labelled(self.volumes_, filters) or None}

    def remove_container(self, id_: str, *, force: bool = False, v: bool = False) -> None:
        if self.refuses:
            raise refused(self.refuses)
        self.done.append(f"container {id_}{' with its volumes' if v else ''}")

    def remove_network(self, id_: str) -> None:
        self.done.append(f"network {id_}")

    def remove_volume(self, name: str, force: bool = False) -> None:
        self.done.append(f"volume {name}")

    def services(self) -> list[dict[str, Any]]:
        return self.services_

    def configs(self) -> list[dict[str, Any]]:
        return self.configs_

    def secrets(self) -> list[dict[str, Any]]:
        return self.secrets_

    def df(self) -> dict[str, Any]:
        return {"LayersSize": sum(each["Size"] for each in self.images_)}

    def remove_image(self, reference: str) -> None:
        if self.refuses:
            raise refused(self.refuses)
        self.done.append(f"image {reference}")
        self.images_ = [each for each in self.images_ if reference not in each["RepoDigests"]]

    def remove_config(self, id_: str) -> None:
        self.done.append(f"config {id_}")

    def remove_secret(self, id_: str) -> None:
        self.done.append(f"secret {id_}")


def swarm(engine: FakeEngine) -> Swarm:
    api: Any = engine
    return Swarm(api)


def file(name: str, id_: str) -> dict[str, Any]:
    return {"ID": id_, "Spec": {"Name": name}}


def reading(**files: list[str]) -> dict[str, Any]:
    container = {
        f"{kind.title()}s": [{f"{kind.title()}ID": id_} for id_ in ids] for kind, ids in files.items()
    }
    return {"TaskTemplate": {"ContainerSpec": container}}


NEEDED = Needed(
    repositories=frozenset({APP, "redis"}),
    digests=frozenset({DIGEST_1}),
    files={"config": frozenset({"web-conf"}), "secret": frozenset({"redis-conf"})},
)


def test_what_the_releases_need_is_every_image_and_file_of_theirs() -> None:
    newer = stack()
    newer["resource"]["docker_service"]["web"]["task_spec"]["container_spec"]["image"] = (
        f"{APP}:1.3@{DIGEST_2}"
    )
    found = needed_by([stack(), newer])
    assert found.repositories == {APP, "redis"}
    assert found.digests == {DIGEST_1, DIGEST_2}
    assert found.files == {"config": {"web-conf"}, "secret": {"redis-conf"}}


@pytest.mark.parametrize(
    ("there", "unused"),
    [
        (image("a", f"{APP}@{DIGEST_2}"), [f"{APP}@{DIGEST_2}"]),
        (image("a", f"{APP}@{DIGEST_2}", f"redis@{DIGEST_3}"), [f"{APP}@{DIGEST_2}", f"redis@{DIGEST_3}"]),
        (image("a", f"{APP}@{DIGEST_1}"), []),
        (image("a", f"{APP}@{DIGEST_2}", tags=(f"{APP}:1.0",)), []),
        (image("a", f"example.org/other@{DIGEST_2}"), []),
        (image("in-use", f"{APP}@{DIGEST_2}"), []),
        ({"Id": "a", "RepoDigests": None, "RepoTags": None, "Size": 1}, []),
    ],
    ids=[
        "old",
        "old under two names",
        "needed",
        "tagged by a person",
        "somebody else's",
        "in use",
        "nameless",
    ],
)
def test_only_images_of_ours_that_nobody_needs_are_unused(there: dict[str, Any], unused: list[str]) -> None:
    engine = FakeEngine(images_=[there], containers_=[{"ImageID": "in-use"}])
    assert [each.reference for each in unused_images(swarm(engine), NEEDED)] == unused


def test_freed_is_what_the_node_has_more() -> None:
    engine = FakeEngine(images_=[image("a", f"{APP}@{DIGEST_2}", size=700), image("b", f"{APP}@{DIGEST_1}")])
    unused = list(unused_images(swarm(engine), NEEDED))
    assert remove_images(swarm(engine), unused) == 700
    assert engine.done == [f"image {APP}@{DIGEST_2}"]


def test_an_image_that_a_task_has_begun_to_use_is_left_and_another_refusal_is_told() -> None:
    engine = FakeEngine(images_=[image("a", f"{APP}@{DIGEST_2}")], refuses=409)
    unused = list(unused_images(swarm(engine), NEEDED))
    assert remove_images(swarm(engine), unused) == 0
    engine.refuses = 500
    with pytest.raises(OpsError, match=f"image {APP}@{DIGEST_2}: it is used"):
        remove_images(swarm(engine), unused)


def test_only_files_of_ours_that_nobody_has_are_left_over() -> None:
    configs = {
        "web-conf-0000000a": "old",
        "web-conf-0000000b": "read",
        "web-conf-0000000c": "to go back to",
        "web-conf-0000000d": "in state",
        "web-conf-by-hand": "named otherwise",
        "other-conf-0000000a": "somebody's",
    }
    engine = FakeEngine(
        configs_=[file(name, id_) for name, id_ in configs.items()],
        secrets_=[file("redis-conf-0000000a", "old secret"), file("redis-conf-0000000b", "read secret")],
        services_=[
            {
                "Spec": reading(config=["read"], secret=["read secret"]),
                "PreviousSpec": reading(config=["to go back to"]),
            },
            {"Spec": {"TaskTemplate": {}}},
        ],
    )
    assert list(leftover_files(swarm(engine), NEEDED, {"in state"})) == [
        Leftover(kind="config", name="web-conf-0000000a", id="old"),
        Leftover(kind="secret", name="redis-conf-0000000a", id="old secret"),
    ]


@pytest.fixture
def nodes(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> list[FakeEngine]:
    """Two nodes with an old image each; a config that an apply left."""
    found = [
        FakeEngine(
            name="prod-app-1",
            images_=[image("a", f"{APP}@{DIGEST_2}", size=5_000_000), image("b", f"{APP}@{DIGEST_1}")],
            configs_=[file("web-conf-0000000a", "left"), file("web-conf-0000000b", "known")],
        ),
        FakeEngine(name="prod-other-1", images_=[image("b", f"{APP}@{DIGEST_1}")]),
    ]

    @contextmanager
    def engines(target: Any, **_: Any) -> Iterator[list[Swarm]]:
        yield [swarm(each) for each in found]

    monkeypatch.setattr(pruning, "engines", engines)
    boundaries.services.resources = [resource("docker_config.web_conf", id="known", name="web-conf-0000000b")]
    archive = archive_of(PROD)
    documents = documents_of(PROD)
    archive.add(release(services=archive.keep(documents[PROD.services_stack])))
    return found


def test_it_shows_asks_removes_and_says_what_was_freed(
    nodes: list[FakeEngine], capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def ask(text: str) -> bool:
        asked.append(text)
        return True

    prune("prod", ask=ask)
    assert asked == ["remove this from prod?"]
    assert [each.done for each in nodes] == [[f"image {APP}@{DIGEST_2}", "config left"], []]
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        f"prod-app-1: image {APP}@{DIGEST_2} (5.0 MB)",
        "config web-conf-0000000a: no service reads it, and the state does not have it",
    ]
    assert "prod-app-1: 1 image removed, 5.0 MB freed" in told.err
    assert "does not answer" not in told.err


def test_containers_that_ended_are_removed_after_a_day_without_those_of_the_swarm() -> None:
    engine = FakeEngine(
        containers_=[
            container("by-hand", days=2),
            container("never-started", days=2, state="created"),
            container("of-today", days=0.5),
            container("ended-a-minute-ago", days=30, ended=1 / 1440),
            container("gone-by-now", days=2) | {"gone": True},
            container("ended-nobody-knows-when", days=2) | {"FinishedAt": ""},
            container("running", days=2, state="running"),
            container("of-a-task", days=2, com_docker_swarm_task_id="t"),
            container("of-a-trial", days=2, sprocket_trial__boot="host:1:1"),
        ]
    )
    found = list(stopped_containers(swarm(engine)))
    assert [str(each) for each in found] == ["by-hand", "never-started"]
    assert remove_stopped(swarm(engine), found) == 2
    assert engine.done == ["container by-hand", "container never-started"], "their volumes stay"
    lines = NodeLeftovers(node="node-1", engine=swarm(engine), stopped=tuple(found)).lines
    assert lines == [
        "node-1: container by-hand, which ended more than a day ago",
        "node-1: container never-started, which was made more than a day ago and never started",
    ]
    engine.refuses = 409
    assert remove_stopped(swarm(engine), found) == 0
    engine.refuses = 500
    with pytest.raises(OpsError, match="container by-hand: it is used"):
        remove_stopped(swarm(engine), found)


def test_what_killed_trials_left_is_shown_and_removed(
    nodes: list[FakeEngine], capsys: pytest.CaptureFixture[str]
) -> None:
    label = {"sprocket.trial-boot": "another-machine:1:1"}
    nodes[1].containers_ = [container("trial", days=2) | {"Labels": label}]
    nodes[1].networks_ = [{"Id": "net", "Labels": label}, {"Id": "of-the-platform", "Labels": {}}]
    nodes[1].volumes_ = [{"Name": "made-up", "Labels": label}, {"Name": "redis", "Labels": {}}]
    prune("prod", ask=None)
    assert nodes[1].done == ["container trial with its volumes", "network net", "volume made-up"]
    told = capsys.readouterr()
    assert "prod-other-1: 3 leftovers of killed trial boots" in told.out
    assert "prod-other-1: 3 trial boot leftovers removed" in told.err


def test_a_persons_own_containers_on_a_machine_of_hers_stay(
    nodes: list[FakeEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes[0].containers_ = [container("by-hand", days=2)]
    settings = PROD.model_copy(update={"cloud": None, "nodes": {}})
    monkeypatch.setattr(pruning, "load_environment", lambda name: settings)
    prune("prod", ask=None)
    assert "container by-hand" not in nodes[0].done


def test_a_deploy_removes_from_the_nodes_what_no_kept_release_needs(
    nodes: list[FakeEngine], capsys: pytest.CaptureFixture[str]
) -> None:
    nodes[1].containers_ = [container("by-hand", days=2)]
    target = targets_of(PROD).services
    target.document["resource"]["docker_service"]["new"] = target.document["resource"]["docker_service"][
        "web"
    ]
    prune_nodes_after_deploy(target)
    assert [each.done for each in nodes] == [[f"image {APP}@{DIGEST_2}"], ["container by-hand"]]
    assert "prod-app-1: 1 image removed, 5.0 MB freed" in capsys.readouterr().err


def test_a_deploy_keeps_what_it_brought_where_no_release_could_be_recorded(
    nodes: list[FakeEngine],
) -> None:
    target = targets_of(PROD).services
    target.document["resource"]["docker_service"]["web"]["task_spec"]["container_spec"]["image"] = (
        f"{APP}:1.3@{DIGEST_2}"
    )
    prune_nodes_after_deploy(target)
    assert not nodes[0].done


def test_a_deploy_does_not_fail_for_what_it_cannot_remove(
    nodes: list[FakeEngine], capsys: pytest.CaptureFixture[str]
) -> None:
    nodes[0].refuses = 500
    prune_nodes_after_deploy(targets_of(PROD).services)
    assert "(again: python -m ops prune --env prod)" in capsys.readouterr().err


@pytest.fixture
def four(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeEngine]:
    """The nodes of rehearsal-4, an old image on each; ``away`` is why one does not answer."""
    found = {
        node.dns_name: FakeEngine(name=node.name, images_=[image("a", f"{APP}@{DIGEST_2}", size=5_000_000)])
        for node in nodes_of(FOUR)
    }
    manager = found[next(iter(found))]

    @contextmanager
    def connected(host: str, ssh_options: Sequence[str] = ()) -> Iterator[Swarm]:
        engine = found.get(host.partition("@")[2], manager)
        if engine.away:
            raise OpsError(f"the engine at {host} does not answer: {engine.away}", fix="look at it")
        yield swarm(engine)

    for module in ("ops.terraform.target", "ops.nodes.engines"):
        monkeypatch.setattr(f"{module}.connected", connected)
    boundaries.services.resources = [resource("docker_config.web_conf", id="known", name="web-conf-0000000b")]
    archive = archive_of(FOUR)
    archive.add(release(services=archive.keep(documents_of(FOUR)[FOUR.services_stack])))
    return {engine.name: engine for engine in found.values()}


def test_a_deploy_names_each_node_that_it_could_not_clear_and_why(
    four: dict[str, FakeEngine], capsys: pytest.CaptureFixture[str]
) -> None:
    app, data, watch, work = (f"rehearsal-4-{pool}-1" for pool in ("app", "data", "watch", "work"))
    four[data].away = "timed out"
    four[watch].refuses = 500
    prune_nodes_after_deploy(targets_of(FOUR).services)
    assert four[app].done and four[work].done, "the others are cleared all the same"
    told = capsys.readouterr().err
    (away,) = (line for line in told.splitlines() if line.startswith(f"warning: {data} "))
    assert "is not cleared: the engine at ssh://" in away and away.endswith(
        f"does not answer: timed out {AGAIN}"
    )
    (refuses,) = (line for line in told.splitlines() if line.startswith(f"warning: {watch} "))
    assert refuses.endswith(f"is not cleared: image {APP}@{DIGEST_2}: it is used {AGAIN}")
    assert app not in told.partition("warning")[2]


def test_a_node_that_does_not_answer_is_named_with_the_reason(
    four: dict[str, FakeEngine], capsys: pytest.CaptureFixture[str]
) -> None:
    four["rehearsal-4-work-1"].away = "timed out"
    prune("rehearsal-4", ask=None)
    told = capsys.readouterr().err
    assert "warning: rehearsal-4-work-1 is not cleared: the engine at ssh://" in told
    assert "does not answer: timed out" in told


def test_a_file_that_came_into_use_meanwhile_is_named(
    nodes: list[FakeEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove_config(id_: str) -> None:
        raise docker.errors.APIError("config 'web-conf-0000000a' is in use by the following service: web")

    monkeypatch.setattr(nodes[0], "remove_config", remove_config)
    with pytest.raises(OpsError, match="config web-conf-0000000a: a service reads it by now"):
        prune("prod", ask=None)


def test_no_removes_nothing(nodes: list[FakeEngine]) -> None:
    with pytest.raises(OpsError, match="not approved; nothing was removed"):
        prune("prod", ask=lambda text: False)
    assert not any(each.done for each in nodes)


def test_nothing_to_remove_asks_nothing(nodes: list[FakeEngine], capsys: pytest.CaptureFixture[str]) -> None:
    nodes[0].images_, nodes[0].configs_ = [], []
    prune("prod", ask=lambda text: pytest.fail("asked"))
    assert "nothing to remove: 1 release and the containers need all there is" in capsys.readouterr().out


def test_without_releases_nobody_can_tell_what_is_needed(boundaries: Boundaries) -> None:
    with pytest.raises(WrongUse, match="prod has no releases, so nobody can tell what is still needed"):
        prune("prod", ask=None)
