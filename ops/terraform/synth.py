"""From an environment's name to Terraform JSON, by running ``main.py`` as the ``cdktf`` command line would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layers.errors import Problem, SettingsError
from ops.captured import captured
from ops.errors import OpsError
from ops.lines import lines_in
from ops.paths import OUT, ROOT, stack_folder
from ops.programs import require

TIMEOUT_S = 180


@dataclass(frozen=True, kw_only=True)
class Synthesized:
    """The JSON of every stack of one environment, by stack name, and where it was written."""

    out: Path
    stacks: dict[str, dict[str, Any]]


def synthesize(environment: str, *, root: Path = ROOT, out: Path = OUT, off: bool = False) -> Synthesized:
    """Runs ``main.py`` of ``root`` and reads what it wrote.

    Args:
        environment: name of a file in environments/.
        root: the repository, or a work tree of another revision of it; its own code is run, with this Python.
        out: where to write.
        off: leave out everything but data and generated secrets.

    Raises:
        SettingsError: main.py refused the environment; the problems are its own.
        OpsError: main.py could not do its work, or there is no Node for it.
    """
    if "JSII_NODE" not in os.environ:
        require("node")
    with tempfile.TemporaryDirectory(prefix="sprocket-synth-") as folder:
        problems = Path(folder) / "problems.json"
        run = _run(
            root, {**_environment(environment, root, out, off), "SPROCKET_PROBLEMS_FILE": str(problems)}
        )
        if problems.is_file():
            raise SettingsError(*(Problem(**each) for each in json.loads(problems.read_text())))
    if run.returncode:
        last = (lines_in(run.stderr.strip()) or ["no output"])[-1]
        raise OpsError(
            f"main.py failed: {last}", fix=f"for the whole error: SPROCKET_ENV={environment} python main.py"
        )
    return Synthesized(out=out, stacks={name: _read(out, name) for name in _stack_names(out)})


def _run(root: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return captured(
            [sys.executable, "main.py"], folder=root, environment=environment, timeout_s=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise OpsError(
            f"main.py took longer than {TIMEOUT_S} s",
            fix="run the same command again when the machine is idle",
        ) from None


def _environment(environment: str, root: Path, out: Path, off: bool) -> dict[str, str]:
    search = [str(root), str(root / "constructs")]
    return {
        **os.environ,
        "SPROCKET_ENV": environment,
        "SPROCKET_POWER": "off" if off else "on",
        "CDKTF_OUTDIR": str(out),
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        # Before the installed, editable constructs library: a work tree must be synthesized with its own.
        "PYTHONPATH": os.pathsep.join(search),
    }


def _stack_names(out: Path) -> list[str]:
    manifest = json.loads((out / "manifest.json").read_text())
    return sorted(manifest["stacks"])


def _read(out: Path, stack: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((stack_folder(stack, out) / "cdk.tf.json").read_text())
    return document
