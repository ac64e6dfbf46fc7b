"""Releases: what is recorded when, what stays, and how they are kept."""

from __future__ import annotations

import copy
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.errors import OpsError
from ops.release import commit, deploy_metric
from ops.release.archive import Archive, archive_of
from ops.release.changes import changes_between
from ops.release.place import BucketFolder, LocalFolder, Place
from ops.release.recording import record_smoke, recorded
from ops.release.release import KEPT, Outcome, Release, Smoke, kept, to_go_back_to
from ops.release.stack_file import key_of, packed, unpacked
from ops.terraform.target import Targets
from tests.unit import ops_releases
from tests.unit.ops_boundaries import targets_of
from tests.unit.ops_fixtures import DIGEST_1, DIGEST_2, config, service, stack
from tests.unit.ops_releases import COMMIT, FakeBucket

PROD = load_environment("prod")


def release(number: int, *, outcome: Outcome = Outcome.CONVERGED, services: str = "") -> Release:
    return ops_releases.release(
        number,
        at=datetime(2026, 11, 27, 12, number % 60, tzinfo=UTC),
        commit=COMMIT,
        images={"web": f"example.org/app:1.2@{DIGEST_1}"},
        changes="no service",
        services=services or f"{number:016x}",
        outcome=outcome,
    )


def with_config(text: str) -> dict[str, Any]:
    changed = stack()
    changed["resource"]["docker_config"]["web_conf"] = config("platform/web/conf", name="web-conf", text=text)
    return changed


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Archive:
    ops_releases.install(monkeypatch, tmp_path)
    return archive_of(PROD)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return LocalFolder(tmp_path / "state" / "releases")
    return BucketFolder(FakeBucket("b", endpoint="", key=("", "")), f"releases/{tmp_path}/")


def deploy(
    document: dict[str, Any],
    *,
    approved: bool = True,
    answer: bool = True,
    error: str = "",
    asked_for: bool = True,
    during: Callable[[], object] = lambda: None,
) -> Targets:
    targets = targets_of(PROD, of_services=document)
    with recorded(targets.services, targets.cloud, asked_for=asked_for) as now:
        if approved:
            now.begins_with(lambda plan: answer)({})
        during()
        if error:
            raise OpsError(error)
    return targets


def test_the_last_ten_that_converged_stay_and_all_after_them() -> None:
    ten = [release(number) for number in range(1, KEPT + 1)]
    failed = release(11, outcome=Outcome.FAILED)
    assert kept([]) == []
    assert kept([*ten, failed]) == [*ten, failed]
    assert [each.number for each in kept([*ten, failed, release(12)])] == [*range(2, 13)]
    all_failed = [release(number, outcome=Outcome.FAILED) for number in range(11, 40)]
    assert kept([*ten, *all_failed]) == [*ten, *all_failed], "the way back from failures stays"


def test_going_back_without_a_number_is_to_the_last_good_one_that_differs() -> None:
    assert to_go_back_to([]) is None
    assert to_go_back_to([release(1)]) is None
    one, two = release(1), release(2)
    assert to_go_back_to([one, two]) == one
    assert to_go_back_to([one, two, release(3, outcome=Outcome.FAILED)]) == two
    back = release(3, services=one.services)
    assert to_go_back_to([one, two, back]) == two
    assert to_go_back_to([one, release(2, outcome=Outcome.UNFINISHED), release(3)]) == one


def test_a_key_is_of_what_is_asked_for_and_not_of_where_it_was_synthesized() -> None:
    other = copy.deepcopy(stack())
    other["//"] = {"metadata": {"version": "another"}}
    other["terraform"] = {"backend": {"local": {"path": "/another/clone"}}}
    other["provider"] = {"docker": [{"host": "ssh://elsewhere"}]}
    other["resource"]["docker_service"]["web"]["//"] = {"note": "another"}
    assert key_of(stack()) == key_of(other)
    assert key_of(stack()) != key_of(with_config("a: 2\n"))
    assert unpacked(packed(other)) == other
    assert packed(other) == packed(copy.deepcopy(other))


