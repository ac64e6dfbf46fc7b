"""The pages after a deploy: which are judged, when one is lost, and the way back that follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from layers.cloud.nodes import nodes_of
from layers.loading import load_environment
from ops.check import runner
from ops.deploy import deploy
from ops.deploy.observation import Observation, PagesLost
from ops.deploy.precautions import Precautions
from ops.errors import OpsError
from ops.release.archive import Archive, archive_of
from ops.release.release import Outcome, Release
from ops.terraform import target
from ops.terraform.synth import Synthesized
from tests.unit.ops_boundaries import Boundaries, documents_of, targets_of
from tests.unit.ops_clock import FakeClock
from tests.unit.ops_cloud import change
from tests.unit.ops_pages import API, NO_WAY, WEB, FakePages, two_pages
from tests.unit.ops_releases import release
from tests.unit.ops_ssh import READY
from tests.unit.ops_swarm import on_swarm, task
from tests.unit.ops_terraform import resource

PROD = load_environment("prod")


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> FakePages:
    return FakePages(monkeypatch)


class Watched:
    """An observation of both pages on a clock of its own."""

    def __init__(self, patch: pytest.MonkeyPatch, seconds: float) -> None:
        self.clock = FakeClock(patch)
        self.observation = Observation(targets_of(PROD, of_services=two_pages()).services, seconds)

    def deploy(self) -> None:
        assert self.observation.begins_with(lambda plan: True)({})
        self.observation.watch(None)


@pytest.fixture
def watched(pages: FakePages, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch, 20)


def test_pages_are_watched_for_the_whole_time(
    watched: Watched, pages: FakePages, capsys: pytest.CaptureFixture[str]
) -> None:
    watched.deploy()
    assert watched.clock.now == 20
    assert "2 pages answered for 20 s after the services converged" in capsys.readouterr().err
    assert pages.asked.count(WEB) == pages.asked.count(API) == 12, "before, and every two seconds"


def test_a_page_is_lost_when_it_fails_for_15_seconds(watched: Watched, pages: FakePages) -> None:
    pages.answers[WEB] = [200, 200, 200, 502]
    with pytest.raises(PagesLost) as caught:
        watched.deploy()
    assert str(caught.value) == (
        f"https://{WEB}/: 502 by the gateway itself, expected: page; it answered before this deploy"
    )
    assert watched.clock.now == 20, "4 s of answers, and 16 of failures"


def test_a_gap_is_no_failure(watched: Watched, pages: FakePages) -> None:
    pages.answers[WEB] = [200, 502, 0, 502, 502, 200, 502, 502, 200]
    watched.deploy()
    assert watched.clock.now == 20


def test_a_page_that_fails_at_the_end_is_judged_before_the_deploy_is_done(
    watched: Watched, pages: FakePages
) -> None:
    pages.answers[WEB] = [200] * 11 + [0]
    with pytest.raises(PagesLost, match="no answer: connection refused"):
        watched.deploy()
    assert watched.clock.now == 36


def test_several_lost_pages_are_all_named(watched: Watched, pages: FakePages) -> None:
    pages.answers = {WEB: [200, 502], API: [200, 0]}
    with pytest.raises(PagesLost) as caught:
        watched.deploy()
    assert str(caught.value).splitlines() == [
        f"2 pages that answered before this deploy do not now: https://{API}/, https://{WEB}/",
        f"  https://{API}/: no answer: connection refused",
        f"  https://{WEB}/: 502 by the gateway itself, expected: page",
    ]


def test_a_page_that_was_away_before_is_named_and_not_judged(
    watched: Watched, pages: FakePages, capsys: pytest.CaptureFixture[str]
) -> None:
    pages.answers[API] = [0]
    watched.deploy()
    told = capsys.readouterr().err
    assert f"warning: https://{API}/ did not answer before this deploy, and does not now: no answer" in told
    assert "1 page answered for 20 s" in told


def test_a_page_that_comes_with_a_deploy_is_not_complained_about(
    watched: Watched, pages: FakePages, capsys: pytest.CaptureFixture[str]
) -> None:
    pages.answers[API] = [0, 200]
    watched.deploy()
    assert "warning" not in capsys.readouterr().err


def test_a_machine_that_loses_its_way_judges_nothing(
    watched: Watched, pages: FakePages, capsys: pytest.CaptureFixture[str]
) -> None:
    pages.answers = {WEB: [200, 200, NO_WAY], API: [200, 200, NO_WAY]}
    watched.deploy()
    told = capsys.readouterr().err
    assert (
        "warning: no page can be reached from here any more, so none is judged: no answer: no such name"
        in told
    )


def test_one_page_whose_name_is_gone_is_lost(watched: Watched, pages: FakePages) -> None:
    pages.answers[WEB] = [200, NO_WAY]
    with pytest.raises(PagesLost, match="no such name"):
        watched.deploy()


def test_a_page_that_sends_to_no_address_is_lost(watched: Watched, pages: FakePages) -> None:
    pages.sends_to[WEB] = "http://["
    pages.answers[WEB] = [200, 302]
    with pytest.raises(PagesLost, match=f"https://{WEB}/: no answer: "):
        watched.deploy()


def test_where_no_page_answers_from_here_none_is_judged(
    watched: Watched, pages: FakePages, capsys: pytest.CaptureFixture[str]
) -> None:
    pages.answers = {WEB: [0], API: [0]}
    watched.deploy()
    assert "no page answered from here before this deploy: none is watched" in capsys.readouterr().err
    assert watched.clock.now == 0


def test_what_answered_is_read_before_the_first_apply_only(watched: Watched, pages: FakePages) -> None:
    pages.answers[WEB] = [200, 0]
    approve = watched.observation.begins_with(lambda plan: True)
    assert approve({}) and approve({})
    with pytest.raises(PagesLost):
        watched.observation.watch(None)


def test_nothing_is_asked_without_an_approval_or_when_it_is_switched_off(
    pages: FakePages, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not Watched(monkeypatch, 20).observation.begins_with(lambda plan: False)({})
    Watched(monkeypatch, 0).deploy()
    assert pages.asked == []


@pytest.fixture
def prod(boundaries: Boundaries, pages: FakePages, monkeypatch: pytest.MonkeyPatch) -> Boundaries:
    """A deploy of prod's services, after which web does not answer until something is applied again."""
    found = Synthesized(out=Path("/nowhere"), stacks=documents_of(PROD, of_services=two_pages("a: 2\n")))
    monkeypatch.setattr(target, "synthesize", lambda environment, off=False: found)
    checked = runner.Checked(environment="prod", findings=())
    monkeypatch.setattr(runner, "check_all", lambda names, say: [checked] if names == ["all"] else [])
    boundaries.nodes.statuses = {node.dns_name: [READY] for node in nodes_of(PROD)}
    boundaries.swarm.services_.append(on_swarm("api"))
    boundaries.swarm.tasks_.append(task("t3", "api"))
    services = boundaries.services
    services.resources = [
        resource(f"docker_service.{name}", id=name, name=name) for name in ("redis", "web", "api")
    ]
    services.changes = [change("docker_service.web", "update", before={}, after={"name": "web"})]
    services.later = services.changes

    def apply() -> None:
        pages.answers[WEB] = [502] if boundaries.done == ["services apply"] else [200]

    services.on_apply = apply
    return boundaries


