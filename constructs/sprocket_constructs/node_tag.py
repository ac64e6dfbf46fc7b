"""A DigitalOcean tag on nodes."""

from ._cdktf import Construct
from ._cdktf.cloud import Tag


class NodeTag(Construct):
    """A tag. Rules name it by reference, so that it is there before a rule and a node."""

    def __init__(self, scope: Construct, id_: str, *, name: str) -> None:
        super().__init__(scope, id_)
        self.name = name
        self.resource = Tag(self, "Resource", name=name)
        self.resource.override_logical_id(id_)
        self.reference = self.resource.id
        """The name, as Terraform's reference."""
