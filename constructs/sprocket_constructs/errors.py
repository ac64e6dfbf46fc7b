"""The one error a reader of this library has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._cdktf import Construct


class ConstructError(ValueError):
    """A declaration that cannot become a working platform.

    The message carries the construct's path, what is wrong, what was allowed and what to do, in the words
    of the caller's API, so that it can be shown to a person as it is.
    """

    def __init__(self, where: Construct | str, problem: str, *, fix: str) -> None:
        path = where if isinstance(where, str) else where.node.path
        self.path = path
        self.problem = problem
        self.fix = fix
        super().__init__(f"{path}: {problem}; {fix}")


def stated(because: str) -> str:
    """The reason of an opt-out, for a reviewer to accept or not; a blank one is refused.

    Raises:
        ValueError: it is blank.
    """
    if not because.strip():
        raise ValueError("an exception needs a reason; say in a few words why it is right here")
    return because
