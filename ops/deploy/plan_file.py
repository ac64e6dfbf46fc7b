"""A plan in a file: made once, read by whoever approves it, and applied exactly as it was made.

The file is a zip archive with Terraform's own plan of each stack, the synthesized JSON that it was made from, and ``plan.json``,
which says of what and when. Terraform's plans hold secrets, so the file is private to its owner; ``plan.json`` holds none.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ops.errors import Obstacle, OpsError, Refused, WrongUse
from ops.model.inventory import from_synthesis
from ops.paths import ROOT
from ops.release.commit import commit_here
from ops.terminal.amounts import moment, span
from ops.terraform import staleness
from ops.terraform.runner import Terraform
from ops.terraform.target import Target

FORMAT = 1
SHOWN = 10
"""How many resources are named that the files declare otherwise by now."""

_ABOUT, _PLAN, _DOCUMENT = "plan.json", "tfplan", "cdk.tf.json"


@dataclass(frozen=True, kw_only=True)
class StackPlan:
    """What a file holds of one stack.

    Args:
        missing: why there is no plan of it; empty where there is one.
        changes: whether the plan has any.
        serial, lineage: of the state that it was made from; 0 and nothing where there was none.
    """

    stack: str
    missing: str = ""
    changes: bool = False
    serial: int = 0
    lineage: str = ""


@dataclass(frozen=True, kw_only=True)
class About:
    """What a file says of itself.

    Args:
        created: seconds since 1970.
        commit: what git had checked out; with ``+changes`` where files differed from it.
    """

    environment: str
    created: float
    by: str
    commit: str
    stacks: tuple[StackPlan, ...] = ()
    format: int = FORMAT

    def __str__(self) -> str:
        of = f" of commit {self.commit}" if self.commit else ""
        return f"the plan{of}, made by {self.by} at {moment(self.created)} ({span(time.time() - self.created)} ago)"


@dataclass
class PlanWriter:
    """Collects the plans of an environment's stacks and writes them at once, so that there is a whole file or none."""

    environment: str
    _stacks: list[StackPlan] = field(default_factory=list)
    _members: dict[str, bytes] = field(default_factory=dict)

    def add(self, target: Target, plan: Path, *, changes: bool) -> None:
        """Takes in a plan that Terraform saved."""
        serial, lineage = _version_of_state(target.terraform)
        self._stacks.append(StackPlan(stack=target.stack, changes=changes, serial=serial, lineage=lineage))
        self._members[f"{target.stack}/{_PLAN}"] = plan.read_bytes()
        self._members[f"{target.stack}/{_DOCUMENT}"] = _plain(target.document).encode()

    def leave_out(self, stack: str, reason: str) -> None:
        """Notes that there is no plan of a stack, and why."""
        self._stacks.append(StackPlan(stack=stack, missing=reason))

    def write(self, file: Path) -> About:
        """Writes the file, readable by its owner only.

        Raises:
            OpsError: there is no plan of any stack, or the file cannot be written.
        """
        if not self._members:
            reasons = [f"{each.stack}: {each.missing}" for each in self._stacks]
            raise OpsError(
                "no plan is saved: Terraform could plan no stack\n  " + "\n  ".join(reasons),
                fix="remove what is in the way; the report above was computed without Terraform",
            )
        about = About(
            environment=self.environment,
            created=time.time(),
            by=f"{getpass.getuser()}@{socket.gethostname()}",
            commit=commit_here(),
            stacks=tuple(self._stacks),
        )
        unfinished = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            # Made private before anything is in it, and put in place when it is whole.
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with (
                os.fdopen(descriptor, "wb") as raw,
                zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive,
            ):
                archive.writestr(_ABOUT, json.dumps(asdict(about), indent=2))
                for name, content in self._members.items():
                    archive.writestr(name, content)
            unfinished.replace(file)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise OpsError(f"{file} cannot be written: {error.strerror}", fix="name another file") from None
        return about


