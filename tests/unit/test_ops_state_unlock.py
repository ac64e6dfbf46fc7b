"""Taking over a lock: only one that nobody on this machine has, and only the one that was shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from layers.loading import load_environment
from ops.cli.state import app
from ops.errors import Refused, WrongUse
from ops.state import unlock
from ops.terraform import target
from ops.terraform.lock_holder import LockHolder, Process
from ops.terraform.synth import Synthesized
from tests.unit.ops_boundaries import Boundaries, documents_of

PROD = load_environment("prod")


@pytest.fixture
def locked(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> Boundaries:
    """Prod, the state of whose services is locked; its synthesis is spared."""
    found = Synthesized(out=Path("/nowhere"), stacks=documents_of(PROD))
    monkeypatch.setattr(target, "synthesize", lambda environment, off=False: found)
    boundaries.services.holder = LockHolder(
        id="7bef", path="bucket/prod", operation="OperationTypeApply", who="ann@laptop", created=0
    )
    return boundaries


def test_the_lock_that_was_shown_is_removed_once_the_name_is_given(locked: Boundaries) -> None:
    done = CliRunner().invoke(app, ["unlock", "--env", "prod", "--confirm", "prod"])
    assert (done.exit_code, done.stdout) == (0, "prod-services: unlocked\n")
    assert locked.done == ["unlock 7bef"]
    again = CliRunner().invoke(app, ["unlock", "--env", "prod"])
    assert again.stdout == "no state of prod is locked\n"


def test_without_the_name_nothing_is_removed(locked: Boundaries) -> None:
    done = CliRunner().invoke(app, ["unlock", "--env", "prod", "--confirm", "staging"])
    assert isinstance(done.exception, WrongUse)
    assert locked.done == []


def test_a_terraform_of_that_stack_on_this_machine_may_have_it(
    locked: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LockHolder, "processes", lambda self, stack: [Process(id=4711, name="terraform")])
    with pytest.raises(Refused, match=r"here runs terraform, process 4711\n.*kill -INT 4711"):
        unlock.require_abandoned(unlock.locks("prod", lambda text: None))


def test_the_lock_of_a_file_cannot_be_taken_over(locked: Boundaries, tmp_path: Path) -> None:
    state = tmp_path / "x.tfstate"
    state.touch()
    locked.services.holder = LockHolder(id="1", path=str(state), operation="", who="root@here", created=0)
    with pytest.raises(Refused, match="a process that you may not see has it"):
        unlock.require_abandoned(unlock.locks("prod", lambda text: None))