def test_releases_are_numbered_kept_and_read_back(place: Place) -> None:
    archive = Archive(place)
    assert archive.releases() == [] and archive.last() is None
    first = archive.add(release(1, services=archive.keep(stack())))
    second = archive.add(release(1, services=archive.keep(with_config("a: 2\n"))))
    assert (first.number, second.number) == (1, 2)
    assert archive.releases() == [first, second]
    assert archive.last() == second
    assert archive.stack(first.services) == stack()
    archive.update(first.model_copy(update={"smoke": Smoke.PASSED}))
    assert [each.smoke for each in archive.releases()] == [Smoke.PASSED, Smoke.NOT_RUN]


def test_two_who_record_at_once_get_two_numbers(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(place)
    archive.add(release(1))
    monkeypatch.setattr(archive, "last", lambda: None)
    assert archive.add(release(1)).number == 2
    assert [each.number for each in archive.releases()] == [1, 2]


def test_old_releases_go_with_the_stacks_that_nobody_needs_any_more(place: Place) -> None:
    archive = Archive(place)
    keys = [archive.keep(with_config(f"a: {number}\n")) for number in range(KEPT + 2)]
    shared = archive.keep(stack())
    for number, key in enumerate(keys, 1):
        # The cloud's stack is the same all the time.
        archive.add(release(number, services=key).model_copy(update={"cloud": shared}))
    archive.trim()
    assert [each.number for each in archive.releases()] == list(range(3, KEPT + 3))
    assert archive.stack(shared) == stack()
    assert archive.stack(keys[2]) == with_config("a: 2\n")
    with pytest.raises(OpsError, match=f"the stack {keys[1]} of a release is missing beside the state"):
        archive.stack(keys[1])
    assert archive.add(release(1)).number == KEPT + 3, "numbers are not given out twice"


def test_files_on_this_machine_are_their_owner_s_only(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "releases"
    archive = Archive(LocalFolder(folder))
    archive.add(release(1, services=archive.keep(stack())))
    archive.update(release(1))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}
    assert not [each.name for each in folder.iterdir() if each.name.startswith(".")]


def test_what_is_damaged_is_named(place: Place) -> None:
    archive = Archive(place)
    archive.add(release(1))
    place.write("000002.json", b'{"number": 0}')
    with pytest.raises(OpsError, match=r"release 000002\.json beside the state cannot be read: number: "):
        archive.releases()
    place.write("0123456789abcdef.json.gz", b"\x1f\x8b cut")
    with pytest.raises(OpsError, match="the stack 0123456789abcdef of a release is damaged"):
        archive.stack("0123456789abcdef")


def test_a_release_is_there_while_it_is_deployed_and_says_how_it_ended(releases: Archive) -> None:
    seen: list[Release] = []
    targets = deploy(stack(), during=lambda: seen.extend(releases.releases()))
    (during,), (after,) = seen, releases.releases()
    assert (during.number, during.outcome) == (1, Outcome.UNFINISHED)
    assert after == during.model_copy(update={"outcome": Outcome.CONVERGED})
    assert after.commit == COMMIT and after.cause == "deploy"
    assert after.images == {"redis": f"redis:8.2@{DIGEST_1}", "web": f"example.org/app:1.2@{DIGEST_1}"}
    assert after.changes == "first release, 2 services"
    assert targets.cloud is not None
    assert releases.stack(after.cloud) == targets.cloud.document
    assert releases.stack(after.services) == targets.services.document


def test_a_deploy_that_fails_is_a_release_with_its_reason_and_its_repair_is_the_same_one(
    releases: Archive,
) -> None:
    deploy(stack())
    with pytest.raises(OpsError):
        deploy(with_config("a: 2\n"), error="terraform apply failed\n  with a long log")
    last = releases.last()
    assert last is not None
    assert (last.number, last.outcome, last.reason) == (2, Outcome.FAILED, "terraform apply failed")
    assert last.changes == "settings of web"
    deploy(with_config("a: 2\n"))
    assert [(each.number, each.outcome, each.reason) for each in releases.releases()] == [
        (1, Outcome.CONVERGED, ""),
        (2, Outcome.CONVERGED, ""),
    ]


def test_what_changes_nothing_is_no_release(releases: Archive) -> None:
    deploy(stack())
    deploy(stack())
    deploy(stack(), approved=False)
    with pytest.raises(OpsError):
        deploy(with_config("a: 2\n"), approved=False, error="not approved; nothing was changed")
    assert [each.number for each in releases.releases()] == [1]


def test_an_environment_from_before_there_were_releases_gets_its_first_one(releases: Archive) -> None:
    deploy(stack(), approved=False)
    assert [each.outcome for each in releases.releases()] == [Outcome.CONVERGED]


def test_a_plan_that_nobody_approved_is_not_recorded(releases: Archive) -> None:
    with pytest.raises(OpsError):
        deploy(stack(), answer=False, error="not approved; nothing was changed")
    assert releases.releases() == []


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (True, "", [False]),
        (True, "web does not start", [True]),
        (False, "not approved; nothing was changed", []),
    ],
)
def test_the_alert_on_failed_deploys_is_told_of_those_that_began(
    answer: bool, error: str, told: list[bool], releases: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bool] = []
    monkeypatch.setattr(deploy_metric, "tell", lambda target, *, failed: heard.append(failed))
    if error:
        with pytest.raises(OpsError):
            deploy(stack(), answer=answer, error=error)
    else:
        deploy(stack())
    assert heard == told


