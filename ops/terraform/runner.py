"""Runs Terraform, or OpenTofu, in a stack's folder and reads its JSON."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.captured import captured
from ops.errors import Interrupted, OpsError
from ops.lines import lines_in, text_of
from ops.terminal.interrupts import passing_on
from ops.terraform.held_lock import HeldLock
from ops.terraform.lock_holder import REFUSED, LockHolder, StateLocked, holder_in

Event = Mapping[str, Any]
"""One line of ``terraform apply -json``."""

INIT_TIMEOUT_S = 90
PARALLELISM = 30
"""Services converge side by side and each poll sleeps, so Terraform's own 10 makes a first start twice as long."""

STALE = ("Saved plan is stale", "Saved plan does not match the given state")
"""Terraform's and OpenTofu's refusals of a plan whose state is another one by now."""

NO_STATE = "No state file was found"
"""What commands on a state say that does not exist yet; they have taken its lock before."""

_PROMPT = re.compile(rb"(?:^|[\r\n]|\x1b\[J)> ")

PRIVATE = 0o077
"""The umask that it runs with: states and plans hold secrets, and Terraform itself lets everybody read them."""


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """An error or warning of Terraform."""

    severity: str
    summary: str
    detail: str = ""
    address: str = ""

    def __str__(self) -> str:
        text = f"{self.address}: {self.summary}" if self.address else self.summary
        return f"{text}\n{self.detail}".strip()


@dataclass
class Outcome:
    """How a streamed run ended."""

    code: int
    diagnostics: list[Diagnostic] = field(default_factory=list)
    errored: list[tuple[str, str]] = field(default_factory=list)
    """Address and action (create, update, delete) of every resource whose change failed."""
    unfinished: set[tuple[str, str]] = field(default_factory=set)
    """The same of every resource that this run began to change, until it had done it."""
    interrupted: bool = False

    def interrupt(self) -> None:
        """It was interrupted."""
        self.interrupted = True

    @property
    def errors(self) -> list[Diagnostic]:
        """What made it fail."""
        return [d for d in self.diagnostics if d.severity == "error"]

    @property
    def is_stale(self) -> bool:
        """Whether the plan was refused because the state had changed since."""
        return any(error.summary in STALE for error in self.errors)

    @property
    def is_locked_out(self) -> bool:
        """Whether the state's lock was refused; :class:`StateLocked` only where Terraform said who has it."""
        return any(REFUSED in error.summary for error in self.errors)


class TerraformFailed(OpsError):
    """A run that Terraform itself ended with errors."""

    def __init__(self, what: str, outcome: Outcome) -> None:
        self.outcome = outcome
        found = (
            "\n".join(str(error) for error in outcome.errors) or f"exit code {outcome.code}, without a reason"
        )
        super().__init__(f"{what}: {found}")


def program() -> str:
    """The program that is run: what ``TERRAFORM_BINARY_NAME`` says, as for the ``cdktf`` command line.

    Without it terraform, or tofu on a machine that has only that.
    """
    if named := os.environ.get("TERRAFORM_BINARY_NAME"):
        return named
    return "tofu" if shutil.which("terraform") is None and shutil.which("tofu") else "terraform"


def encrypts() -> bool:
    """Whether the state's encryption is configured; only OpenTofu knows it (docs/runbooks/state.md)."""
    return bool(os.environ.get("TF_ENCRYPTION"))


def _name() -> str:
    return Path(program()).name


