"""What the README shows is what the code says. UPDATE_SNAPSHOTS=1 writes it anew."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops.docs.pages import PICTURE, overview_of, table_of
from ops.docs.picture import draw

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
EXAMPLE = ROOT / "docs" / "add-a-service.diff"
UPDATE = bool(os.environ.get("UPDATE_SNAPSHOTS"))


def between(begin: str, end: str) -> str:
    match = re.search(f"<!-- {begin} -->\n(.*?)<!-- {end} -->", README.read_text(), re.S)
    assert match, f"README.md has lost its marker {begin!r}"
    return match[1]


def expect(begin: str, end: str, text: str) -> None:
    """The part of the README between two markers is the text."""
    if UPDATE:
        old = between(begin, end)
        marked = f"<!-- {begin} -->\n{{}}<!-- {end} -->"
        README.write_text(README.read_text().replace(marked.format(old), marked.format(text)))
    assert between(begin, end) == text, "run the tests with UPDATE_SNAPSHOTS=1 and review the change"


def test_the_table_of_services_is_current() -> None:
    expect(
        "table of services: python -m ops table --env prod", "end of table", "\n" + table_of("prod") + "\n"
    )


def test_the_picture_is_current() -> None:
    text = draw(overview_of("prod"))
    if UPDATE:
        PICTURE.write_text(text)
    assert PICTURE.read_text() == text, "run `python -m ops picture --env prod` and look at it"


def test_the_example_is_short_and_shown_as_it_is() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 25
    expect("example: docs/add-a-service.diff", "end of example", f"```diff\n{EXAMPLE.read_text()}```\n")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources that a change of the example touches, in another place."""
    for name in ("layers", "environments"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("images.lock.yaml", "main.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_example_applies_and_adds_one_service(copy: Path) -> None:
    subprocess.run(
        ["git", "apply", "--unidiff-zero", str(EXAMPLE)],
        cwd=copy,
        check=True,
        env={**os.environ, "GIT_DIR": "/nonexistent"},
    )
    environment = {**os.environ, "SPROCKET_ENV": "prod", "PYTHONPATH": str(copy)}
    subprocess.run([sys.executable, "main.py"], cwd=copy, env=environment, check=True, timeout=120)
    document = json.loads((copy / "cdktf.out/stacks/prod-services/cdk.tf.json").read_text())
    names = {service["name"] for service in document["resource"]["docker_service"].values()}
    assert names - {view.name for views in overview_of("prod").layers.values() for view in views} == {
        "archive-service"
    }
