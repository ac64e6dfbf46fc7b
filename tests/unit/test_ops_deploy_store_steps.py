"""A version of a store that its data may not survive: refused before anything is changed, unless it is acknowledged."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer

from layers.errors import SettingsError
from layers.loading import load_environment
from ops import errors
from ops.check import acknowledgement, runner
from ops.check.acknowledgement import expired, upgrades_of
from ops.cli import see
from ops.deploy import deploy, plan, store_steps
from ops.deploy.plan import report_of_plan
from ops.errors import Refused
from ops.model.inventory import from_synthesis
from ops.model.store_versions import versions_of_stores
from ops.report import markdown, text
from ops.report.model import Report
from ops.terraform import target
from ops.terraform.synth import Synthesized
from ops.terraform.target import Target
from tests.unit.ops_boundaries import Boundaries, documents_of
from tests.unit.ops_cloud import change, cloud
from tests.unit.ops_fixtures import DIGEST_1, DIGEST_2, at, service, stack
from tests.unit.ops_terraform import resource

Document = dict[str, Any]

TODAY = date(2026, 11, 27)
RECORD = "terraform_data.redis_version"
OLD = {"program": "redis", "version": "8.2.9"}
NEW = {"program": "redis", "version": "9.0.0"}
ENTRY = (
    '{store: redis, from: "8", to: "9", reason: backup of today is restored in the box, until: 2026-12-31}'
)


def with_redis(image: str, record: Document | None) -> Document:
    """The fixture's stack with this Redis, and what the state says with it."""
    document = stack()
    document["resource"]["docker_service"]["redis"] = service("data/redis", name="redis", image=image)
    if record is not None:
        made = at("x", input=record)
        made["//"]["metadata"]["path"] = "local-services/data/redis/data-version"
        document["resource"]["terraform_data"] = {"redis_version": made}
    return document


def wanted(record: Document = NEW) -> Document:
    return with_redis(f"redis:{record['version']}@{DIGEST_2}", record)


def recorded(values: Document) -> Document:
    return resource(RECORD, input=values) | {"mode": "managed", "name": "redis_version"}


def running(image: str) -> Document:
    task = [{"container_spec": [{"image": image}]}]
    return resource("docker_service.redis", name="redis", task_spec=task) | {
        "mode": "managed",
        "name": "redis",
    }


def target_of(document: Document) -> Target:
    return Target(
        settings=load_environment("local"), stack="local-services", document=document, folder=Path("/x")
    )


def state(*resources: Document) -> Document:
    return {"values": {"root_module": {"resources": list(resources)}}}


def refused(document: Document, *resources: Document) -> list[str]:
    try:
        store_steps.refuse(target_of(document), state(*resources))
    except Refused as error:
        return [obstacle.what for obstacle in error.obstacles]
    return []


