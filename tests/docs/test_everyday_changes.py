"""Each edit of docs/runbooks/everyday-changes.md applies to today's files, and its plan is the one that the page shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT
from tests.stacks.examples import COPIED, COPIED_FILES, LEFT_OUT, UPDATE, git_apply, refreshed

PAGE = ROOT / "docs/runbooks/everyday-changes.md"
CHANGE = re.compile(
    r"^## (?P<title>[^\n]+)\n[^#]+?^```diff\n(?P<edit>.*?)^```\n\n```text\n(?P<plan>.*?)^```$", re.S | re.M
)
CHANGES = {match["title"]: (match["edit"], match["plan"]) for match in CHANGE.finditer(PAGE.read_text())}
LEFT_OUT_OF_A_PLAN = (
    "who shares a network",
    "images without a digest",
    "no changes",
    "plan of ",
    "offline, ",
)
"""How the parts begin that every plan of prod has."""

LONGEST = 158
WHO = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of today, committed."""
    folder = tmp_path_factory.mktemp("everyday") / "copy"
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for name in COPIED_FILES:
        shutil.copy(ROOT / name, folder / name)
    for words in (("init", "-q"), ("add", "-A"), (*WHO, "commit", "-qm", "before")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def run(copy: Path, *words: str) -> str:
    """``python -m ...`` in the copy, as a person would run it."""
    own = ("SPROCKET_", "TF_VAR_", "UPDATE_", "PYTEST_")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=copy,
        env={
            **variables,
            "PYTHONPATH": f"{copy}{os.pathsep}{ROOT / 'constructs'}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def excerpt(plan: str) -> str:
    """What a plan says of the change: its parts, without those that every plan has; long lines cut."""
    parts = [part for part in plan.strip().split("\n\n") if not part.startswith(LEFT_OUT_OF_A_PLAN)]
    lines = [
        line.rstrip() for line in "\n\n".join(parts).splitlines() if not line.startswith("+ add  ~ change")
    ]
    return "".join(f"{line if len(line) <= LONGEST else line[: LONGEST - 1] + '…'}\n" for line in lines)


def test_the_page_has_its_changes() -> None:
    assert len(CHANGES) == PAGE.read_text().count("```diff") == 6


@pytest.mark.parametrize("title", CHANGES)
def test_an_edit_gives_the_plan_that_the_page_shows(title: str, copy: Path, tmp_path: Path) -> None:
    edit, plan = CHANGES[title]
    subprocess.run(["git", "checkout", "-q", "."], cwd=copy, check=True)
    if UPDATE:
        edit = refreshed(edit, copy)
    file = tmp_path / "edit.diff"
    file.write_text(edit)
    applied = git_apply(copy, file)
    assert applied.returncode == 0, (
        f"{applied.stderr}run the tests with UPDATE_SNAPSHOTS=1, and review the page"
    )
    shown = excerpt(run(copy, "ops", "plan", "--env", "prod", "--base", "HEAD"))
    if UPDATE:
        old, new = (
            "```diff\n{}```\n\n```text\n{}```".format(*pair) for pair in (CHANGES[title], (edit, shown))
        )
        PAGE.write_text(PAGE.read_text().replace(f"{old}", f"{new}"))
        plan = shown
    assert shown == plan, "run the tests with UPDATE_SNAPSHOTS=1, and review the page"
