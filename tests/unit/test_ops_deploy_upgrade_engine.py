"""An upgrade of all engines, seen at the swarm and at the nodes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from layers.cloud.nodes import ClusterNode, nodes_of
from layers.loading import load_environment
from layers.settings.environment import Environment
from ops.deploy.upgrade_engine import EngineUpgrade
from ops.errors import OpsError, Refused
from ops.nodes.readiness import COMMAND
from ops.ssh import REFUSED, Done, Ssh
from ops.terraform.lock_holder import LockHolder, StateLocked
from ops.terraform.synth import Synthesized
from ops.terraform.target import targets_in
from tests.unit import ops_swarm
from tests.unit.ops_boundaries import Boundaries, documents_of, targets_of
from tests.unit.ops_nodes import SETTINGS
from tests.unit.ops_ssh import gets_in, said
from tests.unit.ops_swarm import nodes_as_declared, on_swarm

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGcTsYKfHoT1Y4PYQ5fM2qCKDOOcGRzNFZ4tnuZWpJiK"
FORMER = KEY[:-4] + "AAAA former"
OLD = {"docker.io": "20.10.5-1", "containerd": "1.6.20-1", "runc": "1.1.5-1"}
NEW = {"docker.io": "20.10.24-1", "containerd": "1.6.20-2", "runc": "1.1.5-1"}


class PlayedNode:
    """What ssh leads to: a node that answers requests as ``sprocket-engine`` does."""

    def __init__(self, name: str, done: list[str], packages: dict[str, str]) -> None:
        self.name = name
        self.packages = dict(packages)
        self.fails = ""
        self.unfinished = ""
        self.lacks: list[str] = []
        self.keys = ""
        self.docker = "deploy,join"
        self.after: Callable[[], None] = lambda: None
        self.has_script = True
        self.is_silent = False
        """About installations: it never answers such a request."""
        self.refuses = Done(code=0, output="", errors="")
        """How the request for an installation cannot be written."""
        self._done = done
        self._answer = ""

    def run(self, command: tuple[str, ...], stdin: str) -> Done:
        words = " ".join(command)
        if command[0] == COMMAND[0]:
            told = {"ready": not self.lacks, "missing": self.lacks, "packages": self.packages}
            return said(json.dumps(told), code=1 if self.lacks else 0)
        if "getent" in words:
            return gets_in(self.keys, docker=self.docker)
        if command[0] == "test":
            return said("", code=0 if self.has_script else 1)
        if "cat /var/lib/sprocket/engine " in words:
            return said(self._answer)
        assert "engine.conf" in words
        if " install " in stdin and (self.refuses.code or self.is_silent):
            self._answer = "" if self.refuses.code else f"{stdin.split(maxsplit=1)[0]} running \n"
            return self.refuses
        self._carry_out(*stdin.split())
        return said("")

    def _carry_out(self, request: str, action: str, version: str) -> None:
        assert version == "20.10.*"
        self._done.append(f"{action} {self.name}")
        state = "done "
        if action == "install" and self.fails:
            state = f"failed {self.fails}"
        elif action == "install":
            self.packages, self.unfinished = dict(NEW), ""
        if action == "install":
            self.after()
        has = [f"has {name}={version}" for name, version in self.packages.items()]
        wants = [f"wants {name}={version}" for name, version in NEW.items()]
        unfinished = [f"unfinished {self.unfinished}"] if self.unfinished else []
        self._answer = "\n".join([f"{request} {state}", *has, *wants, *unfinished, ""])


class Scene(Boundaries):
    """The nodes of an environment, all with old packages."""

    def __init__(self, patch: pytest.MonkeyPatch, root: Path, settings: Environment = SETTINGS) -> None:
        super().__init__(patch, root)
        self.settings = settings
        self.played = {each.dns_name: PlayedNode(each.name, self.done, OLD) for each in nodes_of(settings)}
        self.swarm.nodes[:] = nodes_as_declared(settings)

        def run(ssh: Ssh, *command: str, stdin: str = "", timeout: float = 30.0) -> Done:
            return self.played[ssh.destination.partition("@")[2]].run(command, stdin)

        patch.setattr(Ssh, "run", run)

    def of(self, name: str) -> PlayedNode:
        return next(each for each in self.played.values() if each.name == name)

    def state(self, name: str) -> dict[str, Any]:
        return next(raw for raw in self.swarm.nodes if raw["ID"] == name)

    def upgrade(self, ask: Callable[[str], bool] | None = None) -> list[str]:
        EngineUpgrade(targets_of(self.settings)).run(ask=ask)
        return self.done


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scene:
    return Scene(monkeypatch, tmp_path)


def order(settings: Environment = SETTINGS) -> list[ClusterNode]:
    first = next(each for each in nodes_of(settings) if each.is_first)
    workers = [each for each in nodes_of(settings) if each.role == "worker"]
    return [*workers, *reversed([e for e in nodes_of(settings) if e.role == "manager" and e != first]), first]


def test_one_node_after_the_other_workers_first_and_the_first_manager_last(scene: Scene) -> None:
    names = [each.name for each in order()]
    steps = [f"download {name}" for name in names]
    for name in names:
        steps += [f"drain {name}", f"install {name}", f"active {name}"]
    assert sorted(scene.upgrade()) == sorted(steps)
    drains = [step.split()[1] for step in scene.done if step.startswith("drain")]
    assert drains[-1] == names[-1] and drains[0] == names[0]
    for name in names:
        at = scene.done.index(f"drain {name}")
        assert scene.done[at : at + 3] == [f"drain {name}", f"install {name}", f"active {name}"]


def test_what_changes_is_shown_before_anything_that_runs_is_touched(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OpsError, match="not approved; nothing that runs was changed"):
        scene.upgrade(ask=lambda text: False)
    assert all(step.startswith("download") for step in scene.done)
    told = capsys.readouterr().out
    name = order()[0].name
    assert f"{name}: docker.io 20.10.5-1 -> 20.10.24-1, containerd 1.6.20-1 -> 1.6.20-2\n" in told
    stores = next(each for each in nodes_of(SETTINGS) if each.stores).stores
    assert f"  away for about 3 minutes: {', '.join(stores)} (given up after 40 minutes)" in told


def test_a_swarm_of_one_node_is_away_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_environment("rehearsal")
    scene = Scene(monkeypatch, tmp_path, settings)
    (only,) = nodes_of(settings)
    assert scene.upgrade() == [
        f"download {only.name}", f"drain {only.name}", f"install {only.name}", f"active {only.name}",
    ]  # fmt: skip
    assert "away for about 3 minutes: every service (given up" in capsys.readouterr().out


def test_again_is_nothing(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.upgrade()
    scene.done.clear()
    assert all(step.startswith("download") for step in scene.upgrade())
    assert "every node has 20.10.*, and the mirrors have nothing newer" in capsys.readouterr().out


def test_what_an_earlier_installation_left_is_finished_on_a_drained_node(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    for played in scene.played.values():
        played.packages = dict(NEW)
    first = order()[0].name
    scene.of(first).unfinished = "an installation was cut off: docker.io is half-configured"
    assert [step for step in scene.upgrade() if not step.startswith("download")] == [
        f"drain {first}", f"install {first}", f"active {first}",
    ]  # fmt: skip
    assert f"{first}: an installation was cut off: docker.io is half-configured\n" in capsys.readouterr().out


def test_it_stops_at_the_first_failure_and_the_node_is_active_again(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = (each.name for each in order())
    scene.of(first).fails = "apt-get failed: E: no space left"
    with pytest.raises(OpsError) as caught:
        scene.upgrade()
    told = str(caught.value)
    assert (
        f"{first} is not upgraded: {first}: install of the engine's packages failed: apt-get failed" in told
    )
    assert "not touched: " in told and all(name in told for name in others)
    assert [step for step in scene.done if not step.startswith("download")] == [
        f"drain {first}", f"install {first}", f"active {first}",
    ]  # fmt: skip
    assert f"{first} is active again" in capsys.readouterr().err


def test_a_node_that_does_not_come_back_stays_drained_and_a_later_run_ends_that(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    first = order()[0].name

    def down() -> None:
        scene.state(first)["Status"]["State"] = "down"

    scene.of(first).after = down
    with pytest.raises(OpsError, match="the managers do not see it 120 s after its upgrade"):
        scene.upgrade()
    told = capsys.readouterr().err
    assert f"{first} stays drained: it may still be installing, or is not ready. " in told
    assert f"run the same command again, or: docker node update --availability active {first}" in told
    scene.state(first)["Status"]["State"] = "ready"
    scene.done.clear()
    steps = scene.upgrade()
    assert f"active {first}" in steps and f"install {first}" not in steps


def test_a_node_that_has_not_answered_stays_drained_since_it_may_be_installing(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    first = order()[0].name
    scene.of(first).is_silent = True
    with pytest.raises(OpsError, match="no answer within 1200 s"):
        scene.upgrade()
    assert [step for step in scene.done if not step.startswith("download")] == [f"drain {first}"]
    told = capsys.readouterr().err
    assert "systemctl status sprocket-engine says whether it is" in told
    assert f"docker node update --availability active {first}" in told


@pytest.mark.parametrize(
    ("refuses", "told", "then"),
    [
        (
            Done(code=1, output="", errors="cat: write error: No space left on device"),
            "the request cannot be written to /var/lib/sprocket/desired: cat: write error: No space left on device",
            ["active"],
        ),
        (
            Done(code=REFUSED, output="", errors="Connection refused"),
            "is not reached: Connection refused",
            [],
        ),
    ],
)
def test_a_request_that_cannot_be_written_fails_at_once(
    scene: Scene, refuses: Done, told: str, then: list[str]
) -> None:
    first = order()[0].name
    scene.of(first).refuses = refuses
    with pytest.raises(OpsError) as caught:
        scene.upgrade()
    assert told in str(caught.value) and scene.clock.now < 10
    steps = [step for step in scene.done if not step.startswith("download")]
    assert steps == [f"{step} {first}" for step in ("drain", *then)]


@pytest.mark.parametrize("stack", ["cloud", "services"])
def test_nothing_begins_while_somebody_else_changes_the_environment(scene: Scene, stack: str) -> None:
    holder = LockHolder(id="7", path="b/x", operation="OperationTypeApply", who="ann@laptop", created=0)
    getattr(scene, stack).holder = holder
    with pytest.raises(StateLocked, match="ann@laptop has held it for an apply"):
        scene.upgrade()
    assert scene.done == [] and not (scene.cloud.is_locked or scene.services.is_locked)


def test_nobody_else_begins_meanwhile(scene: Scene) -> None:
    held = []
    for played in scene.played.values():
        played.after = lambda: held.append(scene.cloud.is_locked and scene.services.is_locked)
    scene.upgrade()
    assert held == [True] * len(scene.played)
    assert not (scene.cloud.is_locked or scene.services.is_locked)


ANN = LockHolder(id="8", path="b/x", operation="OperationTypeApply", who="ann@laptop", created=0)


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ({"console_code": -9}, "Terraform's console, which held it, has ended (exit code -9)"),
        ({"own": None}, "nobody has it: it was removed"),
        ({"own": ANN}, "ann@laptop has held it for an apply since"),
    ],
    ids=["killed", "removed", "taken over"],
)
def test_a_lock_that_is_lost_ends_it_before_the_next_node(
    scene: Scene, lost: dict[str, Any], told: str
) -> None:
    first, second, *_ = (each.name for each in order())
    scene.of(first).after = lambda: vars(scene.services).update(lost)
    with pytest.raises(OpsError) as caught:
        scene.upgrade()
    text = str(caught.value)
    assert (
        f"{second} is not upgraded: the lock of the state of test-services is not held any more: {told}"
        in text
    )
    assert "not touched: " in text and "run the same command again" in text
    assert f"active {first}" in scene.done and f"drain {second}" not in scene.done


def test_credentials_for_the_states_are_asked_for_at_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = {
        stack: {**document, "terraform": {"backend": {"s3": {}}}}
        for stack, document in documents_of(SETTINGS).items()
    }
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Refused, match="no engine is upgraded; nothing was changed") as caught:
        EngineUpgrade(targets_in(SETTINGS, Synthesized(out=Path("/nowhere"), stacks=documents))).run(ask=None)
    assert [each.what for each in caught.value.obstacles] == [
        f"{name} is not set: Terraform needs it for the state's bucket"
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    ]
    assert scene.done == [] and scene.cloud.locks == 0


@pytest.mark.parametrize("state", ["updating", "rollback_started"])
def test_an_update_that_is_in_progress_is_refused_before_anything(scene: Scene, state: str) -> None:
    """A deploy has Terraform's lock only while its Terraform runs."""
    scene.swarm.services_[0] = on_swarm("redis", update=state)
    with pytest.raises(Refused) as caught:
        scene.upgrade()
    assert "- the update of redis is in progress\n    wait until the deploy has ended" in str(caught.value)
    assert scene.done == []


