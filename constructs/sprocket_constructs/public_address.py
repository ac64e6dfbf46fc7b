"""The reserved address that DNS names point to."""

from ._cdktf import Construct, TerraformResourceLifecycle, Token
from ._cdktf.cloud import ReservedIp, ReservedIpAssignment
from .droplet import Droplet


class PublicAddress(Construct):
    """A reserved address, which cannot be destroyed: what is outside has it in lists.

    It is led to a droplet by a resource of its own, which sees when somebody led it elsewhere by hand.
    """

    def __init__(self, scope: Construct, id_: str, *, region: str) -> None:
        super().__init__(scope, id_)
        resource = ReservedIp(
            self, "Resource", region=region, lifecycle=TerraformResourceLifecycle(prevent_destroy=True)
        )
        resource.override_logical_id(id_)
        self.address = resource.ip_address
        """Terraform's reference to it."""

    def leads_to(self, droplet: Droplet) -> None:
        """Assigns the address to a droplet."""
        assignment = ReservedIpAssignment(
            self,
            "assignment",
            ip_address=self.address,
            droplet_id=Token.as_number(droplet.resource.id),
        )
        assignment.override_logical_id(self.node.id)
