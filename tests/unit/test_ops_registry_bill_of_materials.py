"""Taking the application's bill of materials into the lock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli.app import app
from ops.errors import OpsError, WrongUse
from ops.registry import bill_of_materials, image_lock
from ops.registry.image_lock import LockFile

COMMIT = "a" * 40
TAG = f"sha-{COMMIT}"
CORE, WEB = "sha256:" + "1" * 64, "sha256:" + "2" * 64

LOCK = """\
images:
  redis: {name: redis, tag: '8.2', digest: unresolved}
application:
  # Says why.
  rabbitmq:
    namespace: ghcr.io/org
    until: 2026-05-17
    base: monorepo-core
    images:
      core: {tag: sha-old, digest: unresolved, unconfirmed: true}
      web: {tag: sha-old, digest: unresolved} # stays
      bot: {tag: sha-old, digest: unresolved}
"""


def document() -> dict[str, Any]:
    """As merge-bom-artifacts.sh writes it: the base image is always in it, others where they were built."""
    names = {"core": CORE, "monorepo-core": None, "web": WEB}
    return {
        "commit": COMMIT,
        "ref": "refs/heads/main",
        "built_at": "2026-05-11T06:55:12Z",
        "images": [{"name": n, "tags": ["main", TAG], "digest": digest} for n, digest in names.items()],
    }


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "images.lock.yaml"
    path.write_text(LOCK)
    monkeypatch.setattr(image_lock.LockFile.__init__, "__defaults__", (path,))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / f"main-{COMMIT}.json"
    path.write_text(json.dumps(document()))
    return path


DIFF = f"""\
--- a/images.lock.yaml
+++ b/images.lock.yaml
@@ -9,4 +9,4 @@
     images:
-      core: {{tag: sha-old, digest: unresolved, unconfirmed: true}}
-      web: {{tag: sha-old, digest: unresolved}} # stays
+      core: {{tag: {TAG}, digest: {CORE}, source: bom 2026-05-11}}
+      web: {{tag: {TAG}, digest: {WEB}, source: bom 2026-05-11}} # stays
       bot: {{tag: sha-old, digest: unresolved}}
"""


def test_what_it_lists_is_taken_and_shown_as_a_diff(lock: Path, file: Path) -> None:
    result = CliRunner().invoke(app, ["images", "take", str(file)])
    assert (result.exit_code, result.stdout) == (0, DIFF)
    assert result.stderr == f"images.lock.yaml written: the bill of commit {COMMIT} has core, web\n"
    assert [line[1:] for line in DIFF.splitlines() if line.startswith("+ ")] == lock.read_text().splitlines()[
        9:11
    ]
    again = CliRunner().invoke(app, ["images", "take", str(file)])
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr.startswith("nothing written: ")


def test_a_dry_run_shows_the_same_and_writes_nothing(lock: Path, file: Path) -> None:
    result = CliRunner().invoke(app, ["images", "take", str(file), "--dry-run"])
    assert (result.exit_code, result.stdout) == (0, DIFF)
    assert result.stderr.startswith("nothing written: ")
    assert lock.read_text() == LOCK


def test_a_push_that_built_no_service_changes_nothing(lock: Path, file: Path) -> None:
    file.write_text(json.dumps({**document(), "images": document()["images"][1:2]}))
    result = CliRunner().invoke(app, ["images", "take", str(file)])
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"nothing written: the bill of commit {COMMIT} has no image of a service\n"


def entry(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(e for e in document["images"] if e["name"] == name)
    return found


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no commit": (lambda d: d.pop("commit"), "commit: Field required"),
    "a short commit": (lambda d: d.update(commit="aaaaaaa"), "commit: String should match pattern"),
    "no images": (lambda d: d.update(images=[]), "images: List should have at least 1 item"),
    "no digest key": (lambda d: entry(d, "web").pop("digest"), "images/2/digest: Field required"),
    "a time without a zone": (
        lambda d: d.update(built_at="2026-05-11T06:55:12"),
        "built_at: Input should have",
    ),
    "an unknown image": (
        lambda d: entry(d, "web").update(name="elo-service"),
        "the bill lists elo-service, which line rabbitmq does not have; it has core, web, bot",
    ),
    "an image twice": (lambda d: entry(d, "web").update(name="core"), "the bill lists core more than once"),
    "a digest that was not told": (
        lambda d: entry(d, "web").update(digest=None),
        "the bill has no digest of web: its build reported none",
    ),
    "a digest that is none": (
        lambda d: entry(d, "web").update(digest="sha256:12"),
        "the bill has digest 'sha256:12' for web",
    ),
    "a tag of another commit": (
        lambda d: entry(d, "web").update(tags=["main", "sha-" + "b" * 40]),
        f"the bill is of commit {COMMIT}, but web has the tags main, sha-{'b' * 40}",
    ),
    "another branch": (
        lambda d: d.update(ref="refs/heads/dev"),
        "the bill is of refs/heads/dev, not of refs/heads/main",
    ),
    "a later line": (
        lambda d: d.update(built_at="2026-05-18T05:30:00Z"),
        "the bill is of 2026-05-18, and images of line rabbitmq were built until 2026-05-17: it belongs to a later line",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bill_with_a_fault_changes_nothing(lock: Path, file: Path, fault: str) -> None:
    spoil, message = FAULTS[fault]
    given = document()
    spoil(given)
    file.write_text(json.dumps(given))
    pinned = LockFile()
    with pytest.raises(OpsError) as caught:
        bill_of_materials.take(bill_of_materials.read(file), pinned)
    assert message in caught.value.problem
    assert caught.value.fix
    assert pinned.diff() == ""


@pytest.mark.parametrize("text", ["", "{", "[]", "[{}]", "\udcff"])
def test_a_file_that_is_no_bill_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bill.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(OpsError, match=r"bill\.json: the whole file: ") as caught:
        bill_of_materials.read(file)
    assert "download the artifact bom-main" in caught.value.fix


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match=r"bill\.json cannot be read: No such file"):
        bill_of_materials.read(tmp_path / "bill.json")


def test_of_several_lines_one_has_to_be_named(lock: Path, file: Path) -> None:
    lock.write_text(LOCK + "  postgres-queues: {namespace: ghcr.io/org, images: {core: {tag: sha-0}}}\n")
    with pytest.raises(WrongUse, match=r"has these lines of images: rabbitmq, postgres-queues"):
        bill_of_materials.take(bill_of_materials.read(file), LockFile())
    with pytest.raises(WrongUse, match=r"has no line 'postgres' of images"):
        bill_of_materials.take(bill_of_materials.read(file), LockFile(), line="postgres")
    assert bill_of_materials.take(bill_of_materials.read(file), LockFile(), line="rabbitmq") == [
        "core",
        "web",
    ]
