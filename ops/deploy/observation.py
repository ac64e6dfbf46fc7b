"""Watches the pages of an environment across a deploy: one that answered before and stays away after it fails the deploy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ops.errors import OpsError
from ops.release.recording import Recording
from ops.release.release import Release
from ops.smoke.availability import Unanswered, unanswered
from ops.smoke.browser import Reach
from ops.smoke.scene import Scene, scene_of
from ops.terminal import screen
from ops.terminal.counted import counted
from ops.terraform.apply import Approve, then
from ops.terraform.target import Target

PAUSE_S = 2.0
FAILURES, LEAST_S = 3, 15.0
"""A page is lost after so many readings in a row that fail, and so many seconds: a lost answer or a short gap is no failure of a release."""


class PagesLost(OpsError):
    """Pages that answered before a deploy do not after it.

    Args:
        observation: that found it, to ask again.
        back_to: the release that ran before; none where nobody knows it, or it asks for the same.
    """

    def __init__(self, problem: str, observation: Observation, back_to: Release | None) -> None:
        super().__init__(problem)
        self.observation = observation
        self.back_to = back_to


class Observation:
    """The pages of a deploy's environment, read before it and, for a while, after it.

    Only pages that answered before are judged. One that is new, or was away already, is named in a warning: a release cannot have
    broken it, and going back would not bring it back. So a first deploy, and one from where the pages cannot be reached, is not judged.

    Args:
        seconds: how long to watch; 0 to not watch at all.
    """

    def __init__(self, target: Target, seconds: float) -> None:
        self._target = target
        self._seconds = seconds
        self._answered: set[str] = set()

    @cached_property
    def _scene(self) -> Scene:
        return scene_of(self._target, Reach())

    def begins_with(self, approve: Approve) -> Approve:
        """The same approval; once given, the pages are read."""
        return then(approve, self._read_before) if self._seconds else approve

    def _read_before(self, plan: Mapping[str, Any]) -> None:
        with screen.doing("reading the pages before anything is changed"):
            self._answered = self._urls - unanswered(self._scene).keys()

    @property
    def _urls(self) -> set[str]:
        return {route.url for route in self._scene.routes}

    def conclude(self, recording: Recording, *, changed: bool) -> None:
        """Watches the pages after a deploy that has changed something; after another one, asks for those that the last one lost.

        Raises:
            PagesLost: see :meth:`watch`.
            OpsError: see :meth:`require_back`.
        """
        if changed:
            self.watch(recording.came_from)
        elif self._seconds:
            self.require_back(recording.failed_before)

    def watch(self, back_to: Release | None) -> None:
        """Reads the pages until the time is over and none has just failed.

        Args:
            back_to: see :class:`PagesLost`.

        Raises:
            PagesLost: one that answered before has failed in each of the last readings.
        """
        if not self._seconds or not self._urls:
            return
        if not self._answered:
            screen.err.print("no page answered from here before this deploy: none is watched")
            return
        with screen.doing() as say:
            blind = self._read(say, back_to)
        if blind:
            screen.warn(f"warning: no page can be reached from here any more, so none is judged: {blind}")
            return
        self._warn_of_the_others()
        screen.err.print(
            f"{counted(len(self._answered), 'page')} answered for {self._seconds:g} s after the services converged"
        )

    def _read(self, say: screen.Say, back_to: Release | None) -> str:
        """Says why nothing is reached from here, where that is so at the end."""
        deadline = time.monotonic() + self._seconds
        failures: dict[str, list[float]] = {}
        while True:
            now = time.monotonic()
            say(f"watching {counted(len(self._answered), 'page')} for {max(deadline - now, 0):.0f} s")
            found = unanswered(self._scene, self._answered)
            blind = len(found) == len(self._answered) and not any(each.reached for each in found.values())
            if blind and now >= deadline:
                return str(next(iter(found.values())))
            if not blind:
                failures = {url: [*failures.get(url, []), now] for url in found}
            lost = {
                url: found[url]
                for url, times in failures.items()
                if len(times) >= FAILURES and now - times[0] >= LEAST_S and url in found
            }
            if lost and not blind:
                raise PagesLost(_told(lost), self, back_to)
            if not found and now >= deadline:
                return ""
            time.sleep(PAUSE_S)

    def still_lost(self) -> dict[str, Unanswered]:
        """Pages that answered before the deploy and do not now, with what came instead."""
        return unanswered(self._scene, self._answered)

    def require_back(self, reason: str) -> None:
        """Asks again for the pages for which a release failed, where the next deploy has nothing to change.

        Args:
            reason: why it failed.

        Raises:
            OpsError: one of them is still away.
        """
        named = {url for url in self._urls if url in reason} if reason else set()
        if named and (found := unanswered(self._scene, named)):
            pages = "\n  ".join(f"{url}: {wrong}" for url, wrong in sorted(found.items()))
            raise OpsError(
                f"the last deploy lost pages, and they are still away\n  {pages}",
                fix=f"go back: python -m ops rollback --env {self._target.name}; or correct it and deploy that; --observe 0 does not ask for pages",
            )

    def _warn_of_the_others(self) -> None:
        others = self._urls - self._answered
        for url, wrong in sorted(unanswered(self._scene, others).items()) if others else ():
            screen.warn(f"warning: {url} did not answer before this deploy, and does not now: {wrong}")


def _told(lost: Mapping[str, Unanswered]) -> str:
    """All addresses are in the first line: it is what a release keeps of it."""
    pages = [f"{url}: {wrong}" for url, wrong in sorted(lost.items())]
    if len(pages) == 1:
        return f"{pages[0]}; it answered before this deploy"
    first = f"{len(pages)} pages that answered before this deploy do not now: {', '.join(sorted(lost))}"
    return "\n  ".join([first, *pages])