def test_an_update_that_begins_meanwhile_ends_it_before_the_next_node(scene: Scene) -> None:
    def ask(text: str) -> bool:
        scene.swarm.services_[0] = on_swarm("redis", update="updating")
        return True

    first = order()[0].name
    with pytest.raises(OpsError, match=f"{first} is not upgraded: the update of redis is in progress"):
        scene.upgrade(ask)
    assert all(step.startswith("download") for step in scene.done)


def test_a_node_that_is_drained_already_is_named_in_the_plan(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can tell whose doing that is: a replacement drains too."""
    first = order()[0].name
    scene.state(first)["Spec"] = {**scene.state(first)["Spec"], "Availability": "drain"}
    with pytest.raises(OpsError, match="not approved"):
        scene.upgrade(ask=lambda text: False)
    told = capsys.readouterr().out
    words = "it was drained by an earlier run or by a person: continue only if nobody replaces it"
    assert told.count(words) == 1
    assert f"{first}: docker.io 20.10.5-1 -> 20.10.24-1, containerd 1.6.20-1 -> 1.6.20-2\n  {words}" in told


def test_an_old_entry_of_a_node_does_not_count(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    for played in scene.played.values():
        played.packages = dict(NEW)
    left = ops_swarm.node("old", order()[0].name, role="worker", state="down")
    left["Spec"]["Availability"] = "drain"
    scene.swarm.nodes.insert(0, left)
    assert all(step.startswith("download") for step in scene.upgrade())
    assert "every node has 20.10.*" in capsys.readouterr().out


def test_the_others_are_looked_at_before_every_node(scene: Scene) -> None:
    first, second, *_ = order()
    manager = order()[-2].name

    def lost() -> None:
        scene.state(manager)["Status"]["State"] = "down"
        scene.state(manager)["ManagerStatus"]["Reachability"] = "unreachable"

    scene.of(first.name).after = lost
    with pytest.raises(OpsError) as caught:
        scene.upgrade()
    told = str(caught.value)
    assert f"{second.name} is not upgraded: {manager} is down in the swarm" in told
    assert "2 of 3 managers answer: without another one there is no quorum" in told
    assert f"active {first.name}" in scene.done and f"drain {second.name}" not in scene.done


def test_a_node_that_somebody_else_drains_meanwhile_ends_it(scene: Scene) -> None:
    first, second, *_ = order()
    other = order()[-1].name

    def drained() -> None:
        scene.state(other)["Spec"] = {**scene.state(other)["Spec"], "Availability": "drain"}

    scene.of(first.name).after = drained
    with pytest.raises(
        OpsError, match=f"{second.name} is not upgraded: {other} was set to drain by somebody else"
    ):
        scene.upgrade()
    assert f"drain {second.name}" not in scene.done


def test_a_node_that_is_down_or_not_ready_and_a_lost_quorum_are_refused_before_anything(scene: Scene) -> None:
    first = next(each for each in nodes_of(SETTINGS) if each.is_first)
    other = next(each for each in nodes_of(SETTINGS) if each.role == "manager" and each != first)
    scene.state(other.name)["Status"]["State"] = "down"
    scene.state(other.name)["ManagerStatus"]["Reachability"] = "unreachable"
    scene.of(other.name).lacks = ["no swarm"]
    with pytest.raises(Refused) as caught:
        scene.upgrade()
    told = str(caught.value)
    assert f"- {other.name}: no swarm" in told
    assert f"- {other.name} is down in the swarm" in told
    assert "2 of 3 managers answer: without another one there is no quorum" in told
    assert scene.done == []


@pytest.mark.parametrize(
    "version", [OLD["docker.io"], "19.03.15-1"], ids=["another build", "another version"]
)
def test_a_node_that_lets_others_in_is_refused_before_anything(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("TF_VAR_ssh_key_rehearsal", KEY)
    for node in scene.played.values():
        node.keys, node.packages = f"{KEY}\n", {**OLD, "docker.io": version}
    former, mallory, *_ = (each.name for each in order())
    scene.of(former).keys = f"{KEY}\n{FORMER}\n"
    scene.of(mallory).docker = "deploy,join,mallory"
    with pytest.raises(Refused) as caught:
        scene.upgrade()
    told = str(caught.value)
    assert f"- {former}: lets in a key that is not declared" in told
    assert "    write what is declared: python -m ops ready --env rehearsal-4 --write --wait 600" in told
    assert f"- {mallory}: user mallory is in the group docker" in told
    assert "    find out who made the account" in told
    assert told.count("\n- ") == 2 and scene.done == []


def test_keys_that_this_machine_does_not_know_are_not_compared_with_a_warning(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TF_VAR_ssh_key_rehearsal", raising=False)
    for node in scene.played.values():
        node.keys = f"{KEY}\n"
    scene.upgrade()
    assert (
        "warning: the keys on the nodes are not compared: the public key of rehearsal"
        in capsys.readouterr().err
    )


def test_a_node_of_before_is_to_be_replaced(scene: Scene) -> None:
    name = order()[0].name
    scene.of(name).has_script = False
    with pytest.raises(OpsError, match=f"{name} was built before nodes could upgrade their engines"):
        scene.upgrade()
    assert scene.done == []
