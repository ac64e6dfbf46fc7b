"""Synthesizes one environment: what ``cdktf`` runs.

``SPROCKET_ENV`` names the environment (default ``local``); ``SPROCKET_POWER=off`` leaves out everything but data and
generated secrets, which is how an environment is stopped. ``SPROCKET_PROBLEMS_FILE`` names a file for whoever runs this
from a program: what is wrong with the settings is written there too, as a JSON list of :class:`layers.errors.Problem`.
"""

import gc
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

# jsii starts with the first import below, and would say in eleven lines that this release of Node is old.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

from sprocket_constructs import ConstructError

from layers import provider_locks
from layers.errors import Problem, SettingsError
from layers.services import synthesize


def main() -> int:
    """Writes ``cdktf.out``; 1 and one line on stderr when the declaration cannot become a platform."""
    # Nothing here lives long enough to be worth looking for garbage.
    gc.disable()
    power = os.environ.get("SPROCKET_POWER", "on")
    if power not in ("on", "off"):
        print(f"error: SPROCKET_POWER is {power!r}; use on or off", file=sys.stderr)
        return 2
    try:
        synthesize(os.environ.get("SPROCKET_ENV", "local"), off=power == "off")
    except (SettingsError, ConstructError) as error:
        print(f"error: {error}", file=sys.stderr)
        if path := os.environ.get("SPROCKET_PROBLEMS_FILE"):
            Path(path).write_text(json.dumps([asdict(problem) for problem in _problems(error)]))
        return 1
    provider_locks.lay(Path(os.environ.get("CDKTF_OUTDIR", "cdktf.out")))
    return 0


def _problems(error: SettingsError | ConstructError) -> tuple[Problem, ...]:
    if isinstance(error, SettingsError):
        return error.problems
    return (Problem(problem=error.problem, fix=error.fix, setting=error.path),)


if __name__ == "__main__":
    sys.exit(main())
