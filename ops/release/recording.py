"""Records a release while it is deployed: it is there before the first change, so that a killed deploy leaves its trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ops.errors import OpsError
from ops.release import deploy_metric
from ops.release.archive import Archive, archive_of
from ops.release.changes import changes_between
from ops.release.commit import commit_here
from ops.release.release import Outcome, Release, Smoke
from ops.release.stack_file import images_in, key_of
from ops.terminal import screen
from ops.terraform.apply import Approve, then
from ops.terraform.target import Target

DEPLOY = "deploy"


@contextmanager
def recorded(
    target: Target, cloud: Target | None, *, cause: str = DEPLOY, asked_for: bool = True
) -> Iterator[Recording]:
    """Records what a deploy makes of a services stack.

    A release is recorded when its plan is approved, and gets its outcome at the end. A deploy of what the last release
    asks for already is no new one: it gives that release its outcome. Where nothing was approved, nothing is recorded,
    unless the deploy ends well and the last release asks for something else.

    A release that cannot be recorded is a warning: the deploy goes on.

    Args:
        cloud: the environment's other stack, whose outputs going back needs.
        cause: what made it.
        asked_for: whether a person or a workflow wants it. One that is not, such as going back by itself, leaves the alert on failed
            deploys as it is when it ends well: the deploy that was wanted has failed.
    """
    recording = Recording(target, cloud, cause, asked_for=asked_for)
    try:
        yield recording
    except (OpsError, KeyboardInterrupt) as error:
        recording.failed(error)
        raise
    recording.converged()


class Recording:
    """The release that is deployed now. Made by :func:`recorded`."""

    def __init__(self, target: Target, cloud: Target | None, cause: str, *, asked_for: bool) -> None:
        self._target = target
        self._cloud = cloud
        self._cause = cause
        self._asked_for = asked_for
        self._began = False
        self._release: Release | None = None
        self._given_up = False
        self.came_from: Release | None = None
        """The last release that converged before this one, where this one asks for something else. Known once it is recorded."""

    def begins_with(self, approve: Approve) -> Approve:
        """The same approval; once given, the release is recorded."""

        def begin(plan: Mapping[str, Any]) -> None:
            self._began = True
            self._quietly(self._begin)

        return then(approve, begin)

    @property
    def failed_before(self) -> str:
        """Why the last deploy of the same failed; empty where it did not, or nobody knows."""
        reasons: list[str] = []

        def read(archive: Archive) -> None:
            last = archive.last()
            if last is not None and last.services == key_of(self._target.document) and not last.converged:
                reasons.append(last.reason)

        self._quietly(read)
        return "".join(reasons)

    def failed(self, error: BaseException) -> None:
        """Its deploy failed after it began."""
        if self._release is not None:
            # Of an error of several lines the first says what failed; the others may be long.
            self._end(outcome=Outcome.FAILED, reason=(str(error).splitlines() or ["interrupted"])[0][:300])
        if self._began:
            deploy_metric.tell(self._target, failed=True)

    def converged(self) -> None:
        """Its services run as declared."""
        if self._release is None:
            self._quietly(self._begin_if_new)
        if self._release is not None:
            self._end(outcome=Outcome.CONVERGED, reason="")
        if self._asked_for:
            deploy_metric.tell(self._target, failed=False)

    def _begin_if_new(self, archive: Archive) -> None:
        last = archive.last()
        if last is None or last.services != key_of(self._target.document) or not last.converged:
            self._begin(archive)

    def _begin(self, archive: Archive) -> None:
        document, releases = self._target.document, archive.releases()
        last = releases[-1] if releases else None
        if last is not None and last.services == key_of(document):
            self._release = last.model_copy(update={"outcome": Outcome.UNFINISHED})
            archive.update(self._release)
            return
        earlier = [each for each in releases if each.converged]
        self._release = archive.add(
            Release(
                number=1,
                environment=self._target.name,
                at=datetime.now(UTC),
                commit=commit_here(),
                cause=self._cause,
                images=images_in(document),
                changes=_changes(archive, last, document),
                services=archive.keep(document),
                cloud=archive.keep(self._cloud.document) if self._cloud else "",
            )
        )
        if earlier and earlier[-1].services != key_of(document):
            self.came_from = earlier[-1]

    def _end(self, **ending: object) -> None:
        assert self._release is not None
        self._release = ended = self._release.model_copy(update=ending)

        def end(archive: Archive) -> None:
            archive.update(ended)
            archive.trim()

        self._quietly(end)

    def _quietly(self, work: Callable[[Archive], None]) -> None:
        if self._given_up:
            return
        try:
            work(archive_of(self._target.settings))
        except (OpsError, OSError) as error:
            self._given_up = True
            screen.warn(f"warning: this release is not recorded, so no rollback can go back to it: {error}")


def _changes(archive: Archive, last: Release | None, document: Mapping[str, Any]) -> str:
    try:
        return changes_between(archive.stack(last.services) if last else None, document)
    except OpsError:
        return f"unknown: the stack of release {last.number if last else 0} cannot be read"


def record_smoke(target: Target, *, passed: bool) -> None:
    """Notes the result of a smoke test with the release that runs; only where the files still ask for that release.

    Where releases cannot be read or written, this is a warning: the smoke test itself has its result.
    """
    try:
        archive = archive_of(target.settings)
        last = archive.last()
        if last is not None and last.converged and last.services == key_of(target.document):
            smoke = Smoke.PASSED if passed else Smoke.FAILED
            archive.update(last.model_copy(update={"smoke": smoke}))
    except (OpsError, OSError) as error:
        screen.warn(f"warning: the result is not noted with the release: {error}")
