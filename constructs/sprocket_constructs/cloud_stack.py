"""The Terraform stack with the nodes of one environment and everything that they need."""

from __future__ import annotations

import json

from ._cdktf import (
    Construct,
    RandomProvider,
    TerraformOutput,
    TerraformStack,
    TerraformVariable,
    TerraformVariableValidationConfig,
)
from ._cdktf.cloud import DigitaloceanProvider, TlsProvider
from .stack import RANDOM_PROVIDER

DIGITALOCEAN_PROVIDER = "2.71.0"
"""The version whose traps these constructs know."""

TLS_PROVIDER = ">= 4.0.4, < 5.0.0"
"""The bindings name one exact version, without need: any 4.x keeps its state."""


class CloudStack(TerraformStack):
    """One Terraform stack of cloud resources, with the DigitalOcean, random and tls providers.

    Nothing of an account or an endpoint is in it: the providers read DIGITALOCEAN_TOKEN, DIGITALOCEAN_API_URL,
    SPACES_ACCESS_KEY_ID, SPACES_SECRET_ACCESS_KEY and SPACES_ENDPOINT_URL.

    What holds data or a name in the world has ``prevent_destroy``. Where there may be several (volumes, buckets,
    databases), they are instances of one resource: Terraform forgets ``prevent_destroy`` with the block that it
    stands in, and this block stays when the last instance is taken out of the settings.
    """

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        DigitaloceanProvider(self, "digitalocean")
        RandomProvider(self, "random")
        TlsProvider(self, "tls")
        self.add_override("terraform.required_providers.digitalocean.version", DIGITALOCEAN_PROVIDER)
        self.add_override("terraform.required_providers.random.version", RANDOM_PROVIDER)
        self.add_override("terraform.required_providers.tls.version", TLS_PROVIDER)

    def tells(self, name: str, value: str, *, sensitive: bool = False) -> None:
        """An output of that exact name.

        Args:
            sensitive: not shown unless asked for by name.
        """
        output = TerraformOutput(self, f"output-{name}", value=value, sensitive=sensitive or None)
        output.override_logical_id(name)

    def supplied(
        self, name: str, description: str, *, sensitive: bool = True, pattern: str | None = None
    ) -> str:
        """The expression of a variable that somebody has to give before a deploy.

        Args:
            name: of the variable; ``TF_VAR_<name>`` gives it.
            description: what it is and where one gets it.
            sensitive: not shown in a plan.
            pattern: regular expression (Terraform's) that the value, without space at its ends, must match.
        """
        check = TerraformVariableValidationConfig(
            condition=f"${{can(regex({json.dumps(pattern)}, trimspace(var.{name})))}}",
            error_message=f"TF_VAR_{name} must be: {description}.",
        )
        variable = TerraformVariable(
            self,
            f"variable-{name}",
            type="string",
            sensitive=sensitive or None,
            nullable=False,
            description=description,
            validation=[check] if pattern else None,
        )
        variable.override_logical_id(name)
        return f"${{var.{name}}}"
