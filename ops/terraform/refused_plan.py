"""What to do about a plan that Terraform itself refuses to make."""

from __future__ import annotations

from layers.cloud.protected import STEPS
from layers.cloud.way_out import way_out
from ops.errors import OpsError
from ops.terraform.runner import TerraformFailed


def explained(error: TerraformFailed) -> OpsError:
    """The error, with what to do where the reason is known."""
    sentences = way_out("\n".join(f"{one.summary}\n{one.detail}" for one in error.outcome.errors))
    return OpsError(error.problem, fix="\n  ".join([*sentences, STEPS])) if sentences else error