@pytest.fixture(autouse=True)
def acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of acknowledgements of local and of prod, which are not there yet."""
    monkeypatch.setattr(acknowledgement, "environments_folder", lambda: tmp_path)
    folder = tmp_path / "acknowledged"
    folder.mkdir()
    return folder


def acknowledge(folder: Path, entry: str = ENTRY, environment: str = "local") -> None:
    (folder / f"{environment}.yaml").write_text(f"upgrades:\n  - {entry}\n")


def test_a_major_version_is_refused_with_what_where_and_how_to_go_on() -> None:
    with pytest.raises(Refused) as caught:
        store_steps.refuse(target_of(wanted()), state(recorded(OLD)))
    assert str(caught.value) == (
        "local-services is not deployed; nothing was changed\n"
        "- store redis (docker_service.redis): redis 8.2.9 -> redis 9.0.0, an upgrade to another major version; "
        "it takes a snapshot first: the new server rewrites the files, and no older one opens them\n"
        "    keep 8.2.9 in images.lock.yaml, or images/overrides of local.yaml; to change it, follow "
        "docs/runbooks/upgrade-a-store.md, with an entry under upgrades in "
        "environments/acknowledged/local.yaml:\n"
        '    - {store: redis, from: "8", to: "9", reason: ..., until: YYYY-MM-DD}'
    )


def test_what_runs_is_compared_where_the_state_says_nothing_with_the_store_yet() -> None:
    """A platform that was deployed before versions were kept."""
    (told,) = refused(wanted(), running(f"redis:8.2@{DIGEST_1}"))
    assert "redis 8.2 -> redis 9.0.0" in told
    assert refused(wanted(OLD), running(f"redis:8.2@{DIGEST_1}")) == []
    (told,) = refused(wanted(), running(f"redis@{DIGEST_1}"))
    assert f"redis latest@{DIGEST_1} -> redis 9.0.0, a change between versions of which one cannot" in told


def test_an_image_that_stays_is_no_step_whatever_its_tag_says() -> None:
    same = f"127.0.0.1:5000/sprocket/redis:7fe9d1905761@{DIGEST_1}"
    assert refused(with_redis(same, OLD), running(same)) == []
    (told,) = refused(with_redis(same.replace("7fe9", "0000"), OLD), running(same))
    assert f"redis 7fe9d1905761@{DIGEST_1} -> redis 8.2.9" in told


def test_switching_off_and_on_again_is_no_way_around_it() -> None:
    """The service has left the state with make down; what had the data has not."""
    assert len(refused(wanted(), recorded(OLD))) == 1
    assert refused(wanted(), recorded(NEW)) == []


def test_a_first_deploy_and_an_environment_that_is_switched_off_take_no_step() -> None:
    assert refused(wanted()) == []
    off = wanted()
    del off["resource"]["docker_service"]
    assert refused(off, recorded(OLD)) == []


def test_a_version_within_the_series_passes() -> None:
    assert refused(wanted({"program": "redis", "version": "8.4.1"}), recorded(OLD)) == []


def test_an_older_version_than_the_one_that_wrote_the_data_is_refused() -> None:
    (told,) = refused(wanted(OLD), recorded(NEW))
    assert "a downgrade; redis 8.2.9 may not open what 9.0.0 wrote" in told


def test_an_acknowledged_step_passes_and_no_other(acknowledged: Path) -> None:
    acknowledge(acknowledged)
    assert refused(wanted(), recorded(OLD)) == []
    assert len(refused(wanted(OLD), recorded(NEW))) == 1
    assert len(refused(wanted({"program": "redis", "version": "10.0"}), recorded(OLD))) == 1
    acknowledge(acknowledged, ENTRY.replace("store: redis", "store: other"))
    assert len(refused(wanted(), recorded(OLD))) == 1


def test_a_step_of_postgres_is_not_taken_by_a_deploy_although_it_is_acknowledged(acknowledged: Path) -> None:
    """Its clients would find an empty server."""
    old, new = ({"program": "postgres", "version": version} for version in ("17.11", "18.6"))
    acknowledge(acknowledged, '{store: redis, from: "17", to: "18", reason: tried, until: 2099-12-31}')
    before, after = from_synthesis(wanted(old)), from_synthesis(wanted(new))
    with pytest.raises(Refused, match="python -m ops upgrade-store --env local --store redis"):
        store_steps.refuse(target_of(wanted(new)), state(recorded(old)))
    (step,) = store_steps.steps("local", before, after)
    assert step.fix == (
        "take the step first, a deploy does the rest: python -m ops upgrade-store --env local --store redis"
    )
    assert step.acknowledged == "until 2099-12-31: tried"


def test_the_printed_entry_is_what_passes(acknowledged: Path) -> None:
    for before, after in ((OLD, NEW), (NEW, OLD), ({**OLD, "version": "latest@sha256:1"}, NEW)):
        (step,) = _steps(before, after)
        entry = step.fix.rpartition("- ")[2].replace("reason: ...", "reason: a test")
        acknowledge(acknowledged, entry.replace("YYYY-MM-DD", "2027-01-01"))
        (step,) = _steps(before, after)
        assert (step.fix, step.acknowledged) == ("", "until 2027-01-01: a test")
        (acknowledged / "local.yaml").unlink()


def _steps(before: Document, after: Document) -> tuple[Any, ...]:
    old, new = from_synthesis(wanted(before)), from_synthesis(wanted(after))
    return store_steps.steps("local", old, new, today=TODAY)


def test_an_entry_does_not_count_after_its_last_day_and_is_a_finding_then(acknowledged: Path) -> None:
    acknowledge(acknowledged)
    old, new = from_synthesis(wanted(OLD)), from_synthesis(wanted())
    late = date(2027, 1, 1)
    assert [step.fix == "" for step in store_steps.steps("local", old, new, today=late)] == [False]
    assert list(expired("local", date(2026, 12, 31))) == []
    (found,) = expired("local", late)
    assert str(found) == (
        "acknowledged/local.yaml: upgrades/0: expired on 2026-12-31; it allowed redis from 8 to 9; "
        "remove the entry; where it is still to be deployed, set a later date"
    )


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('{store: redis, from: "8", to: "9", reason: x}', "upgrades/0/until: is missing"),
        ('{store: redis, to: "9", reason: x, until: 2027-01-01}', "upgrades/0/from: is missing"),
        ('{store: redis, from: 8, to: "9", reason: x, until: 2027-01-01}', "upgrades/0/from: "),
        ('{store: redis, from: "8", to: "9", reason: "", until: 2027-01-01}', "upgrades/0/reason: "),
    ],
)
def test_an_entry_that_is_wrong_says_where(entry: str, said: str, acknowledged: Path) -> None:
    acknowledge(acknowledged, entry)
    with pytest.raises(SettingsError) as caught:
        upgrades_of("local")
    assert f"acknowledged/local.yaml: {said}" in str(caught.value)


def test_a_managed_cluster_is_asked_about_in_the_same_way(acknowledged: Path) -> None:
    old, new = _with_cluster("17"), _with_cluster("18")
    (step,) = store_steps.steps("prod", from_synthesis(old), from_synthesis(new), today=TODAY)
    assert step.what == (
        "store prod-db (digitalocean_database_cluster.db[0]): postgres 17 -> postgres 18, an upgrade to another major version; "
        "DigitalOcean upgrades it in place, while its clients cannot connect, and Terraform does not wait"
    )
    assert "keep 17 in cloud/database/version of prod.yaml" in step.fix
    acknowledge(
        acknowledged, ENTRY.replace('redis, from: "8", to: "9"', 'prod-db, from: "17", to: "18"'), "prod"
    )
    (step,) = store_steps.steps("prod", from_synthesis(old), from_synthesis(new), today=TODAY)
    assert step.acknowledged
    assert store_steps.steps("prod", from_synthesis(_with_cluster(None)), from_synthesis(new)) == ()


def _with_cluster(version: str | None) -> Document:
    document = cloud()
    cluster = document["resource"]["digitalocean_database_cluster"]["db"]
    cluster.update(count=0 if version is None else 1, version=version or "17")
    return document


def test_a_plan_says_it_and_exits_with_1(
    acknowledged: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    actions = {"actions": ["update"], "before": {"input": OLD}, "after": {"input": NEW}}
    resource_change = {"address": RECORD, "type": "terraform_data", "mode": "managed", "change": actions}
    planned = {"prior_state": state(recorded(OLD)), "resource_changes": [resource_change]}

    def report() -> Report:
        return Report(environment="local", stacks=(report_of_plan(target_of(wanted()), planned),))

    shown = text.render(report())
    assert (
        "A DEPLOY REFUSES THIS\n  ! store redis (docker_service.redis): redis 8.2.9 -> redis 9.0.0" in shown
    )
    assert "> **A deploy refuses this**: store redis" in markdown.render(report())
    assert "docs/runbooks/upgrade-a-store.md" in json.dumps(report().as_data())
    monkeypatch.setattr("ops.deploy.plan.report_of", lambda *_, **__: report())
    with pytest.raises(typer.Exit) as ended:
        see.plan("local", None, False, None)
    assert ended.value.exit_code == errors.FINDING
    acknowledge(acknowledged, ENTRY)
    shown = text.render(report())
    assert "\nacknowledged\n  = store redis" in shown and "A DEPLOY REFUSES" not in shown
    assert "acknowledged until 2026-12-31: backup of today is restored in the box" in shown
    assert "> **Acknowledged**: store redis" in markdown.render(report())
    see.plan("local", None, False, None)
    capsys.readouterr()


def test_a_plan_against_a_revision_says_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pull request shows it, where nobody reaches the state."""
    new, old = (Synthesized(out=Path("/x"), stacks={"local-services": wanted(each)}) for each in (NEW, OLD))
    monkeypatch.setattr(plan, "commit_of", lambda revision: revision)
    monkeypatch.setattr(plan, "synthesize", lambda environment: new)
    monkeypatch.setattr(plan, "synthesized_at", lambda revision, environment: old)
    report = plan.report_of("local", base="main")
    assert report.is_refused
    assert report.stacks[0].compared_with == "revision main"


