"""Goes back by itself when a deploy has lost pages."""

from __future__ import annotations

from rich.text import Text

from ops.deploy.observation import PagesLost
from ops.deploy.rollback import rollback
from ops.errors import OpsError, WrongUse
from ops.terminal import screen


def after(lost: PagesLost, environment: str, *, stable_s: float, parallelism: int) -> OpsError:
    """Takes the services back to the last release that converged, and returns what the deploy ends with.

    Nothing is asked: a deploy that was approved, in CI too, must not leave pages away while nobody looks.
    """
    screen.err.print(Text(f"{lost}\ngoing back to the last release of {environment} that converged"))
    try:
        rollback(environment, to=None, service="", stable_s=stable_s, parallelism=parallelism, ask=None)
    except WrongUse as error:
        return OpsError(f"{lost.problem}\nthis release stays: {error.problem}", fix=error.fix)
    except OpsError as error:
        return OpsError(f"{lost.problem}\ngoing back failed, too: {error}")
    still = [
        f"\n  and does not answer yet: {url}: {wrong}" for url, wrong in lost.observation.still_lost().items()
    ]
    return OpsError(
        f"{lost.problem}\n{environment} is back at the release before this deploy{''.join(still)}",
        fix="revert the change in git, or mend it: the next deploy goes forward again",
    )
