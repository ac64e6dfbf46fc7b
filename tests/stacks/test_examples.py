"""Each example of CONTRIBUTING.md, applied to a copy of the sources, does what the page says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.examples import EXAMPLES, FOLDER, git_apply, refreshed, sources, text_of

Found = set[tuple[str, str, str]]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where the copy of the sources will be."""
    return tmp_path / "copy"


def applied(example: str, copy: Path) -> Path:
    """The sources with the example applied."""
    text_of(example)
    shutil.copytree(sources(), copy)
    outcome = git_apply(copy, FOLDER / f"{example}.diff")
    assert outcome.returncode == 0, (
        f"{outcome.stderr}run the tests with UPDATE_SNAPSHOTS=1, and review the diff"
    )
    return copy


def run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """``python -m ...`` in the copy, as a person would run it."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPROCKET_", "UPDATE_", "PYTEST_"))
    }
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=copy,
        env={**variables, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def check(copy: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code of ``ops check``, and its result for each environment."""
    outcome = run(copy, "ops", "check", "--json")
    assert outcome.stdout, outcome.stderr
    return outcome.returncode, {each["environment"]: each for each in json.loads(outcome.stdout)}


@cache
def before() -> dict[str, dict[str, Any]]:
    code, results = check(sources())
    assert code == 0, "`python -m ops check` already finds something"
    return results


def new_findings(results: dict[str, dict[str, Any]]) -> Found:
    """What the check finds now and did not find before, in environments that there were."""
    return {
        (environment, finding["name"], finding["what"])
        for environment, old in before().items()
        for finding in results[environment]["findings"]
        if finding not in old["findings"]
    }


def passed(outcome: subprocess.CompletedProcess[str], count: int) -> bool:
    return outcome.returncode == 0 and f"{count} passed" in outcome.stdout


# -- the examples ----------------------------------------------------------------------------------------------


def test_there_is_one_for_each_kind() -> None:
    assert (
        *("add-a-check", "add-a-plan-rule", "add-a-service", "add-a-store"),
        "add-an-environment",
    ) == EXAMPLES


def test_a_service_is_in_every_environment_and_lacks_its_digest_only(copy: Path) -> None:
    code, results = check(applied("add-a-service", copy))
    assert code == 0
    old = before()
    added = {name: result["services"] - old[name]["services"] for name, result in results.items()}
    assert added == {name: 2 if name == "staging" else 1 for name in old}
    found = new_findings(results)
    assert {name for _, name, _ in found} == {"images-are-resolved"}
    assert {environment for environment, _, _ in found} == {"prod", "staging"}


def test_a_store_is_a_volume_and_a_mount_in_the_plan(copy: Path) -> None:
    shutil.copytree(sources(), copy)
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "before")):
        subprocess.run(["git", *command], cwd=copy, check=True)
    text_of("add-a-store")
    assert git_apply(copy, FOLDER / "add-a-store.diff").returncode == 0
    plan = run(copy, "ops", "plan", "--env", "prod", "--base", "HEAD").stdout
    assert "+ volume: prod-dumps (5 GiB, nyc3)" in plan
    assert "mount /dumps: (not set) -> bind /mnt/dumps/data" in plan
    assert plan.count("0 to replace, 0 to destroy") == 2
    code, results = check(copy)
    assert (code, new_findings(results)) == (0, set())


def test_an_environment_is_read_checked_and_apart_from_the_others(copy: Path) -> None:
    code, results = check(applied("add-an-environment", copy))
    assert code == 0
    assert results.keys() - before().keys() == {"qa"}
    assert results["qa"]["services"] > 20
    assert {finding["severity"] for finding in results["qa"]["findings"]} == {"deploy"}


def test_a_check_finds_its_fault_and_nothing_else(copy: Path) -> None:
    applied("add-a-check", copy)
    faults = "tests/policy/test_check_faults.py"
    options = ("-q", "-p", "no:cacheprovider", "-k", "(seeded and system) or every_rule")
    assert passed(run(copy, "pytest", faults, *options), 2)
    code, results = check(copy)
    assert (code, new_findings(results)) == (0, set())
    # Without its entry in the table of rules, nobody would look.
    table = copy / "ops/check/rules/__init__.py"
    table.write_text(table.read_text().replace("    stores.the_nodes_system_is_read_only,\n", ""))
    assert "1 failed, 1 passed" in run(copy, "pytest", faults, *options).stdout


def test_a_plan_rule_refuses_its_plan(copy: Path) -> None:
    applied("add-a-plan-rule", copy)
    tests = (
        "tests/unit/test_ops_guard.py",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "alarm or every_kind",
    )
    assert passed(run(copy, "pytest", *tests), 4)
    rules = copy / "ops/guard/rules.py"
    rules.write_text(rules.read_text().replace("digitalocean_monitor_alert", "digitalocean_other"))
    assert "3 failed, 1 passed" in run(copy, "pytest", *tests).stdout


# -- they follow their lines -------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_follows_the_lines_beside_it(example: str, copy: Path) -> None:
    """Lines that are added above it, and a neighbour that gets another value."""
    shutil.copytree(sources(), copy)
    old = text_of(example)
    for name in (
        "images.lock.yaml",
        "environments/resources/standard.yaml",
        "layers/stores.py",
        "tests/uses.py",
    ):
        path = copy / name
        path.write_text(
            f"# one line more\n{path.read_text().replace('cpu: 0.5, memory: 512', 'cpu: 0.4, memory: 500')}"
        )
    diff = copy.parent / "new.diff"
    diff.write_text(refreshed(old, copy))
    assert git_apply(copy, diff).returncode == 0
    sorts = [{line for line in text.splitlines() if line[:1] in "+-"} for text in (old, diff.read_text())]
    assert sorts[0] == sorts[1]


def test_all_of_them_together_pass_lint(copy: Path) -> None:
    shutil.copytree(sources(), copy)
    for example in EXAMPLES:
        text_of(example)
        assert git_apply(copy, FOLDER / f"{example}.diff").returncode == 0
    files = re.findall(r"^\+\+\+ b/(.+\.py)$", "".join(map(text_of, EXAMPLES)), re.M)
    assert len(files) > 5
    for command in (("check",), ("format", "--check")):
        outcome = run(copy, "ruff", *command, "--no-cache", *files)
        assert outcome.returncode == 0, outcome.stdout
