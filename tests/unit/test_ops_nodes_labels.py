"""Labels that managers have on nodes: judged, set by a deploy, and never for a node that only says that it is another."""

from __future__ import annotations

from typing import Any

import pytest

from layers.settings.environment import Environment
from ops.errors import OpsError
from ops.nodes import readiness
from ops.nodes.readiness import NodeStatus
from ops.terraform.target import Target
from tests.unit.ops_boundaries import Boundaries
from tests.unit.ops_nodes import NODES, SETTINGS, target
from tests.unit.ops_ssh import said
from tests.unit.ops_swarm import node, nodes_as_declared

DATA, WORK = NODES["data"].name, NODES["work"].name


def entry(boundaries: Boundaries, name: str) -> dict[str, Any]:
    return next(raw for raw in boundaries.swarm.nodes if raw["ID"] == name)


def statuses(where: Target | None = None) -> dict[str, NodeStatus]:
    return {each.node: each for each in readiness.node_statuses(where or target())}


def deployed(where: Target | None = None, wait_s: float = 60) -> None:
    readiness.require_ready(where or target(), wait_s=wait_s, tell=lambda found, seconds: None)


def labelled_worker(boundaries: Boundaries) -> Target:
    """Rehearsal-4 with a label on its worker, which has none yet."""
    pools = {
        **SETTINGS.nodes,
        "work": SETTINGS.nodes["work"].model_copy(update={"labels": {"storage": "far"}}),
    }
    settings: Environment = SETTINGS.model_copy(update={"nodes": pools})
    boundaries.swarm.nodes[:] = nodes_as_declared(settings)
    entry(boundaries, WORK)["Spec"]["Labels"] = {}
    boundaries.nodes.writes = [said("10.126.0.9     STREAM work-1\n10.126.0.9     DGRAM\n")]
    return Target(
        settings=settings, stack=settings.cloud_stack, document=target().document, folder=target().folder
    )


@pytest.mark.parametrize(
    ("labels", "lines"),
    [
        ({"storage": "data"}, ()),
        ({}, ("lacks the label storage=data",)),
        ({"storage": "main"}, ("lacks the label storage=data; it has storage=main",)),
        ({"storage": "data", "by": "hand"}, ("has the label by=hand, which is not declared",)),
        (None, ("lacks the label storage=data",)),
    ],
)
def test_a_node_with_other_labels_is_not_ready(
    boundaries: Boundaries, labels: dict[str, str] | None, lines: tuple[str, ...]
) -> None:
    entry(boundaries, DATA)["Spec"]["Labels"] = labels
    found = statuses()[DATA]
    assert (found.ready, found.labels) == (not lines, lines)
    assert boundaries.done == [], "asking changes nothing"


def test_what_the_engine_says_of_itself_is_no_label(boundaries: Boundaries) -> None:
    """A worker writes its own daemon.json."""
    entry(boundaries, WORK)["Description"]["Engine"] = {"Labels": {"storage": "data"}}
    entry(boundaries, DATA)["Spec"]["Labels"] = {}
    entry(boundaries, DATA)["Description"]["Engine"] = {"Labels": {"storage": "data"}}
    found = statuses()
    assert found[WORK].ready and found[DATA].labels == ("lacks the label storage=data",)


def test_a_deploy_sets_exactly_the_declared_labels_before_it_goes_on(
    boundaries: Boundaries, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also on a cluster whose nodes were made when services went by labels of engines."""
    for raw in boundaries.swarm.nodes:
        raw["Spec"]["Labels"] = None
    entry(boundaries, WORK)["Spec"]["Labels"] = {"storage": "data"}
    deployed()
    for each in NODES.values():
        assert (entry(boundaries, each.name)["Spec"]["Labels"] or {}) == each.labels
    told = capsys.readouterr().err
    assert f"{DATA}: the managers set its labels: storage=data" in told
    assert f"{WORK}: the managers set its labels: none" in told


def test_who_only_looks_does_not_wait_for_labels(boundaries: Boundaries) -> None:
    entry(boundaries, DATA)["Spec"]["Labels"] = {}
    found = readiness.wait_until_ready(lambda: readiness.node_statuses(target()), wait_s=900)
    assert not all(each.ready for each in found) and boundaries.clock.pauses == []


def test_labels_are_not_asked_before_all_nodes_are_ready_by_themselves(boundaries: Boundaries) -> None:
    boundaries.swarm.answers = False
    boundaries.nodes.statuses[NODES["work"].dns_name] = [
        said('{"ready": false, "missing": ["no swarm"]}', code=1)
    ]
    found = statuses()
    assert found[DATA].ready and found[WORK].missing == ("no swarm",)


def test_managers_that_do_not_answer_are_waited_for(boundaries: Boundaries) -> None:
    boundaries.swarm.answers = False
    with pytest.raises(OpsError, match=f"{DATA}: its labels are not known: the engine at .* does not answer"):
        deployed()
    assert boundaries.clock.now == 60


def test_a_manager_is_no_worker_of_its_name(boundaries: Boundaries) -> None:
    """With a worker's key, a node joins as a worker, whatever name it has."""
    boundaries.swarm.nodes.remove(entry(boundaries, DATA))
    boundaries.swarm.nodes.append(node("liar", DATA, role="worker"))
    with pytest.raises(OpsError, match=f"{DATA}: the managers have no manager of that name that is up"):
        deployed()
    assert entry(boundaries, "liar")["Spec"]["Labels"] == {}


def test_the_entry_that_a_predecessor_left_does_not_count(boundaries: Boundaries) -> None:
    boundaries.swarm.nodes.insert(0, node("old", DATA, state="down"))
    assert statuses()[DATA].ready


def test_a_worker_at_its_address_gets_its_labels(boundaries: Boundaries) -> None:
    where = labelled_worker(boundaries)
    deployed(where)
    assert entry(boundaries, WORK)["Spec"]["Labels"] == {"storage": "far"}
    assert [words for _, words, _ in boundaries.nodes.asked] == [
        ("getent", "ahostsv4", NODES["work"].dns_name)
    ] * len(boundaries.nodes.asked)


@pytest.mark.parametrize("published", ["10.126.0.91     STREAM work-1\n", ""])
def test_a_worker_elsewhere_gets_none(boundaries: Boundaries, published: str) -> None:
    where = labelled_worker(boundaries)
    boundaries.nodes.writes = [said(published)]
    with pytest.raises(OpsError, match=f"{WORK}: connects from 10.126.0.9, and {NODES['work'].dns_name} is "):
        deployed(where)
    assert entry(boundaries, WORK)["Spec"]["Labels"] == {}


def test_of_two_workers_of_one_name_none_gets_labels_until_one_is_gone(boundaries: Boundaries) -> None:
    where = labelled_worker(boundaries)
    boundaries.swarm.nodes.append(node("liar", WORK, role="worker", address="10.126.0.66"))
    with pytest.raises(OpsError, match=f"{WORK}: connects from 10.126.0.66"):
        deployed(where)
    assert entry(boundaries, WORK)["Spec"]["Labels"] == entry(boundaries, "liar")["Spec"]["Labels"] == {}
