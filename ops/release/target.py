"""A stack of a release, written to where Terraform runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from layers.settings.environment import Environment
from ops.errors import OpsError
from ops.paths import stack_folder
from ops.release.combination import with_state_here
from ops.terraform.target import Target


def written(settings: Environment, stack: str, document: Mapping[str, Any]) -> Target:
    """The stack in the folder that synthesis uses, too: providers are installed there. The next command synthesizes again.

    Raises:
        OpsError: the folder cannot be written.
    """
    here, folder = with_state_here(document), stack_folder(stack)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cdk.tf.json").write_text(json.dumps(here, indent=2))
    except OSError as error:
        raise OpsError(
            f"{folder} cannot be written: {error.strerror}", fix="check that it is yours"
        ) from None
    return Target(settings=settings, stack=stack, document=here, folder=folder)