def run(observe_s: float = 20) -> None:
    deploy.deploy(
        "prod",
        stable_s=1,
        parallelism=1,
        ask=lambda text: True,
        only="services",
        precautions=Precautions(trial_boot=False, observe_s=observe_s),
    )


def converged_before() -> None:
    archive = archive_of(PROD)
    both = documents_of(PROD, of_services=two_pages())
    archive.add(
        release(services=archive.keep(both[PROD.services_stack]), cloud=archive.keep(both[PROD.cloud_stack]))
    )


def test_a_deploy_that_loses_a_page_goes_back_and_has_failed(
    prod: Boundaries, capsys: pytest.CaptureFixture[str]
) -> None:
    converged_before()
    with pytest.raises(OpsError) as caught:
        run()
    lost = f"https://{WEB}/: 502 by the gateway itself, expected: page; it answered before this deploy"
    assert str(caught.value).splitlines() == [
        lost,
        "prod is back at release 1",
        "  revert the change in git, or correct it: the next deploy goes forward again",
    ]
    assert prod.done == ["services apply", "services apply"]
    before, failed, back = archive_of(PROD).releases()
    assert (failed.outcome, failed.reason) == (Outcome.FAILED, lost)
    assert (back.outcome, back.cause, back.services) == (Outcome.CONVERGED, "rollback to 1", before.services)
    assert "going back to release 1 of prod" in capsys.readouterr().err


