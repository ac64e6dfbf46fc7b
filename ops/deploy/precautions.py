"""What a deploy of services does besides applying a plan, to notice a bad release early."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Precautions:
    """Before a plan is applied, and after it.

    Args:
        pull_ahead: have every node that may run a new image pull it before anything that runs is touched.
        trial_boot: boot each new image beside the platform before anything that runs is touched.
        copy_first: copy a database before a new image migrates it.
        observe_s: seconds for which the pages are watched once the services have converged. Where one is lost, the services go
            back to the release before, without asking. 0 to not watch.
    """

    pull_ahead: bool = True
    trial_boot: bool = True
    copy_first: bool = False
    observe_s: float = 0.0
