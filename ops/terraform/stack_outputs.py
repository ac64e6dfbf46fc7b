"""Values that the services stack needs and the cloud stack has as outputs, such as a database's password."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ops.errors import OpsError, Refused
from ops.terraform import secrets
from ops.terraform.missing_values import state_credentials
from ops.terraform.target import Target, Targets


def names_from_cloud(
    document: Mapping[str, Any], cloud: Target, environment: Mapping[str, str] = os.environ
) -> list[str]:
    """Variables of a services stack that are not supplied and that the cloud stack has an output for."""
    offered = cloud.document.get("output", {})
    return [name for name in secrets.names(document, environment) if name in offered]


def with_cloud_outputs(targets: Targets) -> Target:
    """The services stack with the values that the cloud stack's outputs hold.

    Outputs and variables go by the same name. What was supplied as ``TF_VAR_...`` is left as it is.

    Raises:
        OpsError: the outputs cannot be read; the services stack cannot be deployed without them.
    """
    cloud, services = targets.cloud, targets.services
    names = names_from_cloud(services.document, cloud) if cloud else []
    if cloud is None or not names:
        return services
    lacking = [value.obstacle for value in state_credentials(cloud.document)]
    if lacking:
        raise Refused(f"the outputs of {cloud.stack} cannot be read", lacking)
    cloud.terraform.init()
    outputs = {**cloud.terraform.outputs(), **cloud.terraform.secret_outputs()}
    values = {name: str(outputs[name]) for name in names if outputs.get(name)}
    return services.given(values)


def with_cloud_outputs_if_known(targets: Targets) -> Target:
    """The same for a plan, which can do without."""
    try:
        return with_cloud_outputs(targets)
    except OpsError:
        return targets.services
