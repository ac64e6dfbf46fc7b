"""What all our command lines share: errors as text or JSON, exit codes, Ctrl-C and SIGTERM in order."""

from __future__ import annotations

import json
import os
import signal
import sys
from types import FrameType
from typing import Any

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

import typer
from typer.exceptions import TyperException

from images import ImagesError
from layers.errors import SettingsError
from ops import errors
from ops.programs import PROGRAMS, not_installed
from ops.terminal import screen

JSON = "--json"


def run(app: typer.Typer) -> None:
    """Runs a command line and exits: 0 success, 1 a finding or a failure, 2 wrong usage, 130 interrupted.

    An error that a person can act on is printed to stderr, never as a traceback. With ``--json`` stdout gets it too, as
    ``{"error": {"problem", "fix", "problems": [...]}, "exit_code"}``: a program that reads stdout finds one JSON document
    however the command ended.
    """
    signal.signal(signal.SIGTERM, _as_interrupt)
    sys.unraisablehook = _without_jsii
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        code = _wrong_use(error)
    except (typer.Abort, KeyboardInterrupt):
        code = _fail(errors.Interrupted("interrupted"))
    except (errors.OpsError, SettingsError, ImagesError) as error:
        code = _fail(error)
    except BrokenPipeError:
        # The reader of our output has gone, as `| head` does. Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = errors.FINDING
    except OSError as error:
        if error.filename is None:
            raise
        code = _fail(_unusable(error))
    else:
        if code == errors.INTERRUPTED:
            code = _fail(errors.Interrupted("interrupted"))
    sys.exit(code or errors.FINE)


def _fail(error: Exception) -> int:
    screen.fail(str(error))
    code = errors.exit_code(error)
    if code == errors.INTERRUPTED:
        # Ctrl-C reaches jsii's Node process as well; what it says about that is of no use.
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # until the end of the process
    if JSON in sys.argv[1:]:
        print(json.dumps({"error": errors.as_data(error), "exit_code": code}, indent=2))
    return code


def _wrong_use(error: TyperException) -> int:
    context: Any = getattr(error, "ctx", None)
    if context is not None and type(error).__name__ == "NoArgsIsHelpError":
        # typer has printed the help; without a command there is nothing to run.
        return errors.WRONG_USE
    see = f"see {context.command_path} --help" if context is not None else ""
    message = error.format_message().rstrip(".")
    return _fail(errors.WrongUse(message[:1].lower() + message[1:], fix=see))


def _unusable(error: OSError) -> errors.OpsError:
    command = "node" if error.filename == os.environ.get("JSII_NODE") else str(error.filename)
    if isinstance(error, FileNotFoundError) and command in PROGRAMS:
        return not_installed(command)
    return errors.OpsError(
        f"{error.filename}: {error.strerror}", fix="check that it exists and that you may use it"
    )


def _without_jsii(unraisable: sys.UnraisableHookArgs) -> None:
    """jsii stops its Node process when Python exits, also one that Ctrl-C ended before or that was never started."""
    if "_NodeProcess" not in repr(unraisable.object):
        sys.__unraisablehook__(unraisable)


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
