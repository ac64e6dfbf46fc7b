"""Boots new images in a place of their own, each after what it needs, as far as there is memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from ops.boot.container import memory_of
from ops.boot.needs import Needs
from ops.boot.new_images import NewImage
from ops.boot.outcome import Outcome, Reached, Verdict
from ops.boot.throwaway import NotStarted, Seen, Throwaway
from ops.model.service import Service
from ops.registry.pull import OutOfTime
from ops.terminal.amounts import size
from ops.terminal.screen import Say

LONGEST_S = 120.0
"""Until a container must be healthy. With empty data that takes seconds; the start period that is declared allows for more."""

UNCHECKED_S = 20.0
"""How long a container without a health check must run."""

AT_ONCE = 4
"""Containers that boot at the same time, beside those that are up: the node has other work."""

INTERVAL_S = 1.0

TRIAL_S = 900.0
"""Until the whole trial ends. All services of local took three minutes on two cores; a deploy must not wait for one image without end."""

NO_TIME = f"no time left: a trial ends after {TRIAL_S / 60:.0f} minutes"


class Turn(Enum):
    """What a container of a service shows."""

    FIRST = auto()
    """How the new image fares."""
    CONTROL = auto()
    """How the one that runs now does, in the same place."""
    AGAIN = auto()
    """Whether the new one fails a second time, as the swarm would start it again, too."""


@dataclass
class _Boot:
    """One service in the trial: with its new image, or as something that others need."""

    service: Service
    new: NewImage | None = None
    container: str = ""
    since: float = 0.0
    turn: Turn = Turn.FIRST
    outcome: Outcome | None = None
    earlier: Outcome | None = None
    control: Outcome | None = None
    skipped: str = ""
    is_settled: bool = False

    @property
    def image(self) -> str:
        return self.new.running if self.new and self.turn is Turn.CONTROL else self.service.image.reference

    @property
    def serves(self) -> bool:
        """Whether others find it as they need it."""
        last = self.control if self.turn is Turn.CONTROL else self.outcome
        return last is not None and last.has_passed


class Run:
    """One trial.

    Args:
        throwaway: where it takes place.
        needs: of all services of the stack.
        spare: bytes of memory that the node has to spare, asked before the first start and each further one.
        say: shows what is being done.
        tell: takes each verdict as soon as it is known.
    """

    def __init__(
        self,
        throwaway: Throwaway,
        needs: Needs,
        images: Sequence[NewImage],
        *,
        spare: Callable[[], int],
        say: Say,
        tell: Callable[[Verdict], object],
    ) -> None:
        self._throwaway = throwaway
        self._needs = needs
        self._look_for_spare = spare
        self._spare = self._spare_now = 0
        self._began = 0.0
        self._say = say
        self._tell = tell
        new = {each.service.name: each for each in images}
        self._boots: Mapping[str, _Boot] = {
            name: _Boot(needs.services[name], new.get(name)) for name in needs.world_of(new)
        }
        self._told: list[Verdict] = []

    def verdicts(self) -> list[Verdict]:
        """Boots all, and says what came of each new image. An image that cannot be pulled ends the trial before it begins; what is
        left after ``TRIAL_S`` is not booted."""
        self._began = time.monotonic()
        self._pull()
        self._spare = self._look_for_spare()
        while not self._told_all():
            for boot in self._booting():
                self._look(boot)
            if self._is_over():
                self._end()
            self._remove_unneeded()
            self._start_what_is_ready()
            self._tell_news()
            if not self._told_all():
                self._say(f"trial boot: {', '.join(boot.service.name for boot in self._booting())}")
                time.sleep(INTERVAL_S)
        return self._told

    def _told_all(self) -> bool:
        return len(self._told) == sum(boot.new is not None for boot in self._boots.values())

    def _tell_news(self) -> None:
        told = {each.service.name for each in self._told}
        for name, boot in self._boots.items():
            if boot.new and boot.is_settled and name not in told:
                verdict = self._verdict(boot)
                self._told.append(verdict)
                self._tell(verdict)

    def _verdict(self, boot: _Boot) -> Verdict:
        return Verdict(
            service=boot.service,
            outcome=boot.outcome,
            earlier=boot.earlier,
            control=boot.control,
            runs=bool(boot.new and boot.new.running),
            lacks=self._lacks(boot),
            skipped=boot.skipped,
        )

    def _is_over(self) -> bool:
        return time.monotonic() - self._began >= TRIAL_S

    def _end(self) -> None:
        for boot in self._boots.values():
            if boot.new and not boot.is_settled:
                self._skip(boot, NO_TIME)

    def _lacks(self, boot: _Boot) -> tuple[str, ...]:
        name = boot.service.name
        ill = [each for each in self._needs.before(name) if not self._boots[each].serves]
        return (*self._needs.missing(name), *(f"a healthy {each}" for each in ill))

    # -- pulling --------------------------------------------------------------------------------------------

    def _pull(self) -> None:
        new = [boot for boot in self._boots.values() if boot.new]
        for boot in new:
            self._say(f"pulling {boot.service.image}")
            try:
                self._throwaway.pull(boot.image, self._is_over)
            except NotStarted as error:
                self._settle(boot, _not_started(error))
            except OutOfTime:
                self._skip(boot, NO_TIME)
        if any(boot.outcome for boot in new):
            for boot in new:
                if not boot.is_settled:
                    self._skip(boot, "another image cannot be pulled")

    # -- starting -------------------------------------------------------------------------------------------

    def _start_what_is_ready(self) -> None:
        while ready := self._ready():
            booting = self._booting()
            if len(booting) >= AT_ONCE:
                return
            self._spare_now = self._look_for_spare()
            fitting = next((boot for boot in ready if memory_of(boot.service) <= self._room(boot)), None)
            if fitting:
                self._start(fitting)
            elif booting:
                return
            else:
                self._skip(ready[0], self._no_memory(ready[0]))

    def _ready(self) -> list[_Boot]:
        """Those that can start now: all that they need is up, or never will be."""
        if self._told_all():
            return []
        return [
            boot
            for name, boot in self._boots.items()
            if not boot.container
            and not boot.is_settled
            and all(self._boots[each].is_settled for each in self._needs.before(name))
            and self._is_needed(boot)
        ]

    def _room(self, boot: _Boot) -> int:
        """Bytes that it may take. What others only need leaves room for the largest image that is yet to be judged."""
        taken = sum(memory_of(other.service) for other in self._boots.values() if other.container)
        open_ = [
            memory_of(other.service) for other in self._boots.values() if other.new and not other.is_settled
        ]
        return min(self._spare - taken, self._spare_now) - (0 if boot.new else max(open_, default=0))

    def _skip(self, boot: _Boot, why: str) -> None:
        self._stop(boot)
        boot.skipped = why
        boot.is_settled = True

    def _no_memory(self, boot: _Boot) -> str:
        needed, left = memory_of(boot.service), max(0, self._room(boot))
        return f"it may take {size(needed)} of memory, and the node has {size(left)} to spare"

    def _start(self, boot: _Boot) -> None:
        socket = self._needs.socket_of(boot.service.name)
        if socket:
            self._skip(boot, f"it needs {socket} of the node, which a trial does not get")
            return
        try:
            boot.container = self._throwaway.start(
                boot.service,
                boot.image,
                volumes="-control" if boot.turn is Turn.CONTROL else "",
                is_over=self._is_over,
            )
        except NotStarted as error:
            self._settle(boot, _not_started(error))
            return
        except OutOfTime:
            self._skip(boot, NO_TIME)
            return
        boot.since = time.monotonic()

    # -- looking --------------------------------------------------------------------------------------------

    def _booting(self) -> list[_Boot]:
        return [boot for boot in self._boots.values() if boot.container and not boot.is_settled]

    def _look(self, boot: _Boot) -> None:
        seen = self._throwaway.look(boot.container)
        outcome = _outcome(boot.service, seen, time.monotonic() - boot.since)
        if outcome is None:
            return
        if not outcome.has_passed:
            outcome = replace(outcome, log=self._throwaway.log(boot.container))
        if outcome.reached is Reached.ENDED:
            self._stop(boot)
        self._settle(boot, outcome)

    def _settle(self, boot: _Boot, outcome: Outcome) -> None:
        """Takes an outcome in. Where a new image fails, the one that runs now is booted in its place: if it does no better, the
        trial lacks something. If it does, the new one gets a second start."""
        if boot.turn is Turn.CONTROL:
            boot.control = outcome
        else:
            boot.earlier, boot.outcome = boot.outcome, outcome
        following = self._following(boot)
        if following is None:
            boot.is_settled = True
        else:
            self._stop(boot)
            boot.turn = following

    def _following(self, boot: _Boot) -> Turn | None:
        if boot.new is None or boot.outcome is None or boot.outcome.has_passed or boot.outcome.of_image:
            return None
        if boot.turn is Turn.FIRST and boot.new.running:
            return Turn.CONTROL
        if boot.turn is not Turn.AGAIN and self._verdict(boot).is_worse:
            return Turn.AGAIN
        return None

    def _remove_unneeded(self) -> None:
        for boot in self._boots.values():
            if boot.container and boot.is_settled and not self._is_needed(boot):
                self._stop(boot)

    def _is_needed(self, boot: _Boot) -> bool:
        """Whether a new image is yet to be judged with it."""
        name = boot.service.name
        return any(
            other.new and not other.is_settled and (other is boot or name in self._needs.all_before(each))
            for each, other in self._boots.items()
        )

    def _stop(self, boot: _Boot) -> None:
        if boot.container:
            self._throwaway.stop(boot.container)
            boot.container = ""


def _not_started(error: NotStarted) -> Outcome:
    return Outcome(reached=Reached.NOTHING, what=str(error), of_image=error.of_image)


def _outcome(service: Service, seen: Seen, seconds: float) -> Outcome | None:
    """What a container has come to; nothing while that is open."""
    if seen.exit_code is not None:
        memory = f", out of memory (its limit is {size(memory_of(service))})" if seen.out_of_memory else ""
        what = f"ended with exit code {seen.exit_code}{memory} after {seconds:.0f} s"
        return Outcome(reached=Reached.ENDED, what=what)
    if seen.health == "healthy":
        return Outcome(reached=Reached.PASSED, what=f"healthy after {seconds:.0f} s")
    if not seen.health and seconds >= UNCHECKED_S:
        what = f"started, ran for {seconds:.0f} s; it declares no health check"
        return Outcome(reached=Reached.PASSED, what=what)
    if seen.health == "unhealthy" or seconds >= LONGEST_S:
        said = f", its health check printed {seen.printed!r}" if seen.printed else ""
        return Outcome(reached=Reached.RUNS, what=f"started, is not healthy after {seconds:.0f} s{said}")
    return None
