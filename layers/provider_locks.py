"""Terraform's lock files of providers, one for each kind of stack, kept in the repository and laid beside what is synthesized.

Synthesis makes the folder in which Terraform runs, so a lock file cannot lie there from the start. ``make lock-providers``
writes them where Terraform's registry is reached. With CDKTF_SKIP_PROVIDER_LOCK=true, as cdktf itself knows it, none is laid:
for a machine whose providers were brought by hand, which have other checksums.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "providers"


def lock_of(stack: str, folder: Path = FOLDER) -> Path:
    """The file that is kept for a stack: of its kind, which is the last part of its name, ``cloud`` or ``services``."""
    return folder / f"{stack.rpartition('-')[2]}.lock.hcl"


def lay(out: Path, *, folder: Path = FOLDER) -> None:
    """Copies the lock file of each stack that was just synthesized to where Terraform looks for it.

    Args:
        out: what synthesis wrote.
        folder: where lock files are kept; a kind of stack without one is left to ``terraform init``.
    """
    if os.environ.get("CDKTF_SKIP_PROVIDER_LOCK") == "true":
        return
    manifest = json.loads((out / "manifest.json").read_text())
    for stack, entry in manifest["stacks"].items():
        kept = lock_of(stack, folder)
        if kept.is_file():
            shutil.copyfile(kept, out / entry["workingDirectory"] / ".terraform.lock.hcl")