@pytest.mark.parametrize("only", ["", "services"])
def test_a_deploy_changes_nothing_of_either_stack(
    only: str, boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    prod = load_environment("prod")
    found = Synthesized(out=Path("/nowhere"), stacks=documents_of(prod, of_services=wanted()))
    monkeypatch.setattr(target, "synthesize", lambda environment, off=False: found)
    checked = runner.Checked(environment="prod", findings=())
    monkeypatch.setattr(runner, "check_all", lambda names, say: [checked])

    boundaries.cloud.changes = [change("digitalocean_tag.nodes", "create", after={"name": "prod"})]
    services = (resource(f"docker_service.{name}", id=name, name=name) for name in ("redis", "web"))
    boundaries.services.resources = [recorded(OLD), *services]
    boundaries.services.context = {"prior_state": boundaries.services.state()}
    boundaries.services.changes = [change(RECORD, "update", before={"input": OLD}, after={"input": NEW})]
    with pytest.raises(Refused, match="prod-services is not deployed; nothing was changed") as caught:
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, only=only)
    assert ["redis 8.2.9 -> redis 9.0.0" in each.what for each in caught.value.obstacles] == [True]
    assert boundaries.done == []


def test_stores_are_named_as_people_know_them() -> None:
    before, after = from_synthesis(wanted(OLD)), from_synthesis(wanted())
    assert [
        (each.store, str(each.before), str(each.after)) for each in versions_of_stores(before, after)
    ] == [("redis", "redis 8.2.9", "redis 9.0.0")]
