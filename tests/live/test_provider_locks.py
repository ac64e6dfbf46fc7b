"""A kept lock decides what the real Terraform runs: written from providers at hand, laid by synthesis, refused when it differs."""

from __future__ import annotations

import json
import platform
import re
import shutil
from pathlib import Path

import pytest

from layers import provider_locks
from ops.ci.provider_locks import problems, write
from ops.errors import OpsError
from ops.terraform.runner import Terraform

pytestmark = pytest.mark.live(needs=["terraform", "random provider"])

PROVIDERS = {"random": {"source": "hashicorp/random", "version": ">= 3.6.0, < 4.0.0"}}
HERE = f"linux_{'arm64' if platform.machine() == 'aarch64' else 'amd64'}"


@pytest.fixture
def mirror() -> Path:
    """Where providers lie on this machine, as a mirror."""
    folder = Path.home() / ".terraform.d" / "plugins"
    if not (folder / "registry.terraform.io" / "hashicorp" / "random").is_dir():
        pytest.skip("the random provider does not lie in ~/.terraform.d/plugins")
    return folder


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A synthesized stack."""
    monkeypatch.delenv("CDKTF_SKIP_PROVIDER_LOCK", raising=False)
    folder = tmp_path / "cdktf.out" / "stacks" / "try-services"
    folder.mkdir(parents=True)
    (folder / "cdk.tf.json").write_text(json.dumps({"terraform": {"required_providers": PROVIDERS}}))
    stacks = {"try-services": {"workingDirectory": "stacks/try-services"}}
    (tmp_path / "cdktf.out" / "manifest.json").write_text(json.dumps({"stacks": stacks}))
    return folder


def test_terraform_runs_what_the_lock_names_and_nothing_else(
    mirror: Path, stack: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "providers"
    write({"try-services": PROVIDERS}, folder=kept, platforms=[HERE], mirror=str(mirror))
    assert problems({"try-services": PROVIDERS}, folder=kept, platforms=[HERE]) == []
    (short,) = problems({"try-services": PROVIDERS}, folder=kept)
    assert "has 1 checksums" in short

    provider_locks.lay(stack.parents[1], folder=kept)
    Terraform(stack).init()
    file = provider_locks.lock_of("try-services", kept)
    assert (stack / ".terraform.lock.hcl").read_text() == file.read_text(), "init had nothing to add"

    shutil.rmtree(stack / ".terraform")
    checksum = re.compile(r'"h1:[^"]+"')
    file.write_text(checksum.sub(f'"h1:{"A" * 43}="', file.read_text()))
    provider_locks.lay(stack.parents[1], folder=kept)
    with pytest.raises(OpsError, match="checksums"):
        Terraform(stack).init()


def test_a_platform_that_nobody_can_vouch_for_is_not_locked(mirror: Path, tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="providers lock of try-services"):
        write(
            {"try-services": PROVIDERS},
            folder=tmp_path / "providers",
            platforms=["openbsd_amd64"],
            mirror=str(mirror),
        )
    assert list((tmp_path / "providers").iterdir()) == []
