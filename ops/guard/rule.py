"""One kind of change that the guard stops: how it is found, and what to do instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ops.guard.approvals import Approvals
from ops.guard.kind import Kind
from ops.guard.stack_change import StackChange


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One change of a rule's kind.

    Args:
        about: what an acknowledgement names it by: a Terraform address, an address on the web.
        what: what would happen, and what that means.
        fix: what to do instead, where the rule's own sentence does not fit.
    """

    about: str
    what: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A row of the guard's table.

    Args:
        reads: which changes it looks at, in words.
        losses: finds them; those that a command approves are left out.
        fix: what to do instead.
        typed_here: on this machine's engine a deploy asks for the environment's name, and takes it as the approval.
        only_elsewhere: it does not count on this machine's engine, which nobody else uses.
    """

    kind: Kind
    reads: str
    losses: Callable[[StackChange, Approvals], Iterable[Loss]]
    fix: str
    typed_here: bool = False
    only_elsewhere: bool = False
