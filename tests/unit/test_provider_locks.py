"""Lock files of providers: laid beside what is synthesized, and complete, or the check says what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from layers import provider_locks
from ops.ci.provider_locks import PLATFORMS, problems

RANDOM = {"random": {"source": "hashicorp/random", "version": ">= 3.6.0, < 4.0.0"}}
DOCKER = {"docker": {"source": "kreuzwerker/docker", "version": "3.9.0"}}


def entry(source: str, version: str, checksums: int) -> str:
    lines = "".join(f'    "h1:{number}",\n' for number in range(checksums))
    return (
        f'provider "registry.terraform.io/{source}" {{\n'
        f'  version     = "{version}"\n  hashes = [\n{lines}    "zh:0",\n  ]\n}}\n'
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """What synthesis of two stacks leaves."""
    folder = tmp_path / "cdktf.out"
    stacks = {name: {"workingDirectory": f"stacks/{name}"} for name in ("prod-cloud", "prod-services")}
    for each in stacks.values():
        (folder / each["workingDirectory"]).mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"stacks": stacks}))
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "providers"
    folder.mkdir()
    return folder


def test_each_stack_gets_the_lock_of_its_kind(out: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CDKTF_SKIP_PROVIDER_LOCK", raising=False)
    (kept / "services.lock.hcl").write_text("of services")
    provider_locks.lay(out, folder=kept)
    assert (out / "stacks/prod-services/.terraform.lock.hcl").read_text() == "of services"
    assert not (out / "stacks/prod-cloud/.terraform.lock.hcl").exists(), "none is kept for it"


def test_a_machine_with_other_providers_gets_none(
    out: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDKTF_SKIP_PROVIDER_LOCK", "true")
    (kept / "services.lock.hcl").write_text("of services")
    provider_locks.lay(out, folder=kept)
    assert list(out.rglob(".terraform.lock.hcl")) == []


def test_a_complete_lock_has_no_problem(kept: Path) -> None:
    (kept / "services.lock.hcl").write_text(
        entry("kreuzwerker/docker", "3.9.0", len(PLATFORMS))
        + "\n"
        + entry("hashicorp/random", "3.7.2", len(PLATFORMS))
    )
    assert problems({"prod-services": {**DOCKER, **RANDOM}}, folder=kept) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "providers/services.lock.hcl is missing: nothing says which providers prod-services may run"),
        (entry("hashicorp/random", "3.7.2", 4), "providers/services.lock.hcl has no kreuzwerker/docker"),
        (entry("kreuzwerker/docker", "3.8.0", 4), "has another version of kreuzwerker/docker than 3.9.0"),
        (
            entry("kreuzwerker/docker", "3.9.0", 1),
            "has 1 checksums of kreuzwerker/docker, not one for each of",
        ),
    ],
)
def test_what_is_missing_is_named(kept: Path, text: str | None, problem: str) -> None:
    if text is not None:
        (kept / "services.lock.hcl").write_text(text)
    (found,) = problems({"prod-services": DOCKER}, folder=kept)
    assert problem in found


def test_what_is_kept_is_complete() -> None:
    """The files themselves, once there are any: they can be made only where Terraform's registry is reached."""
    if not list(provider_locks.FOLDER.glob("*.lock.hcl")):
        pytest.skip("no lock file is kept yet: make lock-providers needs Terraform's registry")
    from ops.ci.provider_locks import required

    assert problems(required()) == []
