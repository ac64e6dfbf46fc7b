"""Questions before something is changed.

A change that another deploy can undo shows its plan and asks yes or no; ``--yes`` answers. Deleting data has the
environment's name typed; ``--confirm NAME`` answers, and ``--yes`` does not. An environment on this machine's own engine is
deployed and switched off without asking, as long as its data stays.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from ops import errors
from ops.terminal import screen

if TYPE_CHECKING:
    from layers.settings.environment import Environment

NOT_A_TERMINAL = "stdin is not a terminal"


def question(settings: Environment, *, yes: bool) -> Callable[[str], bool] | None:
    """What asks before a plan is applied; none where no question is asked."""
    return None if yes or settings.engine.is_here else confirmed


def loss(settings: Environment, given: str | None) -> Callable[[str], None] | None:
    """What has the name typed before a deploy loses data; none elsewhere, where a file has to acknowledge each loss.

    Raises:
        WrongUse: the name is given for an environment elsewhere.
    """
    if settings.engine.is_here:
        return lambda warning: typed(settings.name, given, warning)
    if given is not None:
        raise errors.WrongUse(
            f"--confirm {given}: {settings.name} is not on this machine's engine, so no option confirms that data is lost",
            fix="acknowledge each change: docs/runbooks/acknowledge-a-change.md",
        )
    return None


def confirmed(text: str) -> bool:
    """Asks yes or no.

    Raises:
        WrongUse: stdin is not a terminal.
    """
    if not sys.stdin.isatty():
        raise errors.WrongUse(
            f"{NOT_A_TERMINAL}, so no question can be asked: {text}",
            fix="add --yes to apply without asking; the plan is printed either way",
        )
    return typer.confirm(text)


def typed(env: str, given: str | None, warning: str) -> None:
    """Has the environment's name typed, unless an option gave it.

    Raises:
        WrongUse: it is another name, or stdin is not a terminal.
    """
    if given is None and not sys.stdin.isatty():
        raise errors.WrongUse(f"{warning}; {NOT_A_TERMINAL}", fix=f"confirm with --confirm {env}")
    if given is None:
        screen.err.print(warning, markup=False)
        given = str(typer.prompt(f"type {env} to continue"))
    if given != env:
        raise errors.WrongUse(
            f"{given!r} is not {env!r}; nothing was changed", fix=f"confirm with --confirm {env}"
        )
