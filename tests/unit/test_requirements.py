"""What ``make setup`` installs is pinned by version and by hash, and is what requirements.txt asks for."""

from __future__ import annotations

import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ops.paths import ROOT

ASKED = ROOT / "requirements.txt"
LOCKED = ROOT / "requirements.lock.txt"


def locked() -> dict[str, tuple[Requirement, list[str]]]:
    """Each package of the lock, with its hashes."""
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for block in re.split(r"\n(?=[a-z0-9])", LOCKED.read_text()):
        if block.startswith("#"):
            continue
        requirement = Requirement(block.partition("\\")[0])
        found[canonicalize_name(requirement.name)] = (
            requirement,
            re.findall(r"--hash=sha256:([0-9a-f]{64})\b", block),
        )
    return found


def asked() -> dict[str, Requirement]:
    lines = [line.partition("#")[0].strip() for line in ASKED.read_text().splitlines()]
    return {canonicalize_name(each.name): each for each in map(Requirement, filter(None, lines))}


def test_every_locked_package_has_one_version_and_hashes() -> None:
    assert len(locked()) > 50
    wrong = [
        name
        for name, (requirement, hashes) in locked().items()
        if [each.operator for each in requirement.specifier] != ["=="] or not hashes
    ]
    assert wrong == []


def test_the_lock_has_what_is_asked_for() -> None:
    packages = locked()
    assert len(asked()) > 20
    differ = {
        name: str(requirement.specifier)
        for name, requirement in asked().items()
        if name not in packages or packages[name][0].specifier != requirement.specifier
    }
    assert differ == {}, "make lock-packages writes the lock again"


def test_every_asked_package_has_a_reason() -> None:
    without = [line for line in ASKED.read_text().splitlines() if "==" in line and "#" not in line]
    assert without == []


def test_setup_installs_nothing_without_a_hash() -> None:
    installs = [line for line in (ROOT / "Makefile").read_text().splitlines() if "pip install" in line]
    assert len(installs) == 2
    assert "--require-hashes -r requirements.lock.txt" in installs[0]
    # The library of this repository: what builds it comes from the lock too.
    assert installs[1].endswith("--no-deps --no-build-isolation -e ./constructs")
