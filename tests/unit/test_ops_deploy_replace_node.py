"""The steps of a rebuild, with a swarm, a Terraform and an account that are played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from layers.cloud.nodes import nodes_of
from layers.loading import load_environment
from ops.cloud import orphans
from ops.cloud.client import Client
from ops.deploy import replace_node
from ops.deploy.replace_node import Replacement
from ops.errors import OpsError, Refused
from ops.nodes import known_hosts, readiness
from ops.swarm.nodes import SwarmNode
from ops.terraform.runner import Terraform
from ops.terraform.target import Target, Targets
from tests.unit.ops_cloud import change, cloud, plan
from tests.unit.ops_fixtures import stack
from tests.unit.ops_swarm import FakeSwarm, on_swarm

SETTINGS = load_environment("rehearsal-4")
NODES = {node.pool: node for node in nodes_of(SETTINGS)}
APP = "digitalocean_droplet.app-1"
OWN = {"name": "rehearsal-4-app-1", "id": "7"}
ANEW = change(APP, "delete", "create", before=OWN, after=OWN)


def document() -> dict[str, Any]:
    made = cloud()
    made["resource"]["digitalocean_droplet"]["app-1"]["name"] = "rehearsal-4-app-1"
    made["resource"]["digitalocean_record"]["app"] = {
        "//": {"metadata": {"path": "prod-cloud/app"}},
        "name": "app-1.nodes",
        "ttl": 60,
        "value": "${digitalocean_droplet.app-1.ipv4_address_private}",
    }
    made["resource"]["digitalocean_reserved_ip_assignment"] = {
        "address": {
            "//": {"metadata": {"path": "prod-cloud/address"}},
            "droplet_id": "${digitalocean_droplet.app-1.id}",
        }
    }
    return made


def entry(pool: str, role: str = "manager", state: str = "ready") -> SwarmNode:
    reach = "reachable" if role == "manager" and state == "ready" else ""
    name = NODES[pool].name
    return SwarmNode(id=pool, name=name, role=role, state=state, availability="active", reachability=reach)


class Scene:
    """What is there, and what was done, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.entries = [entry("app"), entry("data"), entry("watch"), entry("work", "worker")]
        self.changes = [ANEW]
        self.droplet = "7"
        self.status = "active"
        self.fails: OpsError | None = None
        self.answers = True
        self.swarm = FakeSwarm(services_=[on_swarm("web")])
        self.approved: Any = None
        self._put(monkeypatch)

    def _put(self, patch: pytest.MonkeyPatch) -> None:
        scene = self

        @contextmanager
        def saved(target: Target, destroy: bool, parallelism: int, replace: Any = ()) -> Iterator[Any]:
            yield Path("plan"), plan(*scene.changes)

        @contextmanager
        def swarm(target: Target) -> Iterator[FakeSwarm]:
            if not scene.answers:
                raise OpsError("the engine at ssh://deploy@swarm does not answer: timed out")
            yield scene.swarm

        patch.setattr(replace_node, "check_prerequisites", lambda targets, only: None)
        patch.setattr(replace_node, "saved_plan", saved)
        patch.setattr(replace_node, "apply", self.apply)
        patch.setattr(replace_node, "SwarmNodes", lambda swarm: scene)
        patch.setattr(
            replace_node, "wait_for_convergence", lambda *a, **k: self.done.append("wait_for_convergence")
        )
        patch.setattr(replace_node, "deploy_services", lambda *a, **k: self.done.append("deploy services"))
        patch.setattr(replace_node, "power_off", lambda id_, account: self.done.append(f"power off {id_}"))
        patch.setattr(orphans, "import_orphans", lambda cloud, tell: [])
        patch.setattr(known_hosts, "update_known_hosts", lambda cloud: None)
        patch.setattr(readiness, "require_ready", lambda target, **rest: self.done.append("ready"))
        patch.setattr(Target, "swarm", swarm)
        patch.setattr(Terraform, "init", lambda self: None)
        patch.setattr(Terraform, "state", lambda self: scene.state())
        patch.setattr(Client, "one", lambda self, path, key: scene.one())

    def one(self) -> Mapping[str, Any]:
        return {"id": self.droplet, "status": self.status}

    def state(self) -> dict[str, Any]:
        values = [{"address": APP, "type": "digitalocean_droplet", "values": {**OWN, "id": self.droplet}}]
        return {"values": {"root_module": {"resources": values if self.droplet else []}}}

    def apply(self, cloud: Target, *, approve: Any, approved: Any, **rest: Any) -> bool:
        approve(plan(*self.changes))
        self.done.append("apply")
        self.approved = approved
        if self.fails:
            raise self.fails
        self.answers = True
        self.entries.append(entry("app"))
        return True

    def all(self) -> list[SwarmNode]:
        return self.entries

    def drain(self, id_: str) -> None:
        self.done.append("drain")

    def wait_until_empty(self, id_: str, *, timeout_s: float) -> None:
        pass

    def demote(self, id_: str) -> None:
        self.done.append("demote")

    def activate(self, id_: str) -> None:
        self.done.append("activate")

    def promote(self, id_: str) -> None:
        self.done.append("promote")

    def remove(self, id_: str, *, manager: bool) -> None:
        self.done.append(f"remove {id_}")

    def replace(self, pool: str = "app", **words: Any) -> list[str]:
        target = Target(
            settings=SETTINGS, stack=SETTINGS.cloud_stack, document=document(), folder=Path("/nowhere")
        )
        services = Target(
            settings=SETTINGS, stack=SETTINGS.services_stack, document=stack(), folder=Path("/nowhere")
        )
        given = {"ends_swarm": False, **words}
        Replacement(Targets(cloud=target, services=services), NODES[pool], parallelism=1, **given).run(
            ask=None
        )
        return self.done


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


