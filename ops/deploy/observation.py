"""Watches the pages of an environment across a deploy: one that answered before and stays away after it failed the deploy."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ops.errors import OpsError
from ops.smoke.availability import unanswered
from ops.smoke.browser import Reach
from ops.smoke.scene import Scene, scene_of
from ops.terminal import screen
from ops.terminal.counted import counted
from ops.terraform.apply import Approve
from ops.terraform.target import Target

PAUSE_S = 2.0
FAILURES = 3
"""Readings in a row: one lost answer, such as a connection that its old task had open, is no failure."""


class PagesLost(OpsError):
    """Pages that answered before a deploy do not after it.

    Args:
        observation: that found it, to ask again.
    """

    def __init__(self, problem: str, observation: Observation) -> None:
        super().__init__(problem)
        self.observation = observation


class Observation:
    """The pages of a deploy's environment, read before it and, for a while, after it.

    Only pages that answered before are judged. One that is new, or was away already, is named in a warning: a release cannot have
    broken it, and going back would not mend it. So a first deploy, and one from where the pages cannot be reached, is not judged.

    Args:
        seconds: how long to watch; 0 to not watch at all.
    """

    def __init__(self, target: Target, seconds: float) -> None:
        self._target = target
        self._seconds = seconds
        self._before: set[str] | None = None

    @cached_property
    def _scene(self) -> Scene:
        return scene_of(self._target, Reach())

    def begins_with(self, approve: Approve) -> Approve:
        """The same approval; once given, the pages are read. Not again before a second apply: by then something has changed."""

        def approved(plan: Mapping[str, Any]) -> bool:
            if not approve(plan):
                return False
            if self._seconds and self._before is None:
                with screen.doing("reading the pages before anything is changed"):
                    self._before = self._urls - unanswered(self._scene).keys()
            return True

        return approved

    @property
    def _answered(self) -> set[str]:
        return self._before or set()

    @property
    def _urls(self) -> set[str]:
        return {route.url for route in self._scene.routes}

    def watch(self) -> None:
        """Reads the pages until the time is over and none has just failed.

        Raises:
            PagesLost: one that answered before has failed in each of the last readings.
        """
        if not self._seconds or not self._urls:
            return
        if not self._answered:
            screen.err.print("no page answered from here before this deploy: none is watched")
            return
        with screen.doing() as say:
            deadline = time.monotonic() + self._seconds
            failed: Counter[str] = Counter()
            while True:
                left = max(deadline - time.monotonic(), 0)
                say(f"watching {counted(len(self._answered), 'page')} for {left:.0f} s")
                found = unanswered(self._scene, self._answered)
                failed = Counter({url: failed[url] + 1 for url in found})
                lost = {url: found[url] for url, times in failed.items() if times >= FAILURES}
                if lost:
                    raise PagesLost(_told(lost), self)
                if not found and time.monotonic() >= deadline:
                    break
                time.sleep(PAUSE_S)
        self._warn_of_the_others()
        screen.err.print(
            f"{counted(len(self._answered), 'page')} answered for {self._seconds:g} s after the services converged"
        )

    def still_lost(self) -> dict[str, str]:
        """Pages that answered before the deploy and do not now, with what came instead."""
        return unanswered(self._scene, self._answered)

    def _warn_of_the_others(self) -> None:
        others = self._urls - self._answered
        for url, wrong in sorted(unanswered(self._scene, others).items()) if others else ():
            screen.warn(f"warning: {url} did not answer before this deploy, and does not now: {wrong}")


def _told(lost: Mapping[str, str]) -> str:
    pages = [f"{url}: {wrong}" for url, wrong in sorted(lost.items())]
    if len(pages) == 1:
        return f"{pages[0]}; it answered before this deploy"
    return "\n  ".join([f"{len(pages)} pages that answered before this deploy do not now", *pages])
