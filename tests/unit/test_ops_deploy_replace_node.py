"""The steps of a rebuild, seen at the swarm, Terraform and the account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layers.cloud.nodes import nodes_of
from layers.loading import load_environment
from layers.settings.environment import Environment
from ops.deploy.replace_node import Replacement
from ops.errors import OpsError, Refused
from tests.unit.ops_boundaries import Boundaries, targets_of
from tests.unit.ops_cloud import change, cloud
from tests.unit.ops_fixtures import at, stack
from tests.unit.ops_nodes import NODES, SETTINGS
from tests.unit.ops_ssh import said
from tests.unit.ops_swarm import node
from tests.unit.ops_terraform import resource

APP = "digitalocean_droplet.app-1"


class Scene(Boundaries):
    """A swarm of three managers and a worker, whose first manager is to be replaced."""

    def __init__(self, patch: pytest.MonkeyPatch, root: Path, settings: Environment = SETTINGS) -> None:
        super().__init__(patch, root)
        self.settings = settings
        self.declared = stack()
        self.own: dict[str, Any] = {"name": f"{settings.name}-app-1", "id": "7"}
        self.cloud.resources = [resource(APP, **self.own)]
        self.cloud.changes = [change(APP, "delete", "create", before=self.own, after=self.own)]
        self.cloud.on_apply = self.made
        self.account.lists["droplets"] = [self.droplet(7)]
        self.swarm.nodes.clear()
        for each in nodes_of(settings):
            self.swarm.nodes.append(node(each.pool, each.name, role=each.role, labels=each.labels))

    def droplet(self, id_: int) -> dict[str, Any]:
        return {"id": id_, "name": self.own["name"], "region": {"slug": "nyc3"}, "status": "active"}

    def made(self) -> None:
        """The old droplet goes, and its node with it; the new one joins the swarm."""
        for raw in self.swarm.nodes:
            if raw["ID"] == "app":
                raw["Status"]["State"] = "down"
        self.swarm.nodes.append(node("new", self.own["name"], labels={"storage": "main"}))
        self.swarm.answers = True
        self.account.lists["droplets"] = [self.droplet(8)]
        self.cloud.resources = [resource(APP, **self.own | {"id": "8"})]

    def fails(self, before: Any = lambda: None) -> None:
        self.cloud.error = "no capacity"
        self.cloud.on_apply = before

    def replace(self, pool: str = "app", **words: Any) -> list[str]:
        document = cloud()
        resources = document["resource"]
        resources["digitalocean_droplet"]["app-1"]["name"] = self.own["name"]
        both = targets_of(self.settings, of_cloud=document, of_services=self.declared)
        chosen = next(each for each in nodes_of(self.settings) if each.pool == pool)
        given = {"ends_swarm": False, **words}
        Replacement(both, chosen, parallelism=1, **given).run(ask=None)
        return self.done


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scene:
    return Scene(monkeypatch, tmp_path)


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_a_node_leaves_after_its_plan_was_made_and_joins_again(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scene.replace() == ["drain app", "worker app", "cloud apply", "remove app"]
    assert scene.cloud.planned == [((APP,), ()), ((APP,), ())]
    assert "rehearsal-4-app-1: ready" in (told := shown(capsys))
    assert "2 services converged; no task restarted for 10 s" in told
    assert "swarm.sprocket.rehearsal.test ssh-ed25519 A\n" in (scene.root / SETTINGS.known_hosts).read_text()


def test_services_that_are_switched_off_are_not_waited_for(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.swarm.services_ = []
    scene.replace()
    assert "converged" not in shown(capsys)


def test_a_new_node_that_is_not_ready_is_waited_for_and_its_entry_kept(scene: Scene) -> None:
    scene.nodes.statuses[NODES["app"].dns_name] = [said('{"ready": false, "missing": ["no swarm"]}', code=1)]
    with pytest.raises(
        OpsError, match="1 of 1 nodes are not ready after 900 s\n  rehearsal-4-app-1: no swarm"
    ):
        scene.replace()
    assert scene.clock.now == 900
    assert scene.done == ["drain app", "worker app", "cloud apply"]


def test_a_node_that_is_ready_but_never_joins_is_told(scene: Scene) -> None:
    def drained() -> None:
        scene.made()
        scene.swarm.nodes[-1]["Spec"]["Availability"] = "drain"

    scene.cloud.on_apply = drained
    with pytest.raises(OpsError, match="rehearsal-4-app-1 is ready but not in the swarm after 120 s"):
        scene.replace()


def test_a_node_that_its_managers_do_not_have_is_not_ready(scene: Scene) -> None:
    scene.cloud.on_apply = lambda: scene.swarm.nodes.pop(0)
    with pytest.raises(
        OpsError, match="rehearsal-4-app-1: the managers have no manager of that name that is up"
    ):
        scene.replace()


def test_a_refused_plan_leaves_the_node_alone(scene: Scene) -> None:
    scene.cloud.changes.append(change("digitalocean_volume.x", "delete", before={"name": "x"}))
    with pytest.raises(Refused, match="is not replaced; nothing was changed\n- volume x would be destroyed"):
        scene.replace()
    assert scene.done == []


def test_a_plan_that_changed_since_gives_the_node_its_tasks_and_vote_back(scene: Scene) -> None:
    show, plans = scene.cloud.show, list[Path]()

    def later(file: Path) -> dict[str, Any]:
        plans.append(file)
        if len(plans) > 1:
            scene.cloud.changes = [change("digitalocean_volume.x", "delete", before={"name": "x"})]
        return show(file)

    scene.cloud.show = later  # type: ignore[method-assign]
    with pytest.raises(
        OpsError, match=r"the plan has changed since it was checked\n .*\n- volume x would be destroyed"
    ):
        scene.replace()
    assert scene.done == ["drain app", "worker app", "active app", "manager app"]


def test_an_apply_that_fails_gives_the_node_its_tasks_and_vote_back(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.fails()
    with pytest.raises(OpsError, match="no capacity"):
        scene.replace()
    assert scene.done == ["drain app", "worker app", "cloud apply", "active app", "manager app"]
    assert "is active again and has its role back" in shown(capsys)


def test_a_droplet_that_is_gone_gets_no_vote(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """A vote of a dead node would cost the swarm its quorum."""
    scene.fails(lambda: scene.account.lists["droplets"][0].update(status="off"))
    with pytest.raises(OpsError):
        scene.replace()
    assert scene.done == ["drain app", "worker app", "cloud apply"]
    assert "continue with the same command: python -m ops replace-node" in shown(capsys)


def test_who_must_promote_it_by_hand_is_told_how(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.fails(lambda: setattr(scene.account, "failure", 401))
    with pytest.raises(OpsError, match="no capacity"):
        scene.replace()
    told = shown(capsys)
    assert "docker node update --availability active rehearsal-4-app-1" in told
    assert "docker node promote rehearsal-4-app-1" in told


def test_an_edit_that_nobody_deployed_leaves_the_node_alone(scene: Scene) -> None:
    scene.cloud.changes.append(change("digitalocean_firewall.nodes", "update", before={}, after={}))
    with pytest.raises(Refused, match=r"more than this droplet: update digitalocean_firewall.nodes"):
        scene.replace()
    assert scene.done == []


def test_a_dead_first_manager_is_replaced_without_its_engine(scene: Scene) -> None:
    scene.swarm.answers = False
    with pytest.raises(OpsError, match="if rehearsal-4-app-1 itself is dead, add --dead"):
        scene.replace()
    with pytest.raises(OpsError, match=r"reached through rehearsal-4-app-1: if it is dead, replace it first"):
        scene.replace("data", dead=True)
    assert scene.done == []
    assert scene.replace(dead=True) == ["power_off droplet 7", "cloud apply", "worker app", "remove app"]


def test_a_dead_node_that_the_others_know_only_loses_its_vote(scene: Scene) -> None:
    scene.swarm.nodes[0] = node("app", "rehearsal-4-app-1", state="down")
    assert scene.replace(dead=True) == ["worker app", "power_off droplet 7", "cloud apply", "remove app"]


def test_a_droplet_that_an_earlier_run_destroyed_is_simply_made(scene: Scene) -> None:
    scene.swarm.answers = False
    scene.cloud.resources, scene.account.lists["droplets"] = [], []
    scene.cloud.changes = [change(APP, "create", after=scene.own)]
    assert scene.replace() == ["cloud apply", "worker app", "remove app"]
    assert scene.cloud.planned == [((), ()), ((), ())]


def test_a_droplet_that_a_killed_apply_made_is_taken_into_the_state_first(scene: Scene) -> None:
    scene.cloud.resources = [resource("digitalocean_tag.nodes", id="t")]
    scene.cloud.imports["7"] = {"name": scene.own["name"]}
    assert scene.replace()[0] == f"import {APP} 7"
    assert scene.cloud.planned[0] == ((APP,), ())


def test_the_dead_only_manager_ends_its_swarm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load_environment("rehearsal")
    locked = settings.images.model_copy(update={"source": "lock"})
    scene = Scene(monkeypatch, tmp_path, settings.model_copy(update={"images": locked}))
    scene.services.changes = [change("docker_service.web", "create", after={"name": "web"})]
    scene.swarm.answers = False
    with pytest.raises(Refused, match="is the only manager: its swarm ends with it"):
        scene.replace(dead=True)
    assert scene.done == []
    running, scene.swarm.services_ = scene.swarm.services_, []
    scene.services.on_apply = lambda: scene.swarm.services_.extend(running)
    scene.replace(dead=True, ends_swarm=True)
    assert scene.done == ["power_off droplet 7", "cloud apply", "services apply"]


def test_the_only_manager_stays_while_a_store_would_get_a_version_that_nobody_acknowledged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its services are deployed anew at the end, so their refusal would come when the old node is gone."""
    scene = Scene(monkeypatch, tmp_path, load_environment("rehearsal"))
    record = at("x", input={"program": "redis", "version": "9.0.0"})
    record["//"]["metadata"]["path"] = "local-services/data/redis/data-version"
    scene.declared["resource"]["terraform_data"] = {"version": record}
    had = resource("terraform_data.version", input={"program": "redis", "version": "8.2.9"})
    scene.services.resources = [had | {"mode": "managed", "name": "version"}]
    with pytest.raises(Refused, match=r"nothing was changed\n- store redis .*: redis 8.2.9 -> redis 9.0.0"):
        scene.replace(ends_swarm=True)
    assert scene.done == []
