"""A new password of the backups: let in first, the others shut out last, and never a repository that nobody can open."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ops.backup import password
from ops.backup.password import NewPassword
from ops.errors import OpsError, Refused
from tests.unit.ops_cloud import plan
from tests.unit.ops_restic import NEW, OLD, SENDERS, SUPPLIED, Repository, new_files

FIRST, SECOND = SENDERS


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    found = Repository(tmp_path)
    monkeypatch.setattr(password, "reached", found.reached)
    return found


@pytest.fixture
def supplied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    found = Repository(tmp_path, owner=SUPPLIED)
    monkeypatch.setattr(password, "reached", found.reached)
    return found


# -- the whole of it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shell",
    [
        ("dash",),
        pytest.param(
            ("busybox", "ash"),
            marks=pytest.mark.skipif(
                not shutil.which("busybox"), reason="no busybox, the pinned image's shell, is here"
            ),
        ),
    ],
    ids=lambda shell: str(shell[0]),
)
def test_a_new_password_is_added_once_and_the_old_one_removed_when_all_senders_have_the_new_one(
    tmp_path: Path, shell: tuple[str, ...]
) -> None:
    repository = Repository(tmp_path, shell=shell)
    password.let_in(repository.world, NEW)
    password.let_in(repository.world, NEW)
    assert repository.opens_with == {OLD, NEW}
    assert repository.asked.count("key add") == 1
    assert repository.said == [f"{FIRST} add_key"] * 2
    assert password.is_rotating(repository.world)

    repository.start(NEW, FIRST)
    with pytest.raises(OpsError) as caught:
        password.shut_others_out(repository.world)
    assert str(caught.value) == (
        "the backups open with the new restic-password, and still with the old one: "
        f"{FIRST} and {SECOND} have different passwords\n"
        "  when every sender runs, make up ENV=local removes the old key"
    )
    assert repository.opens_with == {OLD, NEW}

    repository.start(NEW)
    password.shut_others_out(repository.world)
    assert repository.opens_with == {NEW}
    assert not password.is_rotating(repository.world)


def test_a_password_is_on_standard_input_only(repository: Repository) -> None:
    password.let_in(repository.world, NEW)
    assert NEW in repository.given
    assert NEW not in repository.asked + "".join(repository.said)
    assert NEW not in repr(NewPassword(value=NEW, generated=True))


# -- what goes wrong ---------------------------------------------------------------------------------------------


def test_a_sender_that_does_not_run_keeps_the_old_key(repository: Repository) -> None:
    password.let_in(repository.world, NEW)
    repository.start(NEW)
    repository.down.add(SECOND)
    with pytest.raises(OpsError, match=f"no task of {SECOND} runs on a node that can be reached"):
        password.shut_others_out(repository.world)
    assert repository.opens_with == {OLD, NEW}


def test_a_bucket_that_goes_away_removes_no_key_and_is_said(repository: Repository) -> None:
    password.let_in(repository.world, NEW)
    repository.start(NEW)
    repository.go_away()
    with pytest.raises(
        OpsError, match="the bucket cannot be used: Fatal: unable to open config file: no such host"
    ):
        password.shut_others_out(repository.world)
    with pytest.raises(OpsError) as caught:
        password.let_in(repository.world, "another")
    assert str(caught.value).startswith(
        "the repository of the backups did not get a key for the new restic-password: the bucket cannot be used: "
        "Fatal: unable to open config file: no such host\n  the server of backups/endpoint does not answer"
    )
    assert repository.opens_with == {OLD, NEW}
    assert password.is_rotating(repository.world)


def test_a_key_is_added_through_whichever_sender_can(repository: Repository) -> None:
    repository.down.add(FIRST)
    password.let_in(repository.world, NEW)
    repository.down.clear()
    repository.start("mistyped", FIRST)
    password.let_in(repository.world, "newer")
    assert repository.opens_with == {OLD, NEW, "newer"}


def test_senders_that_cannot_do_it_are_named_before_anything_is_changed(repository: Repository) -> None:
    password.check_senders(repository.world)
    repository.down.add(FIRST)
    repository.start("mistyped", SECOND)
    with pytest.raises(Refused) as caught:
        password.check_senders(repository.world)
    first, second = caught.value.obstacles
    assert caught.value.problem == "nothing is rotated in local; nothing was changed"
    assert first.what == (
        "restic-password: only a sender can add a key to the repository, and backup-sender says: "
        "no task of backup-sender runs on a node that can be reached"
    )
    assert "the bucket cannot be used: Fatal: wrong password" in second.what
    assert second.fix.startswith("the secret restic-password is not that of the bucket's repository")


# -- what a plan says of it --------------------------------------------------------------------------------------


def test_a_plan_has_a_new_password_where_it_replaces_one_and_knows_it(
    repository: Repository, tmp_path: Path
) -> None:
    wanted = repository.target.wanted
    assert password.new_password(wanted, plan(*new_files(OLD, NEW))) == NewPassword(value=NEW, generated=True)
    assert password.new_password(wanted, plan(*new_files(None, NEW))) is None, "the first one"
    assert password.new_password(wanted, plan(*new_files(OLD, None))) is None, "not known yet"
    assert password.new_password(wanted, plan(*new_files(OLD, OLD))) is None
    assert password.new_password(wanted, plan()) is None
    other = Repository(tmp_path / "other", owner=SUPPLIED).target.wanted
    assert password.new_password(other, plan(*new_files(OLD, NEW))) == NewPassword(value=NEW, generated=False)


# -- a deploy ----------------------------------------------------------------------------------------------------


def test_a_deploy_lets_in_what_an_interrupted_rotation_generated(repository: Repository) -> None:
    password.admit(repository.target, plan())
    assert repository.said == []
    password.admit(repository.target, plan(*new_files(OLD, NEW)))
    assert repository.opens_with == {OLD, NEW}


def test_a_deploy_does_not_go_on_with_a_generated_one_that_nobody_can_let_in(repository: Repository) -> None:
    repository.down.update(SENDERS)
    with pytest.raises(OpsError, match="did not get a key for the new restic-password: no task of"):
        password.admit(repository.target, plan(*new_files(OLD, NEW)))


def test_a_deploy_takes_a_supplied_one_that_opens_nothing_for_a_mistake(supplied: Repository) -> None:
    with pytest.raises(Refused) as caught:
        password.admit(supplied.target, plan(*new_files(OLD, "mistyped")))
    assert str(caught.value) == (
        "local-services cannot be deployed; nothing of it was changed\n"
        "- the new value of restic-password does not open the backups\n"
        "    export the one that does; to have a new one: python -m ops rotate --env local restic-password"
    )
    assert supplied.opens_with == {OLD}


def test_a_deploy_goes_on_with_a_supplied_one_that_opens_or_that_nobody_can_be_asked_about(
    supplied: Repository,
) -> None:
    password.let_in(supplied.world, NEW)
    password.admit(supplied.target, plan(*new_files(OLD, NEW)))
    supplied.down.update(SENDERS)
    password.admit(supplied.target, plan(*new_files("mistyped", OLD)))


def test_the_deploy_after_an_interrupted_rotation_removes_the_old_key(repository: Repository) -> None:
    password.let_in(repository.world, NEW)
    repository.start(NEW, FIRST)
    assert password.finish_after_deploy(repository.target).startswith("the backups open with the new")
    repository.start(NEW)
    assert password.finish_after_deploy(repository.target) == ""
    assert repository.opens_with == {NEW}


def test_a_rotation_that_was_given_up_leaves_the_old_password(supplied: Repository) -> None:
    password.let_in(supplied.world, NEW)
    assert password.finish_after_deploy(supplied.target) == ""
    assert supplied.opens_with == {OLD}


def test_a_deploy_leaves_keys_alone_that_no_rotation_added(repository: Repository) -> None:
    repository.add_key("of a maintainer")
    assert password.finish_after_deploy(repository.target) == ""
    assert repository.opens_with == {OLD, "of a maintainer"}
