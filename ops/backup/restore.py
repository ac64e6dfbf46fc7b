"""Reads copies of stores back into the running platform."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ops.backup import side_by_side, trial
from ops.backup.copies import Copied, copied
from ops.backup.jobs import Job
from ops.backup.last_copy import LastCopy
from ops.backup.loading import loaded
from ops.backup.pause import Pause
from ops.backup.reasons import RUNBOOK
from ops.backup.snapshots import Snapshot, picked
from ops.backup.trial import Trial
from ops.backup.world import World
from ops.errors import Interrupted, OpsError
from ops.terminal.amounts import span
from ops.terminal.counted import counted
from ops.terminal.interrupts import postponing
from ops.terminal.screen import Say


@dataclass
class Restored:
    """What was done.

    Args:
        loss_s: for each store, how old its data is: what was written after is lost.
        before: copies of what was replaced.
        steps: seconds of each step, in order.
    """

    trials: dict[str, Trial] = field(default_factory=dict)
    before: dict[str, Copied] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    loss_s: dict[str, float] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "stores": {
                store: {
                    **done.as_data(),
                    "loss_seconds": round(self.loss_s[store]),
                    "before": self.before[store].as_data() if store in self.before else None,
                }
                for store, done in self.trials.items()
            },
            "steps": {step: round(seconds, 1) for step, seconds in self.steps.items()},
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        for store, done in self.trials.items():
            yield f"{store}: copy of {done.snapshot}; {counted(done.things, 'line')} of its manifest verified"
            yield f"  loss window: {span(self.loss_s[store])}"
            if store in self.before:
                yield f"  what was there before is snapshot {self.before[store].snapshot[:8]}"
        yield from (f"{step}: {span(seconds)}" for step, seconds in self.steps.items())
        yield f"in all: {span(sum(self.steps.values()))}"


class Restore:
    """One restore of one or more stores.

    No service ever runs on a store that is half loaded: Ctrl-C during a load waits for its end, and after a load that
    failed the services stay stopped. Everything before the load leaves the stores as they are.

    Args:
        at: the newest copies of this time or before, in seconds since 1970; ``None`` for the newest of all.
        without_copy: do not keep what is there now, for stores too broken to be copied.
        stable_s: services have converged when they have run the same tasks for so long.
    """

    def __init__(
        self,
        world: World,
        jobs: Sequence[Job],
        *,
        at: float | None,
        without_copy: bool = False,
        stable_s: float = 10.0,
    ) -> None:
        self._world = world
        self._jobs = list(jobs)
        self._without_copy = without_copy
        self._stable_s = stable_s
        self._spools = {job.store: world.spool(job) for job in jobs}
        for spool in self._spools.values():
            spool.check()
        snapshots = world.snapshots()
        self.snapshots: dict[str, Snapshot] = {
            job.store: picked(snapshots.get(job.store, ()), job.store, at) for job in jobs
        }
        self._pause = Pause(world, jobs)
        self._done = Restored()

    def warning(self) -> str:
        """What it will replace, what it stops, and for about how long."""
        lines = [f"restore replaces data of {self._world.name}:"]
        for job in self._jobs:
            where = f"server {job.server}" if job.server else "a server outside the swarm"
            lines.append(f"  {job.store} ({where}): copy of {self.snapshots[job.store]}")
        stopped = ", ".join([*self._pause.clients, *self._pause.servers]) or "no service"
        lines.append(f"stopped meanwhile, for about {span(self._estimate_s())}: {stopped}")
        if self._pause.cut_off:
            lines.append(f"stopped by an earlier restore, and started too: {', '.join(self._pause.cut_off)}")
        lines.append(
            "what is there now is NOT copied first"
            if self._without_copy
            else "what is there now is copied to the bucket first"
        )
        return "\n".join(lines)

    def try_copies(self, say: Say, *, drop: bool = False) -> Restored:
        """Fetches and verifies the copies, and touches nothing else.

        Args:
            drop: free the disk of them afterwards.

        Raises:
            OpsError: a copy cannot be fetched, or is not what was copied.
        """
        with self._step("fetch and verify"):
            works = {
                store: trial.tried(spool, self.snapshots[store]) for store, spool in self._spools.items()
            }
            self._done.trials = side_by_side.all_or_error(works, say)
        for store, snapshot in self.snapshots.items():
            self._done.loss_s[store] = time.time() - snapshot.time
        if error := trial.broken(self._done.trials):
            raise error
        if drop:
            self._drop_fetched()
        return self._done

    def run(self, say: Say, warn: Callable[[str], object]) -> Restored:
        """Does it.

        Args:
            warn: is told what Ctrl-C does while it is not followed at once.

        Raises:
            Interrupted: Ctrl-C; says what the stores have.
            OpsError: a step failed; says what the stores have, and which services are stopped.
        """
        try:
            self.try_copies(say)
            with self._step("stop services"):
                self._pause.stop_clients(say)
            with self._step("copy what is there"):
                self._copy_first(say)
            with self._step("stop servers"):
                self._pause.stop_servers(say)
            self._still_fetched()
        except KeyboardInterrupt:
            self._pause.undo(say)
            raise Interrupted(f"interrupted: {self._as_before()}", fix="run the same command again") from None
        except OpsError as error:
            self._pause.undo(say)
            raise OpsError(f"{error.problem}\n  {self._as_before()}", fix=error.fix) from None
        self._load(say, warn)
        return self._done

    def _load(self, say: Say, warn: Callable[[str], object]) -> None:
        stores = ", ".join(self._spools)
        told = f"Ctrl-C: waiting until {stores} is loaded and its services start; again leaves them stopped"
        try:
            with postponing(lambda: warn(told)) as interrupt:
                with self._step("load"):
                    works = {store: loaded(spool) for store, spool in self._spools.items()}
                    side_by_side.all_or_error(works, say)
                with self._step("start services"):
                    self._pause.start(say)
                    if not interrupt.came:
                        self._pause.wait(self._stable_s, say)
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted while {stores} was loaded; {self._half_loaded()}", fix=self._way_on()
            ) from None
        except OpsError as error:
            if "load" in self._done.steps:
                raise OpsError(f"{stores} restored; {error.problem}", fix=error.fix) from None
            raise OpsError(f"{error}\n  {self._half_loaded()}", fix=self._way_on()) from None
        self._drop_fetched()
        if interrupt.came:
            raise Interrupted(f"interrupted: {stores} restored; stopped services start again")

    def _copy_first(self, say: Say) -> None:
        if self._without_copy:
            return
        self._pause.start_cut_off_servers(say)
        works = {store: copied(spool) for store, spool in self._spools.items()}
        done, errors = side_by_side.side_by_side(works, say)
        self._done.before = done
        if errors:
            error = side_by_side.together(errors)
            raise OpsError(
                error.problem,
                fix=f"{error.fix + '; ' if error.fix else ''}if the store is too broken to be copied, add --without-copy: what is in it is then lost",
            )

    def _drop_fetched(self) -> None:
        for spool in self._spools.values():
            spool.drop_fetched()

    def _still_fetched(self) -> None:
        for store, spool in self._spools.items():
            if not spool.still_has(self._done.trials[store].request):
                raise OpsError(
                    f"{store}: another command fetched another copy meanwhile",
                    fix="run the command again when the other one has ended",
                )

    def _as_before(self) -> str:
        before = f"{', '.join(self._spools)} as before; services that were stopped start again"
        left = ", ".join(self._pause.cut_off)
        return f"{before}, but for those that an earlier restore left stopped: {left}" if left else before

    def _half_loaded(self) -> str:
        stopped = ", ".join(self._pause.all) or "no service"
        return f"a store may be half loaded, so these stay stopped: {stopped}"

    def _way_on(self) -> str:
        return (
            "run the same command again, with --without-copy if the store cannot be copied; to run on what is there: "
            f"python -m ops deploy --env {self._world.name}; {RUNBOOK}"
        )

    def _estimate_s(self) -> float:
        """From how long the last copies took: a copy, sending it, reading one back, and the tasks' start."""
        return (
            self._stable_s
            + 20
            + max(
                (_away_s(LastCopy.of(spool.state("sender"))) for spool in self._spools.values()), default=0.0
            )
        )

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = side_by_side.now()
        yield
        self._done.steps[name] = side_by_side.now() - began


def _away_s(last: LastCopy) -> float:
    return 2 * (last.copy_s or 0.0) + (last.send_s or 0.0)
