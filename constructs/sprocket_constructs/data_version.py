"""Which version of its program last had a service's data, kept in Terraform's state."""

from __future__ import annotations

from ._cdktf import TerraformResource
from .service import SwarmService

TYPE = "terraform_data"
"""Terraform's own resource for a value in state; it needs no provider."""


class DataVersion(TerraformResource):
    """Program and version, written before the service gets its image.

    The service itself does not say it: its tag may be a hash, and it leaves the state when the environment is switched off,
    while the data stays. Written first, so that a rollout that fails half way counts as having had the data.
    """

    def __init__(self, service: SwarmService) -> None:
        super().__init__(service, "data-version", terraform_resource_type=TYPE)
        image = service.image
        self.add_override("input", {"program": image.program, "version": image.program_version})

    def stays(self) -> None:
        """Keeps what it says: the environment is switched off, so no other version gets the data."""
        self.add_override("lifecycle.ignore_changes", ["input"])
