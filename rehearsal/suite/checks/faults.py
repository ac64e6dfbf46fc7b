"""The API fails: rate limit, errors, slow actions, a droplet that never starts, an apply that is stopped halfway."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from ops.paths import STATE
from rehearsal.suite.check import Check
from rehearsal.suite.checks.disaster import destroy_all
from rehearsal.suite.health import wait_until_healthy
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

PASSING = (
    "GET /v2/droplets/* 429 x1",
    "GET /v2/volumes/* 500 x1",
    "GET /v2/firewalls/* 500 x1",
)
SLOW = "POST /v2/reserved_ips/*/actions slow=5 x1"
"""Met once in all: by the first deploy that finds the droplet with the address running. Which one that is depends on the droplet that never starts."""

STOPS_S = 90.0


def faults(world: World) -> str:
    """Deletes the droplets, then makes the API fail in each way while they are created again."""
    destroy_all(world)
    words = ("deploy", "--env", world.environment, "--only", "cloud", "--yes")
    waiting = {SLOW}
    told = [
        _never(world, words),
        _refused(world, words, waiting),
        _killed(world, words, waiting),
        _passing(world, words, waiting),
    ]
    world.ops("deploy", "--env", world.environment, "--only", "services", "--yes", "--stable", "5")
    wait_until_healthy(world)
    if orphans := world.emulator.orphans(_state(world)):
        raise CheckFailed(f"in the API but in no state: {', '.join(f'{o.type} {o.name}' for o in orphans)}")
    return "; ".join(told) + "; nothing orphaned"


def _never(world: World, words: tuple[str, ...]) -> str:
    """A droplet stays new forever; the interrupted apply ends in order and keeps its state."""
    _set(world, "POST /v2/droplets never x1")
    running = world.begin(*words)
    world.until(STOPS_S, lambda: bool(world.droplets()), "the first droplet is asked for")
    time.sleep(2)
    running.process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    code = running.wait(STOPS_S)
    world.emulator.faults.clear()
    if code == 0 or code < 0:
        raise CheckFailed(f"a stopped apply ended with {code}: {' | '.join(running.heard[-3:])}")
    return f"never active: stopped in order after {time.monotonic() - started:.0f} s"


def _refused(world: World, words: tuple[str, ...], waiting: set[str]) -> str:
    """A permanent error is reported with the API's message."""
    _set(world, "POST /v2/droplets 422", *waiting)
    running = world.begin(*words)
    world.end(running, expect=(1,))
    waiting &= _cleared(world)
    if not any("/v2/droplets: 422" in line for line in running.heard):
        raise CheckFailed(f"the error does not contain the API's message: {' | '.join(running.heard[-4:])}")
    return "refused: told"


def _killed(world: World, words: tuple[str, ...], waiting: set[str]) -> str:
    """Terraform is killed while it creates a droplet, and cannot record it. The next deploy imports it."""
    ordered = set(world.droplets().values())
    _set(world, "POST /v2/droplets slow=6 x1", *waiting)
    running = world.begin(*words)
    world.until(STOPS_S, lambda: bool(set(world.droplets().values()) - ordered), "a droplet is asked for")
    for process in _tree(running.process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    running.wait(STOPS_S)
    new = set(world.droplets().values()) - ordered
    waiting &= _cleared(world)
    world.killed |= new
    return "killed halfway"


def _tree(pid: int) -> list[int]:
    """A process and all its descendants, the youngest last."""
    found = [pid]
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = entry.read_text().rpartition(")")[2].split()
            if int(words[1]) == pid:
                found += _tree(int(entry.parent.name))
    return found


def _passing(world: World, words: tuple[str, ...], waiting: set[str]) -> str:
    """Passing errors are retried until the request works."""
    _set(world, *PASSING, *waiting)
    started = time.monotonic()
    world.ops(*words)
    left = _cleared(world)
    if lost := world.killed - set(world.droplets().values()):
        raise CheckFailed(f"a droplet of a killed apply was not imported: {lost}")
    if left:
        raise CheckFailed(f"these faults were never met: {', '.join(sorted(left))}")
    return f"{len(PASSING) + 1} passing faults (429, 500, slow) in {time.monotonic() - started:.0f} s"


def _cleared(world: World) -> set[str]:
    """Takes all faults back; returns those that no request has met."""
    left = {fault.text() for fault in world.emulator.faults.all()}
    world.emulator.faults.clear()
    return left


def _set(world: World, *texts: str) -> None:
    from rehearsal.emulator.faults import Fault

    world.emulator.faults.clear()
    for text in texts:
        world.say(f"from now on: {text}")
        world.emulator.faults.add(Fault.parse(text))


def _state(world: World) -> Path:
    return world.cloud.state_file or STATE / "state" / f"{world.cloud.stack}.tfstate"


FAULTS = Check(
    name="faults",
    what="the API fails in every way: reported or retried, the next deploy finishes",
    run=faults,
)
