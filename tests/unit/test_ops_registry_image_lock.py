"""The lock and what registries say of it; the command that asks them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from layers.errors import SettingsError
from layers.loading import ENVIRONMENTS
from ops.cli.app import app
from ops.registry import image_lock
from ops.registry.client import Registries
from ops.registry.image_lock import TOKEN, Answer, LockFile, logins_of, resolve
from tests.unit.fake_registry import FakeRegistry, serving

TODAY = date(2026, 12, 1)
PINNED = "sha256:" + "2" * 64


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with serving(FakeRegistry()) as registry:
        yield registry


def content(host: str) -> str:
    return f"""\
# Pinned.
images:
  redis: {{name: {host}/redis, tag: '8.2', digest: unresolved}}
  # Says why.
  minio: {{name: {host}/minio, tag: R1, digest: {PINNED}, source: pins 2026-11-27}}
  loki: {{name: {host}/loki, tag: 3.7.6, digest: {PINNED}, source: registry 2026-11-01}} # stays

application:
  # The last of its era.
  rabbitmq:
    namespace: {host}/org
    images:
      core: {{tag: sha-1, digest: unresolved}}
      web: {{tag: sha-2, digest: unresolved, unconfirmed: true}}
promoted:
  prod:
    core: {{tag: sha-1, digest: unresolved}}
"""


@pytest.fixture
def lock(tmp_path: Path, registry: FakeRegistry) -> Path:
    path = tmp_path / "images.lock.yaml"
    path.write_text(content(registry.host))
    return path


@pytest.fixture
def digests(registry: FakeRegistry) -> dict[str, str]:
    """What the registry says, by placeholder; minio was built anew."""
    registry.index("loki", "3.7.6", "linux/amd64")
    return {
        "redis": registry.index("redis", "8.2", "linux/amd64", "linux/arm64"),
        "minio": registry.index("minio", "R1", "linux/amd64"),
        "core": registry.image("org/core", "sha-1"),
        "web": registry.image("org/web", "sha-2"),
    }


def asked(lock: LockFile, *, again: bool = False) -> dict[str, Answer]:
    with Registries(sleep=lambda s: None) as registries:
        answers = resolve(lock, registries, today=TODAY, again=again)
    return {answer.image.partition("/")[2]: answer for answer in answers}


def test_what_no_registry_was_asked_about_is_asked_and_the_file_keeps_its_look(
    lock: Path, registry: FakeRegistry, digests: dict[str, str]
) -> None:
    file = LockFile(lock)
    answers = asked(file)
    assert [(image, a.verdict) for image, a in answers.items()] == [
        ("redis:8.2", "new"),
        ("minio:R1", "differs"),
        ("org/core:sha-1", "new"),
        ("org/web:sha-2", "new"),
    ]
    assert file.save()
    source = "source: registry 2026-12-01"
    expected = (
        content(registry.host)
        .replace("tag: '8.2', digest: unresolved", f"tag: '8.2', digest: {digests['redis']}, {source}")
        .replace(f"{PINNED}, source: pins 2026-11-27", f"{digests['minio']}, {source}")
        .replace("tag: sha-1, digest: unresolved", f"tag: sha-1, digest: {digests['core']}, {source}")
        .replace("digest: unresolved, unconfirmed: true", f"digest: {digests['web']}, {source}")
    )
    assert lock.read_text() == expected
    assert asked(LockFile(lock)) == {}, "all was asked"


def test_a_digest_that_differs_is_named_and_whether_the_old_one_is_left(
    lock: Path, registry: FakeRegistry, digests: dict[str, str]
) -> None:
    answer = asked(LockFile(lock))["minio:R1"]
    assert not answer.is_failure
    assert answer.text == (
        "differs from 222222222222 (pins 2026-11-27): the registry does not have the old one"
    )
    registry.contents[PINNED] = registry.contents[digests["minio"]]
    assert asked(LockFile(lock))["minio:R1"].text == (
        "differs from 222222222222 (pins 2026-11-27): the image was rebuilt under this tag, which is not an error; "
        "the registry still has the old one"
    )


def test_a_digest_that_is_the_same_has_a_better_source_now(
    lock: Path, registry: FakeRegistry, digests: dict[str, str]
) -> None:
    lock.write_text(
        content(registry.host).replace(f"R1, digest: {PINNED}", f"R1, digest: {digests['minio']}")
    )
    file = LockFile(lock)
    assert asked(file)["minio:R1"].verdict == "same"
    assert f"{digests['minio']}, source: registry 2026-12-01" in file.diff()


def test_again_asks_about_everything_and_leaves_the_day_of_what_is_the_same(
    lock: Path, registry: FakeRegistry, digests: dict[str, str]
) -> None:
    loki = registry.tags["loki"]["3.7.6"]
    was = f"loki, tag: 3.7.6, digest: {loki}, source: registry 2026-11-01}}"
    lock.write_text(
        content(registry.host).replace(f"loki, tag: 3.7.6, digest: {PINNED}", was[: was.index(", source")])
    )
    file = LockFile(lock)
    assert asked(file, again=True)["loki:3.7.6"].verdict == "same"
    file.save()
    assert was in lock.read_text()


def test_what_gets_no_digest_stays_as_it_is_and_the_rest_is_written(
    lock: Path, registry: FakeRegistry, digests: dict[str, str]
) -> None:
    registry.tags["redis"] = {"8.0": digests["redis"]}
    del registry.tags["minio"]
    file = LockFile(lock)
    answers = asked(file)
    assert {image: a.verdict for image, a in answers.items() if a.is_failure} == {
        "redis:8.2": "unknown tag",
        "minio:R1": "unknown tag",
    }
    file.save()
    assert (
        f"tag: '8.2', digest: unresolved}}\n  # Says why.\n  minio: {{name: {registry.host}/minio, tag: R1, digest: {PINNED}, source: pins"
        in lock.read_text()
    )
    assert digests["core"] in lock.read_text()


def test_a_lock_that_says_what_it_may_not_is_refused_before_anybody_is_asked(lock: Path) -> None:
    lock.write_text(lock.read_text().replace("namespace:", "namspace:"))
    with pytest.raises(
        SettingsError, match=r"images\.lock\.yaml: application/rabbitmq/namespace: is missing; add it"
    ):
        LockFile(lock)


def test_the_login_has_its_user_from_the_environments_file_and_its_token_from_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prod = (ENVIRONMENTS / "prod.yaml").read_text()
    assert logins_of("prod", {TOKEN: "t0k"}) == {}, "prod names no user"
    login = "platform:\n  login: {registry: ghcr.io, user: bot}\n"
    (tmp_path / "prod.yaml").write_text(prod.replace("platform:\n", login))
    monkeypatch.setenv("SPROCKET_ENVIRONMENTS", str(tmp_path))
    (found,) = logins_of("prod", {TOKEN: "t0k"}).items()
    assert (found[0], found[1].user, found[1].password) == ("ghcr.io", "bot", "t0k")
    assert logins_of("prod", {}) == {}


# -- the command -------------------------------------------------------------------------------------------


@pytest.fixture
def here(lock: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command finds this lock."""
    monkeypatch.setattr(image_lock.LockFile.__init__, "__defaults__", (lock,))
    monkeypatch.setenv("DOCKER_CONFIG", str(lock.parent))
    monkeypatch.setattr("ops.registry.client.PAUSES_S", ())
    return lock