def test_a_page_that_stays_away_after_the_way_back_is_said(prod: Boundaries, pages: FakePages) -> None:
    converged_before()

    def apply() -> None:
        pages.answers[WEB] = [502]

    prod.services.on_apply = apply
    with pytest.raises(
        OpsError, match=f"prod is back at release 1\n  and does not answer yet: https://{WEB}/: 502"
    ):
        run()


def test_without_an_earlier_release_it_stays_and_says_why(prod: Boundaries) -> None:
    with pytest.raises(OpsError) as caught:
        run()
    assert prod.done == ["services apply"]
    assert "this release stays: no other release is known to have run before it" in str(caught.value)


def test_a_way_back_that_fails_says_both(prod: Boundaries) -> None:
    converged_before()

    def apply() -> None:
        prod.services.error = "no space left on device" if len(prod.done) > 1 else ""

    apply_first = prod.services.on_apply

    def both() -> None:
        apply_first()
        apply()

    prod.services.on_apply = both
    with pytest.raises(OpsError) as caught:
        run()
    assert "it answered before this deploy\ngoing back failed, too: terraform apply of" in str(caught.value)
    assert "no space left on device" in str(caught.value)


def test_a_release_that_ran_before_with_the_same_files_is_nothing_to_go_back_to(prod: Boundaries) -> None:
    """Such as a new value of a secret: what ran before release 2 is older than what answered."""
    converged_before()
    archive = archive_of(PROD)
    now = documents_of(PROD, of_services=two_pages("a: 2\n"))
    archive.add(
        release(services=archive.keep(now[PROD.services_stack]), cloud=archive.keep(now[PROD.cloud_stack]))
    )
    with pytest.raises(OpsError, match="this release stays"):
        run()
    assert prod.done == ["services apply"]


def test_a_release_that_could_not_be_recorded_is_not_gone_back_from(
    prod: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    converged_before()

    def away(self: Archive, release: Release) -> Release:
        raise OpsError("the bucket does not answer")

    monkeypatch.setattr(Archive, "add", away)
    with pytest.raises(OpsError, match="this release stays"):
        run()
    assert prod.done == ["services apply"]


def test_pages_that_a_release_lost_are_asked_for_again_before_it_counts(
    prod: Boundaries, pages: FakePages
) -> None:
    with pytest.raises(OpsError, match="this release stays"):
        run()
    prod.services.changes = []
    with pytest.raises(OpsError, match="the last deploy lost pages, and they are still away\n  https://web"):
        run()
    (only,) = archive_of(PROD).releases()
    assert only.outcome is Outcome.FAILED
    pages.answers[WEB] = [200]
    run()
    (only,) = archive_of(PROD).releases()
    assert only.outcome is Outcome.CONVERGED


def test_a_deploy_that_changes_nothing_watches_nothing(prod: Boundaries, pages: FakePages) -> None:
    prod.services.changes = []
    run()
    assert pages.asked == []


def test_a_deploy_whose_pages_stay_is_done(prod: Boundaries, pages: FakePages) -> None:
    prod.services.on_apply = lambda: None
    run()
    assert prod.done == ["services apply"]
    (only,) = archive_of(PROD).releases()
    assert only.outcome is Outcome.CONVERGED