def test_a_node_leaves_only_after_its_plan_was_made(scene: Scene) -> None:
    assert scene.replace() == ["drain", "demote", "apply", "ready", "wait_for_convergence"]
    assert scene.approved.replace == ("rehearsal-4-app-1",)


def test_services_that_are_switched_off_are_not_waited_for(scene: Scene) -> None:
    scene.swarm.services_ = []
    assert "wait_for_convergence" not in scene.replace()


def test_a_refused_plan_leaves_the_node_alone(scene: Scene) -> None:
    scene.changes.append(change("digitalocean_volume.x", "delete", before={"name": "x"}))
    with pytest.raises(Refused, match="is not replaced; nothing was changed\n- volume x would be destroyed"):
        scene.replace()
    assert scene.done == []


def test_an_apply_that_fails_gives_the_node_its_tasks_and_vote_back(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.fails = OpsError("no capacity")
    with pytest.raises(OpsError, match="no capacity"):
        scene.replace()
    assert scene.done == ["drain", "demote", "apply", "activate", "promote"]
    assert "is active again and has its role back" in capsys.readouterr().err


def test_a_droplet_that_is_gone_gets_no_vote(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """A vote of a dead node would cost the swarm its quorum."""
    scene.fails = OpsError("no capacity")
    scene.status = "off"
    with pytest.raises(OpsError):
        scene.replace()
    assert scene.done == ["drain", "demote", "apply"]
    assert "continue with the same command: python -m ops replace-node" in " ".join(
        capsys.readouterr().err.split()
    )


def test_who_must_promote_it_by_hand_is_told_how(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.fails = OpsError("no capacity")

    def lost(self: Client, path: str, key: str) -> Any:
        raise OpsError("no answer")

    scene.one = lambda: lost(Client(), "", "")  # type: ignore[method-assign]
    with pytest.raises(OpsError):
        scene.replace()
    told = " ".join(capsys.readouterr().err.split())
    assert "docker node update --availability active rehearsal-4-app-1" in told
    assert "docker node promote rehearsal-4-app-1" in told


def test_an_edit_that_nobody_deployed_leaves_the_node_alone(scene: Scene) -> None:
    scene.changes.append(change("digitalocean_firewall.nodes", "update", before={}, after={}))
    with pytest.raises(Refused, match=r"more than this droplet: update digitalocean_firewall.nodes"):
        scene.replace()
    assert scene.done == []


def test_a_dead_first_manager_is_replaced_without_its_engine(scene: Scene) -> None:
    scene.answers = False
    with pytest.raises(OpsError, match="if rehearsal-4-app-1 itself is dead, add --dead"):
        scene.replace()
    with pytest.raises(OpsError, match=r"reached through rehearsal-4-app-1: if it is dead, replace it first"):
        scene.replace("data", dead=True)
    assert scene.done == []
    assert scene.replace(dead=True) == ["power off 7", "apply", "ready", "wait_for_convergence"]


def test_a_dead_node_that_the_others_know_only_loses_its_vote(scene: Scene) -> None:
    scene.entries[0] = entry("app", state="down")
    assert scene.replace(dead=True) == [
        "demote",
        "power off 7",
        "apply",
        "ready",
        "remove app",
        "wait_for_convergence",
    ]


def test_a_droplet_that_an_earlier_run_destroyed_is_simply_made(scene: Scene) -> None:
    scene.answers, scene.droplet = False, ""
    scene.changes = [change(APP, "create", after=OWN)]
    assert scene.replace() == ["apply", "ready", "wait_for_convergence"]
    assert scene.approved.replace == ()


def test_the_dead_only_manager_ends_its_swarm(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.answers = False
    only = [node for node in NODES.values() if node.is_first]
    monkeypatch.setattr(replace_node, "nodes_of", lambda settings: only)
    with pytest.raises(Refused, match="is the only manager: its swarm ends with it"):
        scene.replace(dead=True)
    assert scene.done == []
    assert scene.replace(dead=True, ends_swarm=True) == ["power off 7", "apply", "ready", "deploy services"]
