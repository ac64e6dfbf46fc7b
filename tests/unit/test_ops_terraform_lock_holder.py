"""Who holds a state's lock: read from what Terraform 1.11.4 printed, recorded on 2026-11-27, and told to people."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.terraform.lock_holder import LockHolder, StateLocked, holder_in

OF_A_FILE = """Error message: resource temporarily unavailable
Lock Info:
  ID:        7befa872-2822-b033-7b88-2ce03590724a
  Path:      {path}
  Operation: OperationTypeApply
  Who:       ann@laptop
  Version:   1.11.4
  Created:   2026-11-27 18:54:54.323651331 +0000 UTC
  Info:      


Terraform acquires a state lock to protect the state from being written
by multiple users at the same time."""  # noqa: W291

AT_A_TERMINAL = "\n".join(
    [
        "\x1b[31m╷\x1b[0m",
        "\x1b[31m│\x1b[0m \x1b[0m\x1b[1m\x1b[31mError: \x1b[0m\x1b[0m\x1b[1mError acquiring the state lock\x1b[0m",
        "\x1b[31m│\x1b[0m \x1b[0m",
        *(f"\x1b[31m│\x1b[0m \x1b[0m{line}" for line in OF_A_FILE.format(path="bucket/prod").splitlines()),
        "\x1b[31m╵\x1b[0m",
    ]
)
SINCE = 1795805694.0


@pytest.mark.parametrize("text", [OF_A_FILE.format(path="bucket/prod"), AT_A_TERMINAL])
def test_all_that_terraform_says_of_it_is_read(text: str) -> None:
    assert holder_in(text) == LockHolder(
        id="7befa872-2822-b033-7b88-2ce03590724a",
        path="bucket/prod",
        operation="OperationTypeApply",
        who="ann@laptop",
        created=SINCE,
        reason="resource temporarily unavailable",
    )


def test_another_error_has_no_holder() -> None:
    assert holder_in("Error: No such bucket\n  ID: 5") is None


def holder(path: str = "bucket/prod", **changed: str) -> LockHolder:
    values = {"id": "7bef", "operation": "OperationTypeApply", "who": "ann@laptop", **changed}
    return LockHolder(path=path, created=SINCE, **values)


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        ("OperationTypeApply", "for an apply"),
        ("OperationTypePlan", "for a plan"),
        ("OperationTypeInvalid", "for upgrade-engine or an open console"),
        ("state-rm", "for terraform state rm"),
        ("", "for an operation"),
    ],
)
def test_it_is_told_for_what_and_since_when(operation: str, told: str) -> None:
    assert holder(operation=operation).described(SINCE + 245) == (
        f"ann@laptop has held it {told} since 2026-11-27 18:54:54 UTC (4 min 5 s)"
    )


def test_a_lock_in_a_bucket_can_be_taken_over_and_the_message_says_how() -> None:
    error = StateLocked("prod-services", holder(reason="412 Precondition Failed"))
    first, second = error.problem.splitlines()
    assert first.startswith("the state of prod-services is locked, so nothing was changed: ann@laptop has")
    assert second == "  Terraform: Error acquiring the state lock: 412 Precondition Failed"
    assert error.fix.endswith("python -m ops state unlock --env prod")


def test_of_a_file_the_process_that_has_it_is_named(tmp_path: Path) -> None:
    state = tmp_path / "x.tfstate"
    state.touch()
    proc = tmp_path / "proc"
    for id_, name in (("4711", "terraform"), ("4712", "bash")):
        (proc / id_).mkdir(parents=True)
        (proc / id_ / "comm").write_text(f"{name}\n")
    inode = state.stat().st_ino
    (proc / "locks").write_text(
        f"1: POSIX  ADVISORY  WRITE 4711 fe:00:{inode} 0 EOF\n2: POSIX  ADVISORY  WRITE 4712 fe:00:1{inode} 0 EOF\n"
    )
    (found,) = holder(str(state)).processes("local-services", proc)
    assert (found.id, found.name) == (4711, "terraform")
    error = StateLocked("local-services", holder(str(state)))
    assert "state unlock" not in error.fix, "the system releases the lock of a file itself"


def test_of_an_object_terraforms_in_a_folder_of_that_stack_are_named(tmp_path: Path) -> None:
    for id_, name, stack in (
        ("1", "terraform", "prod-services"),
        ("2", "terraform", "prod-cloud"),
        ("3", "sh", "x"),
    ):
        (tmp_path / id_).mkdir()
        (tmp_path / id_ / "comm").write_text(name)
        (tmp_path / id_ / "cwd").symlink_to(f"/anywhere/{stack}")
    assert [each.id for each in holder().processes("prod-services", tmp_path)] == [1]
