"""What opens all of a server is read where no worker can be."""

from __future__ import annotations

from collections.abc import Iterator

from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.model.constraint import Constraint, DescribedNode

_A_WORKER = DescribedNode(role="worker")


def administrators_stay_off_workers(platform: Platform) -> Iterator[Finding]:
    """Also where there is no worker yet: one that is added must not get them."""
    administrators = {secret.name: secret for secret in platform.declared.secrets if secret.administers}
    for service in platform.services:
        if any(map(_is_off_workers, service.constraints)):
            continue
        for name in sorted({name for file in service.files for name in file.secrets} & administrators.keys()):
            yield Finding(
                path=f"{service.path}: placement",
                what=f"reads {name} and may run on a worker",
                cause=f"the secret opens all of {administrators[name].administers}, and who takes over a worker has what its tasks read",
                fix="service.runs_on(NodeSelector.managers()), or give it an account that can do no more than it needs",
            )


def _is_off_workers(constraint: str) -> bool:
    """Managers, and the node of a store, whose data is there anyhow."""
    try:
        found = Constraint.parse(constraint)
    except ValueError:
        return False
    return found.met_by(_A_WORKER) is False or (found.label == "storage" and found.equal)
