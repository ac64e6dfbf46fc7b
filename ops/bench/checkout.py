"""A copy of the repository in which a stack of the benchmarks is the environment local, and what is run in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from images import ACME_CA_FILE, LOCK_FILE
from images.builder import lock
from ops.bench.result import CannotRun
from ops.bench.synthesis import PROGRAMS
from ops.bench.timing import Seconds, timed
from ops.errors import Interrupted, OpsError
from ops.model.inventory import Inventory, from_synthesis
from ops.model.services import services_of
from ops.paths import OUT, ROOT, STATE, stack_folder
from ops.terminal.interrupts import passing_on
from ops.terraform.runner import Terraform, TerraformFailed, program
from ops.terraform.synth import synthesize

ENVIRONMENT, STACK = "local", "local-services"
IMAGE = "redis"
"""The image of every task."""
COPIED = ("ops", "layers", "environments", "constructs", "images")
SECONDS = 600.0
"""A command that takes longer hangs."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How long a command took, and what it printed."""

    seconds: Seconds
    output: str


class Checkout:
    """The copy. Make one with :func:`checkout`.

    Args:
        image: that every task runs.
        engine: address of the engine that is deployed to.
    """

    def __init__(self, root: Path, *, image: lock.Entry, engine: str) -> None:
        self.root = root
        self.image = f"{image.name}@{image.digest}"
        self._settings: dict[str, Any] = {
            "engine": engine,
            "image": {"name": image.name, "tag": image.tag, "digest": image.digest},
        }

    @property
    def terraform(self) -> Terraform:
        """Terraform in the stack's folder."""
        return Terraform(self._folder)

    @property
    def _folder(self) -> Path:
        return stack_folder(STACK, self.root / OUT.name)

    def declare(self, *, services: int | None = None, version: int = 1) -> Inventory:
        """Chooses the stack, synthesizes it and has Terraform find its providers; what is deployed stays as it is.

        Args:
            services: that many, none of which has a task; without it, those of ``tests/bench/tiers.py``.
            version: what the file of one service says.

        Raises:
            CannotRun: Terraform does not find a provider.
        """
        settings = {**self._settings, "services": services, "version": version}
        (self.root / "bench.json").write_text(json.dumps(settings))
        stacks = synthesize(ENVIRONMENT, root=self.root, out=self.root / OUT.name).stacks
        try:
            self.terraform.init()
        except OpsError as error:
            raise CannotRun(error.problem.replace("\n", " ")) from None
        return from_synthesis(stacks[STACK])

    def apply(self, *, parallelism: int) -> None:
        """Plans and applies by Terraform itself.

        Raises:
            Interrupted: Ctrl-C; running operations have finished.
            TerraformFailed: it failed.
        """
        with tempfile.TemporaryDirectory(prefix="sprocket-bench-") as private:
            file = Path(private) / "plan"
            self.terraform.plan(file, parallelism=parallelism)
            outcome = self.terraform.apply(file, lambda event: None, parallelism=parallelism)
        if outcome.interrupted:
            raise Interrupted("interrupted while deploying")
        if outcome.code:
            raise TerraformFailed("terraform apply", outcome)

    def plan_by_terraform(self, *, parallelism: int) -> Seconds:
        """``terraform plan`` by itself, which must find nothing to change."""
        words = [program(), "plan", "-input=false", "-detailed-exitcode", f"-parallelism={parallelism}"]
        return self._run(words, self._folder).seconds

    def ops(self, *words: str) -> Ran:
        """A command of ours on the environment of the copy, as people type it."""
        return self._run([sys.executable, "-m", "ops", *words, "--env", ENVIRONMENT], self.root)

    def empty_plan(self) -> None:
        """Has ``ops plan`` say by its JSON that it asked Terraform, and that nothing would change.

        Raises:
            OpsError: it says something else, so that its time would be that of something else.
        """
        output = self.ops("plan", "--json").output
        stack: Mapping[str, Any] = json.loads(output[output.index("{\n") :])["stacks"][0]
        if stack.get("offline") or any(stack["counts"].values()):
            raise OpsError(
                f"the plan of what was just deployed is not empty: {stack['counts']} {stack.get('offline') or ''}"
            )

    def forget(self) -> None:
        """Removes the state: what it knew is removed by whoever calls this."""
        shutil.rmtree(self.root / STATE.name, ignore_errors=True)

    @staticmethod
    def _run(words: Sequence[str], folder: Path) -> Ran:
        """Runs a command to its end. Ctrl-C reaches it once, so that it can end in order."""
        interrupted: list[bool] = []
        with (
            timed() as taken,
            subprocess.Popen(
                words,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            ) as process,
            passing_on(process, lambda: interrupted.append(True)),
        ):
            try:
                output, _ = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise OpsError(f"{_name(words)} took longer than {SECONDS:g} s, and was killed") from None
        if interrupted:
            raise Interrupted(f"interrupted during {_name(words)}")
        if process.returncode:
            raise OpsError(
                f"{_name(words)} ended with exit code {process.returncode}: {output.strip()[-600:]}"
            )
        return Ran(seconds=taken, output=output)


@contextmanager
def checkout(engine: str) -> Iterator[Checkout]:
    """A copy in a folder of its own, which is gone afterwards.

    Raises:
        CannotRun: no images are built on this machine.
    """
    images = lock.load(LOCK_FILE)
    if IMAGE not in images:
        raise CannotRun(f"{LOCK_FILE.name} has no image {IMAGE}; build it: python -m images build")
    with tempfile.TemporaryDirectory(prefix="sprocket-bench-") as folder:
        root = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(PROGRAMS, root / PROGRAMS.relative_to(ROOT))
        shutil.copy(PROGRAMS / "main.py", root)
        for file in (ROOT / "images.lock.yaml", ACME_CA_FILE):
            shutil.copy(file, root)
        _only_environment(root / "environments", images, engine)
        yield Checkout(root, image=images[IMAGE], engine=engine)


def _only_environment(folder: Path, images: Mapping[str, lock.Entry], engine: str) -> None:
    """Leaves one environment, with this engine and the images that are built.

    A deploy checks all environments as their files stand, although the copy's main.py declares something else, and images that are
    built here it would build again.
    """
    for file in folder.glob("*.yaml"):
        if file.stem != ENVIRONMENT:
            file.unlink()
    with tempfile.TemporaryDirectory(prefix="sprocket-bench-") as out:
        (document,) = synthesize(ENVIRONMENT, out=Path(out)).stacks.values()
    asked = {service.image.short_name for service in services_of(from_synthesis(document))}
    overrides = {
        name: {"name": images[name].name, "tag": images[name].tag, "digest": images[name].digest}
        for name in sorted(asked & images.keys())
    }
    file, yaml = folder / f"{ENVIRONMENT}.yaml", YAML(typ="safe", pure=True)
    settings = yaml.load(file)
    settings |= {"engine": {"host": engine}, "images": {"source": "lock", "overrides": overrides}}
    yaml.dump(settings, file)


def _name(words: Sequence[str]) -> str:
    return " ".join(words[2:] if words[0] == sys.executable else [Path(words[0]).name, *words[1:]])
