"""Going back: which release, what is applied, what is recorded, and what is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from layers.loading import load_environment
from ops.deploy.rollback import chosen, rollback
from ops.errors import OpsError, Refused, WrongUse
from ops.release.archive import Archive, archive_of
from ops.release.release import Outcome, Release
from ops.state.bucket import Bucket
from tests.unit.ops_boundaries import Boundaries, documents_of
from tests.unit.ops_cloud import change
from tests.unit.ops_fixtures import DIGEST_1, at, config, stack
from tests.unit.ops_releases import COMMIT, release
from tests.unit.ops_swarm import nodes_as_declared
from tests.unit.ops_terraform import resource

PROD = load_environment("prod")
DEPLOYED = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


def with_config(text: str) -> dict[str, Any]:
    changed = copy.deepcopy(stack())
    changed["resource"]["docker_config"]["web_conf"] = config("platform/web/conf", name="web-conf", text=text)
    return changed


@pytest.fixture
def releases(boundaries: Boundaries) -> Archive:
    """Two: the files of web differ. The services of the swarm are in the state, and a plan changes one."""
    archive = archive_of(PROD)
    for document in (stack(), with_config("a: 2\n")):
        both = documents_of(PROD, of_services=document)
        archive.add(
            release(
                at=DEPLOYED,
                commit=COMMIT,
                changes="settings of web",
                services=archive.keep(both[PROD.services_stack]),
                cloud=archive.keep(both[PROD.cloud_stack]),
            )
        )
    boundaries.services.resources = [
        resource(f"docker_service.{name}", id=name, name=name) for name in ("redis", "web")
    ]
    boundaries.services.changes = [change("docker_service.web", "update", before={}, after={"name": "web"})]
    return archive


def run(
    to: int | None = None, service: str = "", ask: Callable[[str], bool] | None = lambda text: True
) -> None:
    rollback("prod", to=to, service=service, stable_s=1, parallelism=1, ask=ask)


def applied(boundaries: Boundaries) -> dict[str, Any]:
    file = boundaries.root / "stacks" / PROD.services_stack / "cdk.tf.json"
    document: dict[str, Any] = json.loads(file.read_text())
    return document


def test_it_applies_what_the_release_has_waits_and_is_a_release_of_its_own(
    releases: Archive, boundaries: Boundaries, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def ask(text: str) -> bool:
        asked.append(text)
        return True

    run(ask=ask)
    assert asked == ["take prod back to release 1?"]
    assert boundaries.done == ["services apply"], "the cloud stays as it is"
    assert applied(boundaries)["resource"] == stack()["resource"]
    last = releases.last()
    assert last is not None
    assert (last.number, last.cause, last.outcome) == (3, "rollback to 1", Outcome.CONVERGED)
    assert last.services == releases.releases()[0].services
    assert last.changes == "settings of web"
    told = capsys.readouterr().err
    assert "release 1: 2026-11-26 09:30 UTC, 01234567" in told
    assert "prod is back at release 1 after " in told
    assert "the next deploy goes forward again: revert the change in git first" in told


def test_going_back_again_goes_forward(releases: Archive, boundaries: Boundaries) -> None:
    run()
    boundaries.services.changes = [change("docker_service.web", "update", before={}, after={"name": "web"})]
    run()
    assert [each.cause for each in releases.releases()] == [
        "deploy",
        "deploy",
        "rollback to 1",
        "rollback to 2",
    ]
    assert applied(boundaries)["resource"] == with_config("a: 2\n")["resource"]


def test_one_service_is_said_and_recorded(
    releases: Archive, boundaries: Boundaries, capsys: pytest.CaptureFixture[str]
) -> None:
    run(service="web")
    last = releases.last()
    assert last is not None and last.cause == "rollback of web to 1"
    assert "prod is back at release 1 with web after" in capsys.readouterr().err


def test_an_image_that_no_node_has_is_said_before_anything_is_changed(
    releases: Archive, boundaries: Boundaries, capsys: pytest.CaptureFixture[str]
) -> None:
    def told() -> list[str]:
        return [line for line in capsys.readouterr().err.splitlines() if "no node" in line]

    with pytest.raises(OpsError):
        run(ask=lambda text: False)
    assert told() == [
        f"warning: no node that answers has {image}@{DIGEST_1}: its registry must answer"
        for image in ("example.org/app:1.2", "redis:8.2")
    ]
    boundaries.swarm.api.digests.append(DIGEST_1)
    run()
    assert told() == []


def test_no_is_an_answer(releases: Archive, boundaries: Boundaries) -> None:
    with pytest.raises(OpsError, match="not approved; nothing was changed"):
        run(ask=lambda text: False)
    assert boundaries.done == []
    assert len(releases.releases()) == 2


def test_the_time_that_the_question_took_does_not_count(
    releases: Archive, boundaries: Boundaries, capsys: pytest.CaptureFixture[str]
) -> None:
    def slowly(text: str) -> bool:
        boundaries.clock.sleep(500)
        return True

    run(ask=slowly)
    seconds = capsys.readouterr().err.partition("back at release 1 after ")[2].partition(" s")[0]
    assert int(seconds) < 60


def test_a_failed_way_back_is_a_failed_release(releases: Archive, boundaries: Boundaries) -> None:
    boundaries.services.error = "no such image"
    with pytest.raises(OpsError, match="no such image"):
        run()
    last = releases.last()
    assert last is not None
    assert (last.number, last.outcome) == (3, Outcome.FAILED)


def test_an_older_version_of_a_store_is_a_restore_and_refused(
    releases: Archive, boundaries: Boundaries
) -> None:
    def record(version: str) -> dict[str, Any]:
        return {
            "redis": {
                **at("x", input={"program": "redis", "version": version}),
                "//": {"metadata": {"path": "local-services/data/redis/data-version"}},
            }
        }

    first, second = releases.releases()
    for each, version in ((first, "8.2.9"), (second, "9.0.0")):
        document = releases.stack(each.services)
        document["resource"]["terraform_data"] = record(version)
        releases.update(each.model_copy(update={"services": releases.keep(document)}))
    deployed = [resource("terraform_data.redis", input={"program": "redis", "version": "9.0.0"})]
    prior = {
        "values": {
            "root_module": {"resources": [{**each, "mode": "managed", "name": "redis"} for each in deployed]}
        }
    }
    boundaries.services.context = {"prior_state": prior}
    with pytest.raises(Refused, match=r"redis 9\.0\.0 -> redis 8\.2\.9, a downgrade"):
        run()
    assert boundaries.done == []
    assert len(releases.releases()) == 2


@pytest.mark.parametrize("constraint", ["engine.labels.storage==main", "node.hostname==prod-old-1"])
def test_a_release_whose_services_no_node_takes_is_refused_before_anything_is_changed(
    boundaries: Boundaries, constraint: str
) -> None:
    archive = archive_of(PROD)
    for placement in ([constraint], ["node.labels.storage == MAIN"]):
        document = copy.deepcopy(stack())
        for each in document["resource"]["docker_service"].values():
            each["task_spec"]["placement"] = {"constraints": placement}
        both = documents_of(PROD, of_services=document)
        services, cloud = (archive.keep(both[each]) for each in (PROD.services_stack, PROD.cloud_stack))
        archive.add(release(at=DEPLOYED, commit=COMMIT, services=services, cloud=cloud))
    boundaries.services.resources = [resource(f"docker_service.{n}", id=n, name=n) for n in ("redis", "web")]
    boundaries.swarm.nodes[:] = nodes_as_declared(PROD)
    with pytest.raises(Refused, match="prod cannot go back to release 1; nothing was changed") as caught:
        run(to=1)
    (obstacle,) = caught.value.obstacles
    assert obstacle.what == (
        f"redis, web would wait forever: no node has {constraint}; there are prod-app-1 (manager, node.labels.storage=main)"
    )
    assert "python -m ops releases --env prod" in obstacle.fix
    assert boundaries.done == []
    gone = {**boundaries.swarm.nodes[0], "ID": "old", "Status": {"State": "down"}}
    gone["Description"] = {
        **gone["Description"],
        "Hostname": "prod-app-1",
        "Engine": {"Labels": {"storage": "main"}},
    }
    boundaries.swarm.nodes.append(gone)
    with pytest.raises(Refused, match="would wait forever"):
        run(to=1)


def test_what_is_missing_is_named_before_anything_is_changed(
    releases: Archive, boundaries: Boundaries
) -> None:
    boundaries.swarm.answers = False
    with pytest.raises(Refused, match="prod cannot go back to release 1; nothing was changed"):
        run()
    assert boundaries.done == []


def made(number: int, outcome: Outcome = Outcome.CONVERGED, **more: Any) -> Release:
    return release(number, at=DEPLOYED, outcome=outcome, **more)


FAILED = made(2, Outcome.FAILED, reason="web did not converge")


@pytest.mark.parametrize(
    ("releases_", "to", "told"),
    [
        ([], None, "prod has no releases yet: the next deploy records the first one\n  deploy an earlier commit"),
        ([made(1)], None, "prod has no earlier release that converged and differs from the last one\n  python -m ops"),
        ([made(4), made(5)], 3, "prod has no release 3; there are 4, 5\n  python -m ops releases --env prod lists them"),
        ([made(1), made(2)], 2, "release 2 is the last one, so it runs already"),
        ([made(1), FAILED, made(3)], 2, "release 2 of prod never ran as declared: web did not converge"),
        ([made(1), made(2, Outcome.UNFINISHED), made(3)], 2, "never ran as declared, its deploy did not end"),
    ],
)  # fmt: skip
def test_what_there_is_no_way_back_to_is_told(releases_: list[Release], to: int | None, told: str) -> None:
    with pytest.raises(WrongUse) as caught:
        chosen(releases_, to, "prod")
    assert told in str(caught.value)


def test_a_number_chooses_any_release_that_converged() -> None:
    releases = [made(1), FAILED, made(3), made(4)]
    assert chosen(releases, 1, "prod") == releases[0]
    assert chosen(releases, None, "prod") == releases[2]


def test_the_bucket_of_the_releases_is_the_state_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    asked: list[str] = []

    def keys(self: Bucket, prefix: str) -> list[str]:
        asked.append(f"{self.name} {prefix}")
        return []

    monkeypatch.setattr(Bucket, "keys", keys)
    assert archive_of(PROD).releases() == []
    assert asked == ["sprocket-prod-state releases/prod-services/"]