def test_going_back_by_itself_does_not_end_the_alert(
    releases: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bool] = []
    monkeypatch.setattr(deploy_metric, "tell", lambda target, *, failed: heard.append(failed))
    with pytest.raises(OpsError):
        deploy(with_config("a: 2\n"), error="pages are lost")
    deploy(stack(), asked_for=False)
    assert heard == [True]
    deploy(stack())
    assert heard == [True, False]


def test_a_failed_deploy_is_told_where_its_release_cannot_be_recorded(
    releases: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(self: FakeBucket, prefix: str) -> list[str]:
        raise OpsError("bucket sprocket-state: cannot list it", fix="look")

    heard: list[bool] = []
    monkeypatch.setattr(deploy_metric, "tell", lambda target, *, failed: heard.append(failed))
    monkeypatch.setattr(FakeBucket, "keys", unreachable)
    with pytest.raises(OpsError):
        deploy(stack(), error="web does not start")
    assert heard == [True]


def test_where_nothing_can_be_recorded_the_deploy_goes_on_and_says_so_once(
    releases: Archive, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(self: FakeBucket, prefix: str) -> list[str]:
        raise OpsError("bucket sprocket-state: cannot list it", fix="look")

    monkeypatch.setattr(FakeBucket, "keys", unreachable)
    deploy(stack())
    told = capsys.readouterr().err
    assert told.count("this release is not recorded, so no rollback can go back to it: bucket") == 1


def test_a_smoke_test_is_noted_with_the_release_that_the_files_ask_for(releases: Archive) -> None:
    targets = deploy(stack())
    record_smoke(targets.services, passed=False)
    assert [each.smoke for each in releases.releases()] == [Smoke.FAILED]
    record_smoke(targets.services, passed=True)
    assert [each.smoke for each in releases.releases()] == [Smoke.PASSED]
    record_smoke(targets_of(PROD, of_services=with_config("a: 2\n")).services, passed=False)
    assert [each.smoke for each in releases.releases()] == [Smoke.PASSED]


def test_changes_are_said_in_a_line() -> None:
    after = stack()
    after["resource"]["docker_service"]["web"] |= {"mode": {"replicated": {"replicas": 2}}}
    after["resource"]["docker_service"]["redis"] = service(
        "data/redis", name="redis", image=f"redis:8.2@{DIGEST_2}"
    )
    after["resource"]["docker_service"]["bot"] = service("platform/bot", name="bot")
    assert changes_between(stack(), after) == "image of redis; settings of web; new: bot"
    assert changes_between(after, stack()) == "image of redis; settings of web; gone: bot"
    assert changes_between(stack(), stack()) == "no service"


def test_the_commit_says_where_files_differ_from_it(tmp_path: Path) -> None:
    assert commit.commit_here(tmp_path) == ""
    git = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    assert commit._git(tmp_path, "init", "--quiet", ".") == ""
    commit._git(tmp_path, *git, "commit", "--quiet", "--allow-empty", "-m", "first")
    head = commit.commit_here(tmp_path)
    assert len(head) == 40
    (tmp_path / "new").touch()
    assert commit.commit_here(tmp_path) == f"{head}+changes"
    assert release(1).model_copy(update={"commit": f"{head}+changes"}).short_commit == f"{head[:8]}+changes"
