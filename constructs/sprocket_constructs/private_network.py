"""The private network (VPC) of the nodes."""

from ipaddress import IPv4Network

from ._cdktf import Construct, TerraformResourceLifecycle
from ._cdktf.cloud import Vpc, VpcTimeouts
from .errors import ConstructError


class PrivateNetwork(Construct):
    """A VPC. Its range and region cannot change: a new one would replace every node, so that is refused in the plan.

    Args:
        name: unique in the account.
        region: such as ``nyc3``.
        addresses: range of /16 to /28, such as ``10.124.0.0/20``.
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, region: str, addresses: str) -> None:
        super().__init__(scope, id_)
        try:
            network = IPv4Network(addresses)
        except ValueError as error:
            raise ConstructError(
                self, f"range {addresses}: {error}", fix="use one such as 10.124.0.0/20"
            ) from None
        if not 16 <= network.prefixlen <= 28:
            raise ConstructError(
                self, f"range {addresses} is a /{network.prefixlen}", fix="use a network of /16 to /28"
            )
        self.addresses = addresses
        self.region = region
        self._resource = Vpc(
            self,
            "Resource",
            name=name,
            region=region,
            ip_range=addresses,
            # The last droplet leaves it some time after it is gone.
            timeouts=VpcTimeouts(delete="10m"),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
        )
        self._resource.override_logical_id(id_)
        self.id = self._resource.id
        """Terraform's reference to it."""
