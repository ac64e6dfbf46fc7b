"""The password of the backups is rotated: both open them meanwhile, and an interrupted rotation is finished by the next command."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from layers.rotation import Server, tried_at
from ops.backup import password, state
from ops.errors import Interrupted, OpsError, Refused
from ops.model.changes import from_terraform
from ops.model.inventory import from_synthesis
from ops.report.compare import compare
from ops.rotate import proof
from ops.rotate import rotate as rotating
from ops.rotate.secret import Secret
from ops.terraform import target as targets_module
from ops.terraform.synth import Synthesized
from ops.terraform.target import Target, Targets
from tests.unit.ops_boundaries import Boundaries
from tests.unit.ops_cloud import change
from tests.unit.ops_restic import (
    FILES,
    GENERATED,
    NEW,
    OLD,
    SENDERS,
    SUPPLIED,
    Repository,
    new_files,
    stack_with_senders,
)
from tests.unit.ops_swarm import on_swarm, task
from tests.unit.ops_terraform import resource

LOCAL = load_environment("local")
RENEWED = change(GENERATED, "delete", "create", before={"result": OLD}, after={})
RESTARTED = [
    change(f"docker_service.sender_{number}", "update", before={"name": name}, after={"name": name})
    for number, name in enumerate(SENDERS)
]


class World:
    """An environment with two senders, and a Terraform that gives them the password of its state.

    Attributes:
        on_restart: happens while Terraform restarts the senders.
    """

    def __init__(self, patch: pytest.MonkeyPatch, boundaries: Boundaries, folder: Path, owner: str) -> None:
        self.repository = Repository(folder, owner=owner)
        self.boundaries = boundaries
        self.terraform = boundaries.services
        self.on_restart: Callable[[], object] = lambda: None
        self._generated = owner == GENERATED
        self.value = OLD
        stacks = {LOCAL.services_stack: stack_with_senders(owner=owner)}
        patch.setattr(
            targets_module,
            "synthesize",
            lambda environment, off=False: Synthesized(out=boundaries.root, stacks=stacks),
        )
        secret = Secret(
            name="restic-password",
            owner="generated" if self._generated else "supplied",
            reference=f"{owner}.result" if self._generated else owner,
            rotation=tried_at(Server.RESTIC, ends="the old one opens nothing any more"),
        )
        patch.setattr(rotating, "secrets_of", lambda environment: [secret])
        patch.setattr(rotating, "obstacles", lambda target: [])
        for module in (rotating, password):
            patch.setattr(module, "reached", self.repository.reached)
        patch.setattr(proof, "engines", lambda target: nullcontext([boundaries.swarm]))
        patch.setattr(proof, "Tasks", lambda *engines: self.repository)
        patch.setattr(rotating, "report_of_plan", self._report)
        patch.setattr(state, "back_up_after_deploy", self._send_state)
        services = [each.name for each in self.repository.world.services]
        boundaries.swarm.services_ = [on_swarm(name) for name in services]
        boundaries.swarm.tasks_ = [task(name, name) for name in services]
        self.terraform.context = {"prior_state": None}
        self.terraform.on_apply = self._apply
        self._deploy(OLD)
        self.terraform.changes = [RENEWED, *new_files(OLD, None), *RESTARTED]

    def will_supply(self, value: str) -> None:
        """Somebody exported another value."""
        self.value = value
        self.terraform.changes = [*new_files(OLD, value), *RESTARTED]

    @property
    def opens_with(self) -> set[str]:
        return self.repository.opens_with

    def _apply(self) -> None:
        """First with a target: the value is made. Then everything: the senders get it."""
        if self.terraform.planned[-1][1]:
            self.value = NEW
            self.terraform.resources[0] = resource(GENERATED, result=NEW)
            self.terraform.changes = [*new_files(OLD, NEW), *RESTARTED]
            return
        self.repository.said.append("restart")
        self.on_restart()
        self._deploy(self.value)

    def _deploy(self, value: str) -> None:
        self.repository.start(value)
        held = [
            resource(file, id=f"{file} {value}", name=file, data=base64.b64encode(value.encode()).decode())
            for file in FILES
        ]
        self.terraform.resources = [*([resource(GENERATED, result=value)] if self._generated else []), *held]
        self.boundaries.swarm.names_["secret"] = {file: f"{file} {value}" for file in FILES}

    def _send_state(self, targets: Targets) -> str:
        self.boundaries.done.append("state sent")
        return ""

    def _report(self, target: Target, plan: Mapping[str, Any]) -> Any:
        stack = from_synthesis(target.document)
        return compare(
            target.stack, before=stack, after=stack, planned=from_terraform(plan), compared_with="the swarm"
        )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, boundaries: Boundaries, tmp_path: Path) -> World:
    return World(monkeypatch, boundaries, tmp_path / "restic", GENERATED)


@pytest.fixture
def supplied(monkeypatch: pytest.MonkeyPatch, boundaries: Boundaries, tmp_path: Path) -> World:
    monkeypatch.setenv("TF_VAR_restic_password", NEW)
    found = World(monkeypatch, boundaries, tmp_path / "restic", SUPPLIED)
    found.will_supply(NEW)
    return found


def run(*, plan_only: bool = False, ask: Callable[[str], bool] | None = None) -> None:
    rotating.rotate("local", ["restic-password"], plan_only=plan_only, stable_s=1, parallelism=1, ask=ask)


def test_a_generated_one_is_made_then_let_in_then_given_to_the_senders_and_the_old_one_removed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def yes(question: str) -> bool:
        asked.append(question)
        return True

    run(ask=yes)
    assert world.opens_with == {NEW}
    assert world.terraform.planned == [
        ((GENERATED,), ()),
        ((GENERATED,), (GENERATED,)),
        ((), ()),
    ]
    assert asked == ["rotate 1 secret of local?"]
    said = world.repository.said
    assert (
        said.index(f"{SENDERS[0]} add_key") < said.index("restart") < said.index(f"{SENDERS[0]} keep_own_key")
    )
    assert world.boundaries.done[-1] == "state sent"
    told = capsys.readouterr()
    assert "restic-password: the old one opens nothing any more" in told.out
    assert (
        "restic-password: the repository of the backups accepts the new value and refuses the old one"
        in told.err
    )
    assert OLD not in told.out + told.err and NEW not in told.out + told.err


def test_a_supplied_one_is_let_in_before_the_senders_have_it(supplied: World) -> None:
    run()
    assert supplied.opens_with == {NEW}
    assert supplied.terraform.planned == [((), ())]
    said = supplied.repository.said
    assert (
        said.index(f"{SENDERS[0]} add_key") < said.index("restart") < said.index(f"{SENDERS[0]} keep_own_key")
    )


def test_no_and_a_plan_change_neither_the_state_nor_the_repository(world: World) -> None:
    with pytest.raises(OpsError, match="not approved; nothing was changed"):
        run(ask=lambda question: False)
    run(plan_only=True)
    assert world.boundaries.done == []
    assert world.opens_with == {OLD}
    assert not any("add_key" in said for said in world.repository.said)


def test_without_every_sender_nothing_is_changed(world: World) -> None:
    world.repository.down.add(SENDERS[1])
    with pytest.raises(Refused, match=f"no task of {SENDERS[1]} runs on a node that can be reached"):
        run()
    assert (world.terraform.planned, world.boundaries.done) == ([], [])


def test_a_supplied_one_is_not_let_in_without_every_sender(supplied: World) -> None:
    supplied.repository.down.add(SENDERS[1])
    with pytest.raises(Refused, match=f"no task of {SENDERS[1]} runs on a node that can be reached"):
        run()
    assert (supplied.boundaries.done, supplied.opens_with) == ([], {OLD})


def test_a_bucket_that_goes_away_after_the_value_was_made_is_said_and_a_deploy_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = world.terraform.on_apply

    def made() -> None:
        make()
        world.repository.down.update(SENDERS)

    world.terraform.on_apply = made
    with pytest.raises(OpsError) as caught:
        run()
    assert "did not get a key for the new restic-password: no task of" in caught.value.problem
    assert caught.value.fix.endswith("then run make up ENV=local, before anything else")
    assert world.opens_with == {OLD}
    world.repository.down.clear()
    # What the next deploy does with the plan that is left.
    password.admit(world.repository.target, {"resource_changes": world.terraform.changes})
    assert world.opens_with == {OLD, NEW}
    world.repository.start(NEW)
    assert password.finish_after_deploy(world.repository.target) == ""
    assert world.opens_with == {NEW}


def test_one_that_is_interrupted_while_senders_restart_is_finished_by_the_next(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:

    def cut_off() -> None:
        raise KeyboardInterrupt

    world.on_restart = cut_off
    with pytest.raises(KeyboardInterrupt):
        run()
    assert world.opens_with == {OLD, NEW}

    # Of two senders one has the new password; rotating again makes another one.
    world.on_restart = lambda: None
    world.repository.start(NEW, SENDERS[0])
    world.terraform.changes = [RENEWED, *new_files(OLD, None), *RESTARTED]
    make = world.terraform.on_apply

    def newer() -> None:
        make()
        if world.terraform.planned[-1][1]:
            world.value = "newer"
            world.terraform.resources[0] = resource(GENERATED, result="newer")
            world.terraform.changes = [*new_files(OLD, "newer"), *RESTARTED]

    world.terraform.on_apply = newer
    run()
    assert world.opens_with == {"newer"}
    assert "accepts the new value and refuses the old one" in capsys.readouterr().err


def test_an_old_key_that_cannot_be_removed_is_an_error(world: World) -> None:
    world.on_restart = lambda: world.repository.down.add(SENDERS[1])
    with pytest.raises(OpsError) as caught:
        run()
    assert f"still with the old one: {SENDERS[1]}: no task of {SENDERS[1]} runs" in str(caught.value)
    assert "restic-password: the repository of the backups still accepts the old value" in str(caught.value)
    assert world.opens_with == {OLD, NEW}


def test_an_interrupted_terraform_says_how_to_go_on(world: World) -> None:
    world.terraform.interrupted = True
    with pytest.raises(Interrupted, match="continue with make up ENV=local"):
        run()
    assert OLD in world.opens_with
