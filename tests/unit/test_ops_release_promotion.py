"""From what one environment runs to the entries of another: the diff, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from layers.images import read_lock
from layers.loading import load_environment
from ops import errors
from ops.cli.app import app
from ops.errors import Refused, WrongUse
from ops.registry import bill_of_materials, image_lock
from ops.registry.image_lock import LockFile
from ops.release import promotion
from ops.release.archive import archive_of
from ops.release.promotion import Scope, promote, promote_bill
from ops.release.release import Outcome, Smoke
from ops.terraform import target
from ops.terraform.synth import Synthesized
from tests.unit import ops_releases
from tests.unit.ops_fixtures import at, service
from tests.unit.ops_releases import release

OLD, NEW, OTHER = (f"sha256:{digit * 64}" for digit in "123")
LOCK = f"""\
# Pinned.
images:
  redis: {{name: redis, tag: 8.2.9, digest: {NEW}, source: registry 2026-11-20}} # stays
  loki: {{name: grafana/loki, tag: 3.7.6, digest: {OLD}}}
application:
  rabbitmq:
    namespace: ghcr.io/org
    images:
      core: {{tag: sha-2, digest: {NEW}, source: bom 2026-11-26}}
      web: {{tag: sha-2, digest: unresolved}}
"""
CORE, WEB, REDIS, LOKI = "ghcr.io/org/core", "ghcr.io/org/web", "redis", "grafana/loki"


def services(
    *, core: str, web: str, redis: str, instances: tuple[str, ...] = ("main",), version: str = "8.2.9"
) -> dict[str, Any]:
    """The stack of an environment: core, a migration of the same image, and web in each instance; redis; loki."""
    found = {
        "redis": service("data/redis/redis", name="redis", image=f"{REDIS}:{version}@{redis}"),
        "loki": service("data/loki/loki", name="loki", image=f"{LOKI}:3.7.6@{OLD}"),
    }
    for name in instances:
        for part, image in (
            ("core", f"{CORE}:{core}"),
            ("migration", f"{CORE}:{core}"),
            ("web", f"{WEB}:{web}"),
        ):
            short = part if instances == ("main",) else f"{name}-{part}"
            found[short] = service(f"platform/{name}/{part}", name=short, image=image)
    record = at("x", input={"program": "redis", "version": version})
    record["//"] = {"metadata": {"path": "local-services/data/redis/redis/data-version"}}
    return {"resource": {"docker_service": found, "terraform_data": {"redis": record}}}


STAGING = services(core=f"sha-2@{NEW}", web=f"sha-2@{OTHER}", redis=NEW, instances=("dev", "staging"))
PROD = services(core=f"sha-1@{OLD}", web=f"sha-1@{OLD}", redis=OLD)


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LockFile:
    """The lock; staging runs its own images and passed its smoke test, prod has others."""
    ops_releases.install(monkeypatch, tmp_path)
    ran(STAGING)
    declare(monkeypatch, prod=PROD, staging=STAGING)
    file = tmp_path / "images.lock.yaml"
    file.write_text(LOCK)
    return LockFile(file)


def declare(patch: pytest.MonkeyPatch, **documents: dict[str, Any]) -> None:
    """What the files ask for."""

    def synthesize(environment: str, *, off: bool = False) -> Synthesized:
        return Synthesized(out=Path("/nowhere"), stacks={f"{environment}-services": documents[environment]})

    patch.setattr(target, "synthesize", synthesize)


def ran(
    document: dict[str, Any], *, outcome: Outcome = Outcome.CONVERGED, smoke: Smoke = Smoke.PASSED
) -> None:
    archive = archive_of(load_environment("staging"))
    archive.add(
        release(
            environment="staging",
            at=datetime(2026, 11, 26, 9, 30, tzinfo=UTC),
            commit="0123456789",
            services=archive.keep(document),
            outcome=outcome,
            smoke=smoke,
            reason="web did not converge" if outcome is Outcome.FAILED else "",
        )
    )


def promoted(
    lock: LockFile, source: str = "staging", to: str = "prod", *names: str, from_lock: bool = False
) -> tuple[str, ...]:
    return promote(Scope.parse(source), Scope.parse(to), lock, services=names, from_lock=from_lock).told


def refused(lock: LockFile, source: str = "staging", to: str = "prod", *names: str) -> str:
    with pytest.raises(Refused) as caught:
        promoted(lock, source, to, *names)
    return str(caught.value)


def test_what_staging_runs_becomes_prod_s_and_nothing_else_changes(lock: LockFile) -> None:
    told = promoted(lock)
    assert told[0] == "from release 1 of staging (2026-11-26 09:30 UTC, 01234567) to prod:"
    assert f"  core sha-2 ({NEW[7:15]}): core, migration" in told
    assert [line for line in lock.diff().splitlines() if line[:1] in "+-"] == [
        "--- a/images.lock.yaml",
        "+++ b/images.lock.yaml",
        "+promoted:",
        "+  prod:",
        f"+    core: {{tag: sha-2, digest: {NEW}, source: bom 2026-11-26}}",
        f"+    loki: {{name: grafana/loki, tag: 3.7.6, digest: {OLD}}}",
        f"+    redis: {{name: redis, tag: 8.2.9, digest: {NEW}, source: registry 2026-11-20}}",
        f"+    web: {{tag: sha-2, digest: {OTHER}}}",
    ]
    assert lock.save()
    entry = read_lock(lock.path).promoted["prod"]["web"]
    assert (entry.tag, entry.digest) == ("sha-2", OTHER)
    again = LockFile(lock.path)
    promoted(again)
    assert again.diff() == ""


def test_a_later_promotion_changes_only_what_differs(lock: LockFile) -> None:
    promoted(lock)
    lock.save()
    ran(services(core=f"sha-3@{OTHER}", web=f"sha-2@{OTHER}", redis=NEW, instances=("dev", "staging")))
    again = LockFile(lock.path)
    promoted(again)
    assert [line for line in again.diff().splitlines() if line[:2] in ("+ ", "- ")] == [
        f"-    core: {{tag: sha-2, digest: {NEW}, source: bom 2026-11-26}}",
        f"+    core: {{tag: sha-3, digest: {OTHER}}}",
    ]


def test_one_service_takes_its_image_and_so_all_that_have_the_same(lock: LockFile) -> None:
    told = promoted(lock, "staging", "prod", "migration")
    assert told[1:] == (f"  core sha-2 ({NEW[7:15]}): core, migration",)
    assert lock.diff().count("+    ") == 1
    with pytest.raises(
        WrongUse, match="prod has no service wbe\n  use one of core, loki, migration, redis, web"
    ):
        promoted(lock, "staging", "prod", "wbe")


def test_instances_that_run_several_images_must_be_told_apart(lock: LockFile) -> None:
    document = services(core=f"sha-2@{NEW}", web=f"sha-2@{NEW}", redis=NEW, instances=("dev", "staging"))
    document["resource"]["docker_service"]["dev-web"] = service(
        "platform/dev/web", name="dev-web", image=f"{WEB}:sha-9@{OTHER}"
    )
    ran(document)
    told = refused(lock)
    assert "- staging runs several images web: dev-web has web sha-9" in told
    assert "    name one instance: staging/dev, staging/staging" in told
    assert lock.diff() == ""
    promoted(LockFile(lock.path), "staging/staging", "prod")
    dev = LockFile(lock.path)
    told_of_dev = promoted(dev, "staging/dev", "prod/main", "web")
    assert told_of_dev == (
        "from release 2 of staging/dev (2026-11-26 09:30 UTC, 01234567) to prod/main:",
        f"  web sha-9 ({OTHER[7:15]}): web",
    )
    assert "+  prod/main:" in dev.diff()


def test_an_instance_leaves_what_it_does_not_run(lock: LockFile) -> None:
    told = promoted(lock, "staging/dev", "prod")
    assert "  redis: not promoted, staging/dev does not run it" in told
    assert "+    redis:" not in lock.diff()


@pytest.mark.parametrize(
    ("outcome", "smoke", "told"),
    [
        (Outcome.FAILED, Smoke.PASSED, "release 2 of staging failed: web did not converge\n    deploy staging until"),
        (Outcome.UNFINISHED, Smoke.PASSED, "release 2 of staging was not deployed to its end"),
        (Outcome.CONVERGED, Smoke.FAILED, "release 2 of staging failed its smoke test\n    python -m ops smoke --env staging"),
        (Outcome.CONVERGED, Smoke.NOT_RUN, "release 2 of staging has not passed a smoke test"),
    ],
)  # fmt: skip
def test_what_is_not_proven_is_not_promoted(
    outcome: Outcome, smoke: Smoke, told: str, lock: LockFile
) -> None:
    ran(STAGING, outcome=outcome, smoke=smoke)
    assert told in refused(lock)
    assert lock.diff() == ""


def test_an_image_without_a_digest_is_not_promoted(lock: LockFile) -> None:
    ran(services(core=f"sha-2@{NEW}", web="sha-2@unresolved", redis=NEW, instances=("dev", "staging")))
    assert f"- {WEB}:sha-2 has no digest (unresolved)\n    python -m ops images resolve" in refused(lock)


def test_an_override_that_would_win_is_named(lock: LockFile, monkeypatch: pytest.MonkeyPatch) -> None:
    prod = load_environment("prod")
    override = {"web": {"name": WEB, "tag": "mine", "digest": OLD}}
    images = prod.images.model_validate({"source": "lock", "overrides": override})
    changed = prod.model_copy(update={"images": images})
    to = Scope(settings=changed)
    with pytest.raises(Refused, match=r"prod.yaml: images/overrides/web names another image"):
        promote(Scope.parse("staging"), to, lock, services=(), from_lock=False)


def test_an_instance_s_own_entry_that_would_win_is_named(lock: LockFile) -> None:
    promoted(lock, "staging", "prod/main", "web")
    lock.save()
    told = refused(LockFile(lock.path))
    assert "- images.lock.yaml: promoted/prod/main/web takes precedence over an entry of prod" in told
    assert "    promote to prod/main, or remove that entry" in told


def test_an_image_that_the_lock_does_not_have_is_said(
    lock: LockFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    prod = services(core=f"sha-1@{OLD}", web=f"sha-1@{OLD}", redis=OLD)
    prod["resource"]["docker_service"]["own"] = service(
        "data/own", name="own", image=f"example.org/own:1@{OLD}"
    )
    declare(monkeypatch, prod=prod, staging=STAGING)
    assert "  example.org/own: not promoted, images.lock.yaml does not have it" in promoted(lock)


def test_a_store_s_next_major_version_is_said(lock: LockFile) -> None:
    ran(
        services(
            core=f"sha-2@{NEW}",
            web=f"sha-2@{OTHER}",
            redis=OTHER,
            instances=("dev", "staging"),
            version="9.0.0",
        )
    )
    (told,) = [line for line in promoted(lock) if line.startswith("  !")]
    assert told.startswith("  ! store redis: redis 8.2.9 -> redis 9.0.0, upgrade to another major version; ")
    assert told.endswith("a deploy refuses this; what to do: docs/runbooks/upgrade-a-store.md")


def test_the_lock_can_be_taken_where_nothing_runs_yet(
    lock: LockFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promotion, "archive_of", lambda settings: archive_of(load_environment("prod")))
    with pytest.raises(WrongUse, match="staging has no releases, so nobody knows what it runs"):
        promoted(lock)
    told = promoted(lock, from_lock=True)
    assert told[0] == "from what images.lock.yaml names for staging to prod:"


@pytest.mark.parametrize(
    ("source", "to", "told"),
    [
        ("staging", "staging/dev", "staging and staging/dev are one environment"),
        ("staging/dve", "prod", "staging has no instance 'dve'\n  use one of dev, staging"),
        ("local", "prod", "local takes its images from packages, not from the lock"),
    ],
)
def test_what_cannot_be_promoted_at_all(source: str, to: str, told: str, lock: LockFile) -> None:
    with pytest.raises(WrongUse) as caught:
        promoted(lock, source, to)
    assert told in str(caught.value)


def bill(folder: Path, **digests: str) -> Path:
    """The file of a bill of materials."""
    commit = "c" * 40
    images = [{"name": name, "tags": [f"sha-{commit}"], "digest": digest} for name, digest in digests.items()]
    file = folder / "main-ccc.json"
    file.write_text(
        json.dumps(
            {"commit": commit, "ref": "refs/heads/main", "built_at": "2026-11-27T10:00:00Z", "images": images}
        )
    )
    return file


def test_a_bill_of_materials_goes_to_one_environment_alone(lock: LockFile, tmp_path: Path) -> None:
    given = bill_of_materials.read(bill(tmp_path, core=OTHER, web=NEW))
    found = promote_bill(given, Scope.parse("staging"), lock, services=())
    assert found.told == (
        f"from the bill of commit {'c' * 40} to staging:",
        "  core: dev-core, dev-migration, staging-core, staging-migration",
        "  web: dev-web, staging-web",
    )
    assert [line for line in lock.diff().splitlines() if line[:2] in ("+ ", "- ")] == [
        "+  staging:",
        f"+    core: {{tag: sha-{'c' * 40}, digest: {OTHER}, source: bom 2026-11-27}}",
        f"+    web: {{tag: sha-{'c' * 40}, digest: {NEW}, source: bom 2026-11-27}}",
    ]
    one = LockFile(lock.path)
    promote_bill(given, Scope.parse("staging/dev"), one, services=("dev-web",))
    assert "core" not in "".join(line for line in one.diff().splitlines() if line.startswith("+  "))


def test_a_bill_that_would_do_nothing_is_refused(lock: LockFile, tmp_path: Path) -> None:
    promoted(lock, "staging", "prod/main", "web")
    lock.save()
    given = bill_of_materials.read(bill(tmp_path, web=NEW))
    with pytest.raises(Refused, match="promoted/prod/main/web takes precedence over an entry of prod"):
        promote_bill(given, Scope.parse("prod"), LockFile(lock.path), services=())


def test_the_command_takes_a_bill(lock: LockFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_lock, "LockFile", lambda: LockFile(lock.path))
    done = CliRunner().invoke(app, ["promote", str(bill(tmp_path, web=NEW)), "prod", "--check"])
    assert done.exit_code == errors.FINDING, done.output
    assert f"+    web: {{tag: sha-{'c' * 40}, digest: {NEW}, source: bom 2026-11-27}}\n" in done.stdout


def test_the_command_prints_the_diff_and_check_writes_nothing(
    lock: LockFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_lock, "LockFile", lambda: LockFile(lock.path))
    checked = CliRunner().invoke(app, ["promote", "staging", "prod", "--check"])
    assert checked.exit_code == errors.FINDING
    assert f"+    web: {{tag: sha-2, digest: {OTHER}}}\n" in checked.stdout
    assert lock.path.read_text() == LOCK
    done = CliRunner().invoke(app, ["promote", "staging", "prod"])
    assert done.exit_code == errors.FINE
    assert done.stdout == checked.stdout
    assert lock.path.read_text() != LOCK
    assert CliRunner().invoke(app, ["promote", "staging", "prod", "--check"]).exit_code == errors.FINE


def test_the_command_takes_one_service_of_one_instance(
    lock: LockFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_lock, "LockFile", lambda: LockFile(lock.path))
    done = CliRunner().invoke(app, ["promote", "staging/dev", "prod", "--service", "web"])
    assert done.exit_code == errors.FINE, done.output
    assert f"+    web: {{tag: sha-2, digest: {OTHER}}}\n" in done.stdout
    assert "core" not in done.stdout