@dataclass(frozen=True, kw_only=True)
class OpenedPlan:
    """A plan file, unpacked into a private folder for as long as it is used."""

    about: About
    folder: Path

    def of(self, stack: str) -> StackPlan:
        """What it holds of a stack."""
        found = next((each for each in self.about.stacks if each.stack == stack), None)
        return found or StackPlan(stack=stack, missing="it was not planned")

    def file_of(self, stack: str) -> Path:
        """Terraform's plan of a stack."""
        return self.folder / stack / _PLAN

    def require_same_files(self, target: Target) -> None:
        """Refuses where the files declare something else than when the plan was made.

        Raises:
            Refused: names what they declare otherwise.
        """
        if self.of(target.stack).missing:
            return
        before = json.loads((self.folder / target.stack / _DOCUMENT).read_text())
        now = json.loads(_plain(target.document))
        if before == now:
            return
        names = list(_declared_otherwise(before, now))
        more = [f"and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
        fix = f"check out what it was made of ({self.about.commit or 'no commit is known'}), or plan again"
        raise Refused(
            f"{self.about} is not applied: the files of {target.stack} declare something else now",
            [Obstacle(what=each, fix=fix) for each in [*names[:SHOWN], *more]],
        )

    def require_fresh(self, target: Target) -> None:
        """Refuses a plan whose state has been written since, before anything of another stack is changed.

        Terraform checks the same when it applies.

        Raises:
            Refused: names what has changed.
        """
        planned = self.of(target.stack)
        if planned.missing or (planned.serial, planned.lineage) == _version_of_state(target.terraform):
            return
        terraform = target.terraform
        raise staleness.refused(target.stack, terraform.show(self.file_of(target.stack)), terraform.state())

    def require_same_values(self, target: Target) -> None:
        """Refuses a plan that was made with other values of variables, such as a password that the cloud stack made since.

        Raises:
            Refused: names the variables, never their values.
        """
        if self.of(target.stack).missing:
            return
        planned = target.terraform.show(self.file_of(target.stack)).get("variables") or {}
        supplied = {name: os.environ.get(f"TF_VAR_{name}") for name in target.document.get("variable", {})}
        values = {name: value for name, value in supplied.items() if value is not None} | dict(
            target.variables
        )
        other = [
            name for name, value in values.items() if str((planned.get(name) or {}).get("value")) != value
        ]
        if other:
            raise Refused(
                f"the plan of {target.stack} is not applied: it was made with another value of",
                [
                    Obstacle(what=f"TF_VAR_{name}", fix="plan again: " + _make(target.name))
                    for name in sorted(other)
                ],
            )


def is_plan_file(file: Path) -> bool:
    """Whether a file is like those that :class:`PlanWriter` writes, and no plan of Terraform itself."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return _ABOUT in archive.namelist()


@contextmanager
def opened(file: Path, environment: str, *, option: str = "--plan") -> Iterator[OpenedPlan]:
    """A plan file, unpacked.

    Args:
        option: what named the file on the command line.

    Raises:
        WrongUse: it is no plan file, or one of another environment.
    """
    with tempfile.TemporaryDirectory(prefix="sprocket-plan-") as folder:
        try:
            with zipfile.ZipFile(file) as archive:
                about = _about(json.loads(archive.read(_ABOUT)))
                for each in about.stacks:
                    for name in () if each.missing else (_PLAN, _DOCUMENT):
                        path = Path(folder) / each.stack / name
                        path.parent.mkdir(exist_ok=True)
                        path.write_bytes(archive.read(f"{each.stack}/{name}"))
        except OSError as error:
            raise WrongUse(f"{option} {file}: {error.strerror}", fix=_make(environment)) from None
        except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
            raise WrongUse(
                f"{option} {file} is not a file that plan --out wrote: {error}", fix=_make(environment)
            ) from None
        if about.environment != environment:
            raise WrongUse(
                f"{option} {file} is a plan of {about.environment}, not of {environment}",
                fix=f"use --env {about.environment}",
            )
        yield OpenedPlan(about=about, folder=Path(folder))


def _make(environment: str) -> str:
    return f"python -m ops plan --env {environment} --out FILE makes one"


def _about(raw: Mapping[str, Any]) -> About:
    if raw.get("format") != FORMAT:
        raise ValueError(f"its format is {raw.get('format')!r}, and {FORMAT} is known")
    stacks = tuple(StackPlan(**each) for each in raw["stacks"])
    if any("/" in each.stack or each.stack.startswith(".") for each in stacks):
        raise ValueError("it names a stack like a path")
    return About(**{**raw, "stacks": stacks})


def _version_of_state(terraform: Terraform) -> tuple[int, str]:
    state = json.loads(terraform.pull() or "{}")
    return int(state.get("serial") or 0), str(state.get("lineage") or "")


def _plain(document: Mapping[str, Any]) -> str:
    """The JSON without this checkout's path: a plan may be made in one and applied in another."""
    return json.dumps(document, sort_keys=True).replace(str(ROOT), ".")


def _declared_otherwise(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    old, new = from_synthesis(before).resources, from_synthesis(now).resources
    for address in sorted(old.keys() | new.keys()):
        if address not in old:
            yield f"{address} is new"
        elif address not in new:
            yield f"{address} is gone"
        elif old[address].values != new[address].values:
            keys = old[address].values.keys() | new[address].values.keys()
            differing = [k for k in sorted(keys) if old[address].values.get(k) != new[address].values.get(k)]
            yield f"{address}: {', '.join(differing)}"
    for key in sorted(before.keys() | now.keys()):
        if key != "resource" and before.get(key) != now.get(key):
            yield f"{key} of the stack"