def test_the_command_prints_what_each_registry_said_and_fails_for_one(
    here: Path, registry: FakeRegistry, digests: dict[str, str]
) -> None:
    registry.tags["redis"] = {"8.1": digests["redis"]}
    result = CliRunner().invoke(app, ["images", "resolve"])
    assert result.exit_code == 1
    host = registry.host
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[:2] == [
        "image digest answer",
        f"{host}/redis:8.2 unknown tag {host} does not know the tag, nor a similar one; the last of its 1 tags: 8.1",
    ]
    assert f"{host}/org/core:sha-1 {digests['core'][7:19]} new new" in lines
    assert "1 of 4 images could not be resolved; their entries in the lock are unchanged" in result.stderr
    assert digests["core"] in here.read_text()


def test_the_command_prints_json_and_has_nothing_to_do_the_second_time(
    here: Path, digests: dict[str, str]
) -> None:
    result = CliRunner().invoke(app, ["images", "resolve", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)[0]["digest"] == digests["redis"]
    again = CliRunner().invoke(app, ["images", "resolve"])
    assert (again.exit_code, again.stdout) == (0, "")
    assert "every digest was already confirmed by a registry; --again looks up all of them" in again.stderr


def test_digests_are_saved_when_the_look_up_is_interrupted(
    here: Path, digests: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    send = httpx.HTTPTransport.handle_request

    def interrupted(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if "core" in request.url.path:
            raise KeyboardInterrupt
        return send(self, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", interrupted)
    assert CliRunner().invoke(app, ["images", "resolve"]).exit_code != 0
    assert digests["redis"] in here.read_text() and digests["core"] not in here.read_text()


def test_the_command_signs_in_with_the_token_of_the_shell_and_never_shows_it(
    here: Path, registry: FakeRegistry, digests: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.user, registry.password = "bot", "t0ken-of-the-shell"
    prod = (ENVIRONMENTS / "prod.yaml").read_text()
    login = f"platform:\n  login: {{registry: {registry.host}, user: bot}}\n"
    (here.parent / "prod.yaml").write_text(prod.replace("platform:\n", login))
    monkeypatch.setenv("SPROCKET_ENVIRONMENTS", str(here.parent))
    without = CliRunner().invoke(app, ["images", "resolve"])
    assert (without.exit_code, without.stdout.count("needs login")) == (1, 4)
    monkeypatch.setenv(TOKEN, "t0ken-of-the-shell")
    result = CliRunner().invoke(app, ["images", "resolve"])
    assert result.exit_code == 0
    assert digests["core"] in here.read_text()
    assert "t0ken" not in result.output + here.read_text()


def test_the_list_shows_who_said_so(here: Path) -> None:
    lines = CliRunner().invoke(app, ["images", "list"]).stdout.splitlines()
    assert lines[2].endswith("222222222222  pins 2026-11-27")
    assert lines[5].endswith("unresolved    tag unconfirmed")


def test_writing_the_lock_of_this_repository_would_change_only_what_is_asked_for() -> None:
    lock = LockFile()
    assert lock.diff() == ""
    (core,) = (pin for pin in lock.pins() if pin.service == "core")
    core.put(PINNED, "registry 2026-12-01")
    changed = [line for line in lock.diff().splitlines() if line.startswith(("+ ", "- "))]
    assert [line.split(":")[0] for line in changed] == ["-      core", "+      core"]
