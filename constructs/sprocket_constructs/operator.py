"""Who may sign in on the nodes, as Terraform remembers it."""

from ._cdktf import Construct, TerraformResource
from .data_version import TYPE


class Operator(Construct):
    """A person or a job that gets in on every node. It grants nothing: it is there so that a plan shows who comes and who goes.

    A droplet takes keys when it is made and never again, so no other resource changes with them; a deploy writes them to the
    nodes over ssh.

    Args:
        id_: whose key it is.
        key: the public key, or an expression of it.
    """

    def __init__(self, scope: Construct, id_: str, *, key: str) -> None:
        super().__init__(scope, id_)
        resource = TerraformResource(self, "Resource", terraform_resource_type=TYPE)
        resource.override_logical_id(f"operator-{id_}")
        resource.add_override("input", {"operator": id_, "key": key})
