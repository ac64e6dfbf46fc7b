"""Runs one rehearsal from start to end."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from layers.loading import load_environment
from ops.deploy.package_images import build_images
from ops.errors import OpsError, WrongUse
from ops.paths import STATE
from ops.report.programs import Program, programs_of
from ops.terminal import screen
from rehearsal.suite import report, surroundings
from rehearsal.suite.checks import CHECKS
from rehearsal.suite.cold_start import STEPS
from rehearsal.suite.diary import Diary
from rehearsal.suite.health import wait_until_healthy
from rehearsal.suite.outcome import CheckFailed, Outcome
from rehearsal.suite.world import World

FOLDER = STATE / "rehearsal"


class _Ended(Exception):
    """The remaining steps cannot run."""


class Rehearsal:
    """Runs steps and checks, and keeps their outcomes."""

    def __init__(self, environment: str, *, only: tuple[str, ...], diary: Diary) -> None:
        self.environment = environment
        self.diary = diary
        self.outcomes: list[Outcome] = []
        self.notes: dict[str, str] = {}
        self.stand_ins: tuple[tuple[str, str], ...] = ()
        self.programs: dict[str, Program] = {}
        self._checks = [check for check in CHECKS if not only or check.name in only]

    @property
    def failed(self) -> bool:
        """Whether any step or check failed."""
        return any(each.ok is False for each in self.outcomes)

    def run(self, *, keep: bool) -> None:
        """Runs all steps and checks; a failed cold start ends the run."""
        if not self.step("images", lambda: _built(self.diary)):
            return
        with suppress(_Ended), self._world() as world:
            for name, step in STEPS.items():
                if not self.step(name, lambda step=step: step(world)):  # type: ignore[misc]  # a bound loop variable
                    self._write_node_status(world)
                    return
            self._check(world)
            self.notes |= world.notes
            if keep:
                _keep_running(self.diary)

    def _check(self, world: World) -> None:
        """Runs all checks. After a failed one, repairs the platform first, so that the next check starts from a healthy one."""
        lost = ""
        for check in self._checks:
            why = check.applies(world) or (lost if check.needs_platform else "")
            if why:
                self.outcomes.append(Outcome(name=check.name, ok=None, seconds=0, found=why))
            elif not self.step(check.name, lambda check=check: check.run(world)):  # type: ignore[misc]
                lost = self._repaired(world, check.name)

    def _repaired(self, world: World, after: str) -> str:
        """Deploys again; returns why the remaining checks cannot run if that does not help."""
        self.diary.say("repairing the platform", style="bold")
        world.emulator.faults.clear()
        try:
            world.ops("deploy", "--env", world.environment, "--yes", "--stable", "5")
            wait_until_healthy(world)
        except Exception as error:  # any error is in the diary; the failed check is the finding
            self.diary.say(f"  {error}", style="red")
            return f"the platform did not recover after {after}"
        return ""

    def step(self, name: str, work: Callable[[], str]) -> bool:
        """Runs one, reports progress, keeps its outcome, and returns whether it passed."""
        self.diary.say(name, style="bold")
        started = time.monotonic()
        try:
            found, ok = work(), True
        except (CheckFailed, OpsError) as error:
            found, ok = str(error), False
        except (
            Exception
        ) as error:  # a machine that does not boot, a check that is wrong: neither is a success
            found, ok = f"{type(error).__name__}: {error}", False
            for line in traceback.format_exc().splitlines():
                self.diary.say(f"    {line}", shown=False)
        seconds = time.monotonic() - started
        self.outcomes.append(Outcome(name=name, ok=ok, seconds=seconds, found=found))
        word = "passed" if ok else "FAILED"
        self.diary.say(f"{name}: {word} ({seconds:.0f} s) {found}", style="green" if ok else "red")
        return ok

    @contextmanager
    def _world(self) -> Iterator[World]:
        from rehearsal.droplets import Box
        from rehearsal.emulator import MachineError
        from rehearsal.emulator.settings import Seconds

        settings = load_environment(self.environment)
        quick = Seconds(create=0.2, action=0.2, destroy=0.2, database=1, firewall=0.2)
        with ExitStack() as stack:
            try:
                box = stack.enter_context(Box(FOLDER / "box", say=lambda text: self.diary.say(f"  {text}")))
            except MachineError as error:
                raise OpsError(f"the box cannot be created: {error}") from None
            self.stand_ins = box.stand_ins
            surroundings.forget(settings)
            with box.emulator(seconds=quick) as emulator:
                world = World(
                    environment=self.environment,
                    folder=FOLDER,
                    box=box,
                    emulator=emulator,
                    diary=self.diary,
                )
                if not self.step("providers", lambda: _initialised(world)):
                    raise _Ended
                found = surroundings.variables(settings, FOLDER, box, emulator.url)
                surroundings.write_script(FOLDER / "environment.sh", found)
                os.environ.update(found)
                try:
                    yield world
                finally:
                    self.programs = programs_of(world.services.wanted)

    def _write_node_status(self, world: World) -> None:
        """Writes the nodes' own status to the diary, for the person who looks for the cause."""
        for node in world.nodes:
            try:
                done = world.box.exec(node.name, "/usr/local/sbin/sprocket-ready", timeout=20)
                logs = world.box.exec(
                    node.name, "journalctl", "--no-pager", "-n", "15", "-u", "sprocket-*", timeout=20
                )
            except Exception as error:  # a node that is not there is no reason to say nothing of the others
                self.diary.say(f"  {node.name}: {error}")
                continue
            for line in [*done.stdout.splitlines(), *done.stderr.splitlines(), *logs.stdout.splitlines()]:
                self.diary.say(f"  {node.name}: {line}")


