"""The same environment as another git revision declares it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from layers.errors import SettingsError
from ops.errors import OpsError, WrongUse
from ops.paths import ROOT
from ops.programs import require
from ops.terraform.synth import Synthesized, synthesize

GENERATED = ("images.packages.lock.yaml", "acme-ca.packages.pem")
"""What git does not have but synthesis reads: taken from here, so that only code and settings differ."""


def synthesized_at(revision: str, environment: str, *, root: Path = ROOT) -> Synthesized:
    """Synthesizes a revision with its own code, in a work tree of its own that is gone afterwards.

    Raises:
        OpsError: there is no such revision, or it cannot synthesize with the packages installed here.
    """
    commit = commit_of(revision, root=root)
    with _work_tree(commit, root) as tree:
        for name in GENERATED:
            if (root / name).is_file():
                shutil.copy(root / name, tree / name)
        if not (tree / "main.py").is_file():
            raise OpsError(f"revision {revision} has no main.py, so there is nothing to compare with")
        try:
            return synthesize(environment, root=tree, out=tree / "cdktf.out")
        except (OpsError, SettingsError) as error:
            raise OpsError(
                f"revision {revision} cannot be synthesized with the packages installed here: {error}",
                fix="leave out --base (BASE) to compare with what is deployed, or use a newer revision",
            ) from None


def commit_of(revision: str, *, root: Path = ROOT) -> str:
    """The commit that a revision names; asked before anything is synthesized.

    Raises:
        OpsError: git is not installed.
        WrongUse: there is no such revision.
    """
    require("git")
    commit = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if commit.returncode:
        raise WrongUse(
            f"git has no revision {revision!r}", fix="use a branch, a tag or a commit: git log --oneline"
        )
    return commit.stdout.strip()


@contextmanager
def _work_tree(commit: str, root: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sprocket-base-") as folder:
        tree = Path(folder) / "tree"
        added = _git(root, "worktree", "add", "--detach", "--quiet", str(tree), commit)
        if added.returncode:
            raise OpsError(f"git worktree add: {added.stderr.strip()}")
        try:
            yield tree
        finally:
            _git(root, "worktree", "remove", "--force", str(tree))


def _git(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(root), *words], capture_output=True, text=True, timeout=120, check=False
    )