class Terraform:
    """Terraform for one stack: the folder that holds its ``cdk.tf.json``.

    ``cdktf`` uses the same folder, so both find one initialised backend and one set of providers.

    Args:
        variables: values of Terraform variables by name, besides those in ``TF_VAR_...``.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._variables = dict(variables or {})

    def init(self) -> None:
        """Finds the providers and the state.

        Raises:
            OpsError: one of them cannot be reached; the message is Terraform's own.
        """
        run = self._run(["init", "-input=false", "-no-color"], timeout=INIT_TIMEOUT_S)
        if run.returncode:
            raise OpsError(f"{_name()} init: {_first_error(run.stderr or run.stdout)}")

    def plan(
        self,
        file: Path,
        *,
        destroy: bool = False,
        replace: Sequence[str] = (),
        targets: Sequence[str] = (),
        parallelism: int = PARALLELISM,
    ) -> bool:
        """Makes a plan and saves it; says whether it has changes. The file holds secrets: remove it after use.

        Args:
            replace: addresses of resources to replace although nothing about them changes.
            targets: addresses of all that may change, with their dependencies; empty for everything.
        """
        words = [
            "plan",
            "-json",
            "-input=false",
            "-detailed-exitcode",
            f"-out={file}",
            f"-parallelism={parallelism}",
        ]
        words += ["-destroy"] if destroy else []
        words += [f"-replace={address}" for address in replace]
        words += [f"-target={address}" for address in targets]
        outcome = self._stream(words, lambda event: None)
        if outcome.interrupted:
            raise Interrupted("interrupted while planning; nothing was changed")
        if outcome.code not in (0, 2):
            raise TerraformFailed(f"{_name()} plan", outcome)
        file.chmod(0o600)
        return outcome.code == 2

    def refresh_only(self, file: Path, *, parallelism: int = PARALLELISM) -> None:
        """Asks the providers what exists and saves that as a plan, also where a plan of changes is refused.

        The file holds secrets: remove it after use.
        """
        words = [
            "plan",
            "-refresh-only",
            "-json",
            "-input=false",
            f"-out={file}",
            f"-parallelism={parallelism}",
        ]
        outcome = self._stream(words, lambda event: None)
        if outcome.interrupted:
            raise Interrupted("interrupted while reading; nothing was changed")
        if outcome.code:
            raise TerraformFailed(f"{_name()} plan -refresh-only", outcome)
        file.chmod(0o600)

    def show(self, file: Path) -> dict[str, Any]:
        """A saved plan as JSON."""
        return self._json(["show", "-json", str(file)])

    def state(self) -> dict[str, Any]:
        """The state as JSON; an empty mapping when there is none."""
        return self._json(["show", "-json"])

    def pull(self) -> str:
        """The state as it is stored, decrypted; empty when there is none. It holds secrets.

        Raises:
            OpsError: it cannot be read.
        """
        run = self._run(["state", "pull"], timeout=INIT_TIMEOUT_S)
        if run.returncode:
            raise OpsError(f"{_name()} state pull: {_first_error(run.stderr)}")
        return run.stdout

    def outputs(self) -> dict[str, Any]:
        """Values of the outputs that are not sensitive."""
        found = self._json(["output", "-json"])
        return {name: entry["value"] for name, entry in found.items() if not entry.get("sensitive")}

    def secret_outputs(self) -> dict[str, Any]:
        """Values of the sensitive outputs: for other programs' input, never for a screen."""
        found = self._json(["output", "-json"])
        return {name: entry["value"] for name, entry in found.items() if entry.get("sensitive")}

    def apply(
        self, file: Path, on_event: Callable[[Event], None], *, parallelism: int = PARALLELISM
    ) -> Outcome:
        """Applies a saved plan, telling every event.

        Ctrl-C is passed on once: Terraform then finishes running operations and saves its state; this waits for it.

        Raises:
            StateLocked: somebody else has the state's lock; nothing was begun.
        """
        return self._stream(
            ["apply", "-json", "-input=false", f"-parallelism={parallelism}", str(file)], on_event
        )

    def import_(self, address: str, id_: str) -> None:
        """Imports an existing resource into the state.

        Raises:
            OpsError: there is no such thing, or the state has that address already.
        """
        words = ["import", "-input=false", "-no-color", address, id_]
        run = self._run(words, timeout=INIT_TIMEOUT_S)
        if run.returncode:
            self._refused_by_lock(run.stderr + run.stdout)
            raise OpsError(f"{_name()} import of {address}: {_first_error(run.stderr or run.stdout)}")

    def forget(self, address: str) -> None:
        """Removes an entry from the state; the resource stays."""
        run = self._run(["state", "rm", address], timeout=INIT_TIMEOUT_S)
        if run.returncode:
            self._refused_by_lock(run.stderr + run.stdout)
            raise OpsError(f"{_name()} state rm of {address}: {_first_error(run.stderr or run.stdout)}")

    def untaint(self, address: str) -> None:
        """Takes back that an apply gave up on a resource, so that the next one keeps it."""
        run = self._run(["untaint", "-no-color", address], timeout=INIT_TIMEOUT_S)
        if run.returncode:
            self._refused_by_lock(run.stderr + run.stdout)
            raise OpsError(f"{_name()} untaint of {address}: {_first_error(run.stderr or run.stdout)}")

    def lock_holder(self) -> LockHolder | None:
        """Who has the state's lock; none where it is free. Takes it for a moment, which is the only sure way to know.

        Raises:
            OpsError: the state cannot be reached.
        """
        # A removal that is only shown, of what no state has, takes the lock and nothing else.
        run = self._run(["state", "rm", "-dry-run", "terraform_data.of_no_stack"], timeout=INIT_TIMEOUT_S)
        holder = holder_in(run.stderr + run.stdout) if run.returncode else None
        if run.returncode and holder is None and NO_STATE not in run.stderr + run.stdout:
            raise OpsError(
                f"{_name()} cannot tell whether the state is locked: {_first_error(run.stderr or run.stdout)}"
            )
        return holder

    def require_unlocked(self) -> None:
        """Raises :class:`StateLocked` while somebody has the state's lock."""
        holder = self.lock_holder()
        if holder:
            raise StateLocked(self.folder.name, holder)

    @contextmanager
    def locked(self) -> Iterator[HeldLock]:
        """Holds the state's lock, for a change of the environment that is not Terraform's own; yields what tells whether it still does.

        Terraform has no command for that, but its console holds the lock until its terminal closes (internal/command/console.go). The
        system closes it with this process, however that ends.

        Raises:
            StateLocked: somebody else has it.
            OpsError: the console does not open; the message is Terraform's own. Or it has no lock.
        """
        ours, terminal = pty.openpty()
        try:
            # With the option's default, a local state would be another file's.
            process = subprocess.Popen(
                [program(), "console", "-state="],
                cwd=self.folder,
                env=_environment(self._variables),
                stdin=terminal,
                stdout=terminal,
                stderr=subprocess.PIPE,
                umask=PRIVATE,
                # Ctrl-C is for this process, which ends the console in order. A session's leader would be killed with its terminal,
                # and leave the lock.
                process_group=0,
            )
        except OSError as error:
            os.close(ours)
            raise self._not_started(error) from None
        finally:
            os.close(terminal)
        opened, said = False, b""
        try:
            opened = _prompts(ours, INIT_TIMEOUT_S)
            if opened:
                yield HeldLock(self.folder.name, ended=process.poll, look=self.lock_holder)
        finally:
            os.close(ours)
            try:
                said = process.communicate(timeout=INIT_TIMEOUT_S)[1]
            except subprocess.TimeoutExpired:
                process.kill()
                said = process.communicate()[1]
        if not opened:
            self._refused_by_lock(text_of(said))
            raise OpsError(f"{_name()} console, which holds the state's lock: {_first_error(text_of(said))}")

    def unlock(self, id_: str) -> None:
        """Removes a lock that was left behind.

        Raises:
            OpsError: there is no such lock.
        """
        run = self._run(["force-unlock", "-force", id_], timeout=INIT_TIMEOUT_S)
        if run.returncode:
            raise OpsError(f"{_name()} force-unlock {id_}: {_first_error(run.stderr or run.stdout)}")

    def _refused_by_lock(self, text: str) -> None:
        holder = holder_in(text)
        if REFUSED in text and holder:
            raise StateLocked(self.folder.name, holder)

    def _json(self, words: Sequence[str]) -> dict[str, Any]:
        run = self._run(words, timeout=INIT_TIMEOUT_S)
        if run.returncode:
            raise OpsError(f"{_name()} {words[0]}: {_first_error(run.stderr or run.stdout)}")
        try:
            document: dict[str, Any] = json.loads(run.stdout or "{}")
        except ValueError:
            raise OpsError(
                f"{_name()} {words[0]} wrote no JSON: {run.stdout.strip()[:200]!r}",
                fix=f"check that {program()} is Terraform or OpenTofu itself",
            ) from None
        return document

    def _run(self, words: Sequence[str], *, timeout: float) -> subprocess.CompletedProcess[str]:
        try:
            return captured(
                [program(), *words],
                folder=self.folder,
                environment=_environment(self._variables),
                timeout_s=timeout,
                umask=PRIVATE,
            )
        except subprocess.TimeoutExpired:
            raise OpsError(
                f"{_name()} {words[0]} took longer than {timeout:g} s",
                fix="check that the state's bucket and the provider registry can be reached, then run the same command again",
            ) from None
        except OSError as error:
            raise self._not_started(error) from None

    def _not_started(self, error: OSError) -> OpsError:
        if not self.folder.is_dir():
            return OpsError(
                f"there is no folder {self.folder}",
                fix="run the same command again; it synthesizes the stack",
            )
        return OpsError(
            f"{program()} cannot be run: {error.strerror or error}",
            fix="https://developer.hashicorp.com/terraform/install; another program: TERRAFORM_BINARY_NAME",
        )

    def _stream(self, words: Sequence[str], on_event: Callable[[Event], None]) -> Outcome:
        outcome = Outcome(code=0)
        try:
            process = subprocess.Popen(
                [program(), *words],
                cwd=self.folder,
                env=_environment(self._variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                umask=PRIVATE,
                # A group of its own: Ctrl-C at the terminal must reach Terraform once, through us, and no provider.
                start_new_session=True,
            )
        except OSError as error:
            raise self._not_started(error) from None
        with process, passing_on(process, outcome.interrupt):
            assert process.stdout is not None
            for line in process.stdout:
                event = _event(text_of(line))
                _note(event, outcome)
                on_event(event)
        outcome.code = process.returncode
        for each in outcome.errors:
            self._refused_by_lock(str(each))
        return outcome


def _prompts(terminal: int, timeout_s: float) -> bool:
    """Whether a console asks for its first expression. It has the lock by then."""
    deadline, said = time.monotonic() + timeout_s, b""
    while not _PROMPT.search(said):
        if not select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        try:
            said += os.read(terminal, 4096)
        except OSError:  # Linux' word for the end of a terminal.
            return False
    return True


def _event(line: str) -> Event:
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"type": "text", "@message": line.rstrip()}


