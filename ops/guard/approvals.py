"""What was approved for one apply."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ops.guard.acknowledged_change import AcknowledgedChange


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """What a command approves by itself, and what the environment's file acknowledges.

    Args:
        replace: names of droplets that may be replaced.
        destroy: names of droplets that may be destroyed.
        moves: names of volumes that may be detached from their droplet.
        renewed: addresses of generated secrets that get new values.
        purges: the environment's name was typed to delete its data and secrets.
        earlier_release: the services are those of a release that has run before: what it opens and interrupts was accepted then.
        acknowledged: entries that count where their kind, what they are about and the day fit.
    """

    replace: Collection[str] = ()
    destroy: Collection[str] = ()
    moves: Collection[str] = ()
    renewed: Collection[str] = ()
    purges: bool = False
    earlier_release: bool = False
    acknowledged: Sequence[AcknowledgedChange] = ()
