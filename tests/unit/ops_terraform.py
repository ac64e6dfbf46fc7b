"""Terraform without Terraform, for the tests of ops."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ops.terraform.held_lock import HeldLock
from ops.terraform.lock_holder import LockHolder, StateLocked
from ops.terraform.runner import PARALLELISM, Diagnostic, Event, Outcome, Terraform
from ops.terraform.target import Target
from tests.unit.ops_cloud import plan


def resource(address: str, *, tainted: bool = False, **values: Any) -> dict[str, Any]:
    """One entry of a state."""
    type_, _, name = address.partition(".")
    entry = {"mode": "managed", "address": address, "type": type_, "name": name, "values": values}
    return {**entry, **({"tainted": True} if tainted else {})}


class FakeTerraform(Terraform):
    """Plans what it is told to, and notes what it changes.

    Attributes:
        changes: of the next plan; after an apply those in ``later``.
        later: changes of the plan after the next apply; usually none.
        context: what else a plan's JSON has, such as ``prior_state``.
        resources: the state.
        imports: what an import reads besides an id, by that id.
        content: the state as it is stored.
        values, secrets: the outputs.
        error: why applies fail; empty while they do not.
        errored, unfinished: address and action of what fails with it, and of what it had begun.
        holder: who else has the state's lock.
        is_locked: whether it is held through this; ``locks`` times so far.
        own: what is written in that lock then.
        console_code: how the console that holds it has ended.
        on_apply: runs during an apply, even one that fails then.
        planned: addresses to replace and target addresses, of every plan that was made.
        parallelism: of the last plan.
        done: what was changed.
    """

    def __init__(
        self, *changes: dict[str, Any], name: str = "", done: list[str] | None = None, **outputs: Any
    ) -> None:
        super().__init__(Path("/nowhere"))
        self.changes = list(changes)
        self.later: list[dict[str, Any]] = []
        self.context: dict[str, Any] = {}
        self.resources: list[dict[str, Any]] = []
        self.imports: dict[str, dict[str, Any]] = {}
        self.values: dict[str, Any] = outputs
        self.secrets: dict[str, Any] = {}
        self.content = ""
        self.error = ""
        self.errored: list[tuple[str, str]] = []
        self.unfinished: set[tuple[str, str]] = set()
        self.holder: LockHolder | None = None
        self.is_locked = False
        self.locks = 0
        self.own: LockHolder | None = LockHolder(
            id="1", path="b/x", operation="OperationTypeInvalid", who="me@here", created=0
        )
        self.console_code: int | None = None
        self.interrupted = False
        self.on_apply: Callable[[], object] = lambda: None
        self.planned: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        self.parallelism = 0
        self.done = [] if done is None else done
        self._name = f"{name} " if name else ""

    def init(self) -> None:
        """Nothing to find."""

    def plan(
        self,
        file: Path,
        *,
        destroy: bool = False,
        replace: Sequence[str] = (),
        targets: Sequence[str] = (),
        parallelism: int = PARALLELISM,
    ) -> bool:
        self.planned.append((tuple(replace), tuple(targets)))
        self.parallelism = parallelism
        return bool(self.changes)

    def refresh_only(self, file: Path, *, parallelism: int = PARALLELISM) -> None:
        """What was read is in the context."""

    def show(self, file: Path) -> dict[str, Any]:
        return {**self.context, **plan(*self.changes)}

    def state(self) -> dict[str, Any]:
        return {"values": {"root_module": {"resources": self.resources}}}

    def pull(self) -> str:
        return self.content

    def outputs(self) -> dict[str, Any]:
        return self.values

    def secret_outputs(self) -> dict[str, Any]:
        return self.secrets

    def apply(
        self, file: Path, on_event: Callable[[Event], None], *, parallelism: int = PARALLELISM
    ) -> Outcome:
        self.done.append(f"{self._name}apply")
        self.on_apply()
        if self.error:
            return Outcome(
                code=1,
                diagnostics=[Diagnostic(severity="error", summary=self.error)],
                errored=self.errored,
                unfinished=self.unfinished,
            )
        if not self.planned[-1][1]:
            self.changes, self.later = self.later, []
        return Outcome(code=0, interrupted=self.interrupted)

    def lock_holder(self) -> LockHolder | None:
        return self.own if self.is_locked else self.holder

    @contextmanager
    def locked(self) -> Iterator[HeldLock]:
        stack = f"test-{self._name.strip()}"
        if self.holder:
            raise StateLocked(stack, self.holder)
        self.is_locked = True
        self.locks += 1
        try:
            yield HeldLock(stack, ended=lambda: self.console_code, look=self.lock_holder)
        finally:
            self.is_locked = False

    def unlock(self, id_: str) -> None:
        self.done.append(f"unlock {id_}")
        self.holder = None

    def import_(self, address: str, id_: str) -> None:
        self.done.append(f"import {address} {id_}")
        self.resources.append(resource(address, id=id_, **self.imports.get(id_, {})))

    def untaint(self, address: str) -> None:
        self.done.append(f"untaint {address}")

    def forget(self, address: str) -> None:
        self.done.append(f"forget {address}")
        self.resources = [each for each in self.resources if each["address"] != address]


def give(patch: pytest.MonkeyPatch, **stacks: Terraform) -> None:
    """Has targets hand out these: ``cloud`` and ``services``."""
    patch.setattr(
        Target, "terraform", property(lambda self: stacks["cloud" if self.is_cloud else "services"])
    )


def install(patch: pytest.MonkeyPatch, folder: Path, *, version: str = "1.12.0") -> None:
    """Has this machine have a Terraform that knows no more than its version."""
    program = folder / "terraform"
    program.write_text(f"#!/bin/sh\necho '{json.dumps({'terraform_version': version})}'\n")
    program.chmod(0o755)
    patch.setenv("TERRAFORM_BINARY_NAME", str(program))
