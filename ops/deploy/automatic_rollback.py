"""Goes back by itself when a deploy has lost pages."""

from __future__ import annotations

from rich.text import Text

from layers.errors import SettingsError
from ops.deploy.observation import PagesLost
from ops.deploy.rollback import rollback
from ops.errors import Interrupted, OpsError
from ops.terminal import screen


def after(lost: PagesLost, environment: str, *, stable_s: float, parallelism: int) -> OpsError:
    """Takes the services back to the release that ran before, and returns what the deploy ends with.

    Nothing is asked: a deploy that was approved, in CI too, must not leave pages away while nobody looks.
    """
    back_to = lost.back_to
    if back_to is None:
        return OpsError(
            f"{lost.problem}\nthis release stays: no other release is known to have run before it",
            fix=f"python -m ops releases --env {environment} lists what there is to go back to",
        )
    screen.err.print(Text(f"{lost}\ngoing back to release {back_to.number} of {environment}"))
    try:
        rollback(
            environment,
            to=back_to.number,
            service="",
            stable_s=stable_s,
            parallelism=parallelism,
            ask=None,
            asked_for=False,
        )
    except Interrupted as error:
        return Interrupted(f"{lost.problem}\ngoing back was stopped: {error}")
    except (OpsError, SettingsError) as error:
        return OpsError(f"{lost.problem}\ngoing back failed, too: {error}")
    still = lost.observation.still_lost().items()
    away = "".join(f"\n  and does not answer yet: {url}: {wrong}" for url, wrong in still)
    return OpsError(
        f"{lost.problem}\n{environment} is back at release {back_to.number}{away}",
        fix="revert the change in git, or correct it: the next deploy goes forward again",
    )
