"""The report of plans in files: one of ``plan --out``, of ``terraform plan -out``, or what ``terraform show -json`` printed."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from layers.loading import load_environment
from layers.settings.environment import Environment
from ops.deploy.plan import compared_by_terraform, in_one_report
from ops.deploy.plan_file import is_plan_file, opened
from ops.errors import WrongUse
from ops.model.changes import is_plan, planned_addresses
from ops.report.model import Report
from ops.report.placement import Compared
from ops.terminal import screen
from ops.terminal.screen import Say
from ops.terraform import synth
from ops.terraform.runner import Terraform
from ops.terraform.target import Target

Document = Mapping[str, Any]

CODE = "tfconfig/m-/cdk.tf.json"
"""In a saved plan: the synthesized JSON that it was made from."""
LOCK = ".terraform.lock.hcl"
"""In a saved plan: the providers that made it."""

HOW = (
    "save a plan with terraform plan -out=FILE, or python -m ops plan --out FILE: FILE itself can be read, and what "
    "terraform show -json prints of Terraform's"
)


def report_of_files(environment: str, files: Sequence[Path], *, say: Say = lambda text: None) -> Report:
    """The report of saved plans, as if they were made now. A stack that a file of ``plan --out`` has no plan of is a warning.

    Args:
        files: all stacks of a file of ``plan --out``; or one for each stack: a plan that Terraform saved, which holds the code
            that it was made from, or its JSON, which holds none, so that the code must still be the same.

    Raises:
        WrongUse: a file is no plan, or none of this environment and this code.
    """
    settings = load_environment(environment)
    reader = _Reader(settings, say)
    return in_one_report(settings, [each for file in files for each in reader.read(file)])


@dataclass(frozen=True)
class _Reader:
    settings: Environment
    say: Say

    def read(self, file: Path) -> Iterator[Compared]:
        """The stacks of one file, each as what it plans from and to."""
        self.say(f"reading {file}")
        if not file.is_file():
            raise WrongUse(f"--from {file}: there is no such file", fix=HOW)
        if is_plan_file(file):
            yield from self._of_all_stacks(file)
        else:
            target, plan = self._saved(file, file) if zipfile.is_zipfile(file) else self._shown(file)
            yield _compared(target, plan, file)

    def _of_all_stacks(self, file: Path) -> Iterator[Compared]:
        with opened(file, self.settings.name, option="--from") as held:
            for each in held.about.stacks:
                if each.missing:
                    screen.warn(f"warning: {file} has no plan of {each.stack}: {each.missing}")
                else:
                    yield _compared(*self._saved(file, held.file_of(each.stack)), file)

    def _saved(self, file: Path, plan: Path) -> tuple[Target, Document]:
        """A plan that Terraform saved.

        Args:
            file: what was named with ``--from``: the plan itself, or what it is in.
        """
        if not zipfile.is_zipfile(plan):
            raise WrongUse(f"--from {file}: holds an encrypted plan, which cannot be read here", fix=HOW)
        with zipfile.ZipFile(plan) as archive:
            names = archive.namelist()
            if CODE not in names:
                raise WrongUse(f"--from {file}: is a zip file, but no plan of a stack of cdktf", fix=HOW)
            code = json.loads(archive.read(CODE))
            lock = archive.read(LOCK) if LOCK in names else b""
        with tempfile.TemporaryDirectory(prefix="sprocket-plan-") as private:
            folder = Path(private)
            target = self._target(file, code, folder)
            if lock:
                (folder / LOCK).write_bytes(lock)
            # The providers say what the values in the file mean; the state is in it, so no backend is asked.
            without = {**code, "terraform": {**code["terraform"], "backend": {"local": {}}}}
            (folder / "cdk.tf.json").write_text(json.dumps(without))
            self.say(f"terraform show of {file}")
            terraform = Terraform(folder)
            terraform.init()
            return target, terraform.show(plan.resolve())

    def _target(self, file: Path, code: Document, folder: Path) -> Target:
        stack = str(code.get("//", {}).get("metadata", {}).get("stackName", ""))
        if stack not in (self.settings.cloud_stack, self.settings.services_stack):
            environment = stack.rpartition("-")[0]
            raise WrongUse(
                f"--from {file}: is a plan of {stack or 'an unknown stack'}, not of {self.settings.name}",
                fix=f"use --env {environment}" if environment else HOW,
            )
        return Target(settings=self.settings, stack=stack, document=code, folder=folder)

    def _shown(self, file: Path) -> tuple[Target, Document]:
        plan = _document(file)
        planned = _blocks(planned_addresses(plan))
        best = max(self._targets, key=lambda each: len(planned & _wanted(each)))
        foreign = sorted(planned - _wanted(best))
        if foreign and len(foreign) == len(planned):
            raise WrongUse(
                f"--from {file}: is no plan of {self.settings.name}: nothing in it is in a stack of it",
                fix="name the environment that it is a plan of with --env",
            )
        if foreign:
            raise WrongUse(
                f"--from {file}: was made from other code than this, which has no {', '.join(foreign[:3])}",
                fix="check out the revision that it was made from, name its environment with --env, or give the file of "
                "terraform plan -out, which holds its code",
            )
        return best, plan

    @cached_property
    def _targets(self) -> list[Target]:
        self.say(f"synthesizing {self.settings.name}")
        synthesized = synth.synthesize(self.settings.name)
        return [
            Target(settings=self.settings, stack=name, document=document, folder=synthesized.out)
            for name, document in synthesized.stacks.items()
        ]


def _compared(target: Target, plan: Document, file: Path) -> Compared:
    return compared_by_terraform(target, plan, compared_with=f"the state that {file.name} was made from")


def _document(file: Path) -> Document:
    try:
        document = json.loads(file.read_text())
    except ValueError:
        raise WrongUse(
            f"--from {file}: is neither a saved plan nor JSON (an encrypted plan cannot be read here)",
            fix=HOW,
        ) from None
    if not is_plan(document):
        what = "a state" if isinstance(document, dict) and "values" in document else "JSON"
        raise WrongUse(f"--from {file}: is {what}, but no plan", fix=HOW)
    plan: Document = document
    return plan


def _wanted(target: Target) -> set[str]:
    return _blocks(target.wanted.resources)


def _blocks(addresses: Collection[str]) -> set[str]:
    """Without the keys of instances, which an expression may only tell when it is planned."""
    return {address.partition("[")[0] for address in addresses}
