"""Removing things of an engine that somebody may use again, or remove, at the same time."""

from __future__ import annotations

from collections.abc import Callable

import docker.errors

from ops.errors import OpsError

_GONE_OR_USED = (404, 409)


def removed(remove: Callable[[str], object], id_: str, *, called: str) -> bool:
    """Removes one, and says whether it did: one that is gone or in use by now is left.

    Args:
        called: how an error names it.

    Raises:
        OpsError: the engine refuses for another reason.
    """
    try:
        remove(id_)
    except docker.errors.APIError as error:
        if error.status_code not in _GONE_OR_USED:
            raise OpsError(f"{called}: {error.explanation or error}") from None
        return False
    return True
