"""Key pairs that Terraform makes once and keeps in state."""

from ._cdktf import Construct
from ._cdktf.cloud import PrivateKey, SshKey


class NodeKey(Construct):
    """An Ed25519 key pair for SSH. Its halves are Terraform expressions: nobody sees the private one in Python."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        resource = PrivateKey(self, "Resource", algorithm="ED25519")
        resource.override_logical_id(id_)
        self.private = f"${{tls_private_key.{id_}.private_key_openssh}}"
        """Expression of the private half, a text of several lines that ends with a newline."""
        self.public = f"${{trimspace(tls_private_key.{id_}.public_key_openssh)}}"
        """Expression of the public half, one line: type and key."""


class RootKey(Construct):
    """The key that droplets are ordered with: without one, DigitalOcean mails a root password to the team.

    It is the environment's own. DigitalOcean takes a public key once for each account, so that two environments
    could not both have an operator's; operators get in as the node's own settings say.

    Args:
        name: in the list of keys of the account.
    """

    def __init__(self, scope: Construct, id_: str, *, name: str) -> None:
        super().__init__(scope, id_)
        pair = NodeKey(self, f"{id_}_pair")
        self._resource = SshKey(self, "Resource", name=name, public_key=pair.public)
        self._resource.override_logical_id(id_)
        self.id = self._resource.id
        """Terraform's reference to it."""
