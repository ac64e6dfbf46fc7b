"""Comparing with a git revision, in a repository of our own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ops.errors import OpsError, WrongUse
from ops.terraform.git_baseline import synthesized_at

MAIN = """\
import json, os, pathlib, sys
if os.environ["SPROCKET_ENV"] == "bad":
    sys.exit("error: bad.yaml: broken; mend it")
out = pathlib.Path(os.environ["CDKTF_OUTDIR"])
folder = out / "stacks" / "s"
folder.mkdir(parents=True)
lock = pathlib.Path("images.packages.lock.yaml")
text = lock.read_text() if lock.is_file() else "none"
(folder / "cdk.tf.json").write_text(json.dumps({"revision": VALUE, "lock": text}))
(out / "manifest.json").write_text(json.dumps({"stacks": {"s": {}}}))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q")
    for number in (1, 2):
        (root / "main.py").write_text(MAIN.replace("VALUE", str(number)))
        git(root, "add", "main.py")
        git(root, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", f"v{number}")
        git(root, "tag", f"v{number}")
    (root / "images.packages.lock.yaml").write_text("generated here")
    return root


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True).stdout


def test_a_revision_is_synthesized_with_its_own_code_and_leaves_nothing_behind(repository: Path) -> None:
    before = git(repository, "status", "--porcelain")
    old = synthesized_at("v1", "local", root=repository)
    assert old.stacks == {"s": {"revision": 1, "lock": "generated here"}}
    assert git(repository, "status", "--porcelain") == before
    assert len(git(repository, "worktree", "list").splitlines()) == 1
    assert json.dumps(synthesized_at("v2", "local", root=repository).stacks["s"]["revision"]) == "2"


def test_an_unknown_revision_is_wrong_use(repository: Path) -> None:
    with pytest.raises(WrongUse, match="git has no revision 'v9'"):
        synthesized_at("v9", "local", root=repository)


def test_a_revision_that_cannot_synthesize_says_so(repository: Path) -> None:
    with pytest.raises(OpsError, match=r"revision v1 cannot be synthesized .*: bad.yaml: broken; mend it"):
        synthesized_at("v1", "bad", root=repository)
    assert len(git(repository, "worktree", "list").splitlines()) == 1
