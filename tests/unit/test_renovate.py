"""Renovate sees every pin: its patterns match what the files say today, so that an edit cannot leave one behind unseen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML

from ops.paths import ROOT

CONFIG: dict[str, Any] = json.loads((ROOT / "renovate.json").read_text())
INSTALLED = {".venv", "node_modules", ".git", "cdktf.out"}
FILES = [
    str(path.relative_to(ROOT))
    for path in ROOT.rglob("*")
    if path.is_file() and not INSTALLED & set(path.relative_to(ROOT).parts)
]


def matches(manager: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """File and fields of everything that a manager of ours finds."""
    for pattern in manager["managerFilePatterns"]:
        for file in (file for file in FILES if re.search(pattern.strip("/"), file)):
            text = (ROOT / file).read_text()
            for string in manager["matchStrings"]:
                for match in re.finditer(string.replace("(?<", "(?P<"), text):
                    yield (
                        file,
                        match.groupdict() | {"depName": manager.get("depNameTemplate") or match["depName"]},
                    )


def found() -> set[tuple[str, str, str]]:
    """File, name and version of all that our own patterns find."""
    return {
        (file, fields["depName"], fields["currentValue"])
        for manager in CONFIG["customManagers"]
        for file, fields in matches(manager)
    }


@pytest.mark.parametrize("manager", CONFIG["customManagers"], ids=lambda each: each["description"][:30])
def test_every_pattern_finds_something(manager: dict[str, Any]) -> None:
    for pattern in manager["managerFilePatterns"]:
        assert list(matches({**manager, "managerFilePatterns": [pattern]})), pattern


def test_every_image_that_others_build_is_found() -> None:
    images = YAML(typ="safe").load(ROOT / "images.lock.yaml")["images"]
    assert len(images) > 10
    expected = {("images.lock.yaml", each["name"], str(each["tag"])) for each in images.values()}
    assert {each for each in found() if each[0] == "images.lock.yaml"} == expected


def test_every_exact_provider_version_is_found() -> None:
    versions = re.compile(r"\b(?:3\.9\.0|2\.71\.0)\b")
    places = {
        file
        for file in FILES
        if file.endswith((".py", "run")) and not file.startswith("tests/unit/") and "snapshots" not in file
        for line in (ROOT / file).read_text().splitlines()
        if versions.search(line) and re.search(r"PROVIDER|kreuzwerker/docker|digitalocean/digitalocean", line)
    }
    assert places
    assert places <= {file for file, name, _ in found() if name.startswith(("kreuzwerker", "digitalocean"))}


def test_every_go_module_is_found() -> None:
    pinned = {
        (str(path.relative_to(ROOT)), version)
        for path in (ROOT / "images" / "recipes").rglob("recipe.yaml")
        for version in re.findall(r"github\.com/\S+@(v[\w.-]+)", path.read_text())
    }
    assert len(pinned) >= 4
    assert pinned <= {(file, version) for file, _, version in found()}


def test_the_lock_of_python_packages_belongs_to_one_manager() -> None:
    (pattern,) = CONFIG["pip-compile"]["managerFilePatterns"]
    assert [file for file in FILES if re.search(pattern.strip("/"), file)] == ["requirements.lock.txt"]
    # Renovate reads this line and runs it again; it takes no value without an equal sign.
    command = (ROOT / "requirements.lock.txt").read_text().splitlines()[1].removeprefix("#    ")
    assert command == (
        "uv pip compile requirements.txt --universal --python-version=3.11 --generate-hashes"
        " --output-file=requirements.lock.txt"
    )
    assert command in (ROOT / "Makefile").read_text().replace(" --quiet", "")
    (off,) = (rule for rule in CONFIG["packageRules"] if rule.get("matchManagers") == ["pip_requirements"])
    assert off["matchFileNames"] == ["requirements.txt", "requirements.lock.txt"] and off["enabled"] is False


def test_its_branches_are_those_that_meet_no_secret() -> None:
    from ops.ci.comment import UNTRUSTED_BRANCHES

    prefix = CONFIG["branchPrefix"]
    assert (prefix,) == UNTRUSTED_BRANCHES
    workflow = (ROOT / ".github" / "workflows" / "pull-request.yml").read_text()
    assert workflow.count(f"!startsWith(github.head_ref, '{prefix}')") == 2
