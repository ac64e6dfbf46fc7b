"""An update of something in the swarm, which the engine refuses where somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import docker.errors

from ops.errors import OpsError

_TIMES = 3


def update_current(
    what: str, inspect: Callable[[], Mapping[str, Any]], update: Callable[[Mapping[str, Any]], object]
) -> None:
    """Updates a service or a node as it is now, and repeats that if it was changed in between.

    Args:
        what: it is, for an error.
        inspect: reads it, with its version.
        update: takes what was read.

    Raises:
        OpsError: the engine refuses it for another reason, or once more at the third time; its cause is the engine's error.
    """
    for number in range(1, _TIMES + 1):
        try:
            update(inspect())
        except docker.errors.APIError as error:
            if number == _TIMES or "out of sequence" not in str(error):
                raise OpsError(f"{what}: {error.explanation or error}") from error
        else:
            return