def rehearse(environment: str, *, keep: bool, only: tuple[str, ...], as_json: bool) -> bool:
    """Runs a rehearsal, prints its report, and returns whether all passed.

    Raises:
        WrongUse: a check that does not exist, or an environment without a cloud or with real credentials.
    """
    known = [check.name for check in CHECKS]
    if wrong := [name for name in only if name not in known]:
        raise WrongUse(f"--only {wrong[0]}: no such check", fix=f"use {', '.join(known)}")
    settings = load_environment(environment)
    if (
        settings.cloud is None
        or settings.state.backend != "local"
        or settings.secrets.supplied != "generated"
    ):
        raise WrongUse(
            f"{environment} cannot be rehearsed: a rehearsal needs a cloud, a local state and generated secrets",
            fix="use --env rehearsal",
        )
    started = time.monotonic()
    diary = Diary(FOLDER / "log")
    rehearsal = Rehearsal(environment, only=only, diary=diary)
    try:
        rehearsal.run(keep=keep)
    finally:
        diary.close()
    seconds = time.monotonic() - started
    if as_json:
        data = [each.as_data() for each in rehearsal.outcomes]
        print(
            json.dumps({"environment": environment, "seconds": round(seconds, 1), "outcomes": data}, indent=2)
        )
    else:
        screen.out.print(
            report.render(
                environment,
                rehearsal.outcomes,
                rehearsal.notes,
                rehearsal.stand_ins,
                seconds,
                rehearsal.programs,
            ),
            markup=False,
        )
    return not rehearsal.failed


def _built(diary: Diary) -> str:
    try:
        build_images()
    except OpsError:
        raise
    return ""


def _initialised(world: World) -> str:
    """Initializes Terraform before outside names stop resolving: it may have to download its providers."""
    for target in world.targets.all:
        target.terraform.init()
    return ""


def _keep_running(diary: Diary) -> None:
    """Waits for Ctrl-C; SIGTERM ends it in order, too."""
    ended = threading.Event()
    before = {n: signal.signal(n, lambda *_: ended.set()) for n in (signal.SIGINT, signal.SIGTERM)}
    diary.say(f"the box stays until Ctrl-C; in another shell: . {FOLDER / 'environment.sh'}")
    ended.wait()
    for number, handler in before.items():
        signal.signal(number, handler)