def _note(event: Event, outcome: Outcome) -> None:
    if event.get("type") == "diagnostic":
        raw = event["diagnostic"]
        outcome.diagnostics.append(
            Diagnostic(
                severity=raw["severity"],
                summary=raw["summary"],
                detail=raw.get("detail") or "",
                address=raw.get("address") or "",
            )
        )
    elif event.get("type") in ("apply_start", "apply_complete", "apply_errored"):
        hook = event.get("hook") or {}
        change = (str((hook.get("resource") or {}).get("addr", "")), str(hook.get("action", "")))
        if event["type"] == "apply_complete":
            outcome.unfinished.discard(change)
        elif change[0]:
            outcome.unfinished.add(change)
        if event["type"] == "apply_errored":
            outcome.errored.append(change)
    elif event.get("type") == "text" and event.get("@message", "").startswith("Error"):
        outcome.diagnostics.append(Diagnostic(severity="error", summary=event["@message"]))


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    environment = {**os.environ, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
    environment |= {f"TF_VAR_{name}": value for name, value in variables.items()}
    # Arguments that a shell adds to every command would change the output that is read here.
    return {name: value for name, value in environment.items() if not name.startswith("TF_CLI_ARGS")}


def _first_error(text: str) -> str:
    """Terraform's first error without its box, as one line."""
    lines = [line.strip("│╷╵ \t") for line in lines_in(text)]
    lines = [line for line in lines if line]
    start = next((i for i, line in enumerate(lines) if line.startswith("Error:")), 0)
    return " ".join(line.removeprefix("Error: ") for line in lines[start : start + 6]) or "it gave no reason"
