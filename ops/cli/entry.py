"""What all our command lines share: errors as text, exit codes, Ctrl-C and SIGTERM in order."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

import typer

from images import ImagesError
from layers.errors import SettingsError
from ops import errors
from ops.terminal import screen


def run(app: typer.Typer) -> None:
    """Runs a command line: errors that a person can act on come out as text, never as a traceback."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    sys.unraisablehook = _without_farewell
    try:
        app()
    except errors.WrongUse as error:
        screen.fail(str(error))
        sys.exit(errors.WRONG_USE)
    except errors.Interrupted as error:
        screen.fail(str(error))
        sys.exit(errors.INTERRUPTED)
    except (errors.OpsError, SettingsError, ImagesError) as error:
        screen.fail(str(error))
        sys.exit(errors.FINDING)
    except KeyboardInterrupt:
        screen.fail("stopped")
        sys.exit(errors.INTERRUPTED)


def _without_farewell(unraisable: sys.UnraisableHookArgs) -> None:
    """Ctrl-C reaches jsii's Node process as well; at exit jsii says good-bye to nobody, which is no news."""
    if not isinstance(unraisable.exc_value, BrokenPipeError):
        sys.__unraisablehook__(unraisable)


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
