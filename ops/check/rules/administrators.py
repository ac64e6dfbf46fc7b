"""What opens all of a server is read where no worker can be."""

from __future__ import annotations

from collections.abc import Iterator

from ops.check.finding import Finding
from ops.check.platform import Platform

_OFF_WORKERS = ("node.role==manager", "node.labels.storage==")
"""Managers, and the node of a store, whose data is there anyhow."""


def administrators_stay_off_workers(platform: Platform) -> Iterator[Finding]:
    """Also where there is no worker yet: one that is added must not get them."""
    administrators = {secret.name: secret for secret in platform.declared.secrets if secret.administers}
    for service in platform.services:
        if any(constraint.startswith(_OFF_WORKERS) for constraint in service.constraints):
            continue
        for name in sorted({name for file in service.files for name in file.secrets} & administrators.keys()):
            yield Finding(
                path=f"{service.path}: placement",
                what=f"reads {name} and may run on a worker",
                cause=f"the secret opens all of {administrators[name].administers}, and who takes over a worker has what its tasks read",
                fix="service.runs_on(NodeSelector.managers()), or give it an account that can do no more than it needs",
            )
