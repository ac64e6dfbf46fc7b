"""The DigitalOcean project."""

from typing import Literal

from ._cdktf import Construct
from ._cdktf.cloud import Project, ProjectResources


class CloudProject(Construct):
    """A project groups resources on DigitalOcean's pages; it has no other effect.

    The reserved address is left out on purpose: DigitalOcean moves it together with its droplet and reports it under
    another name than it is given by.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        stage: Literal["Production", "Staging", "Development"],
    ) -> None:
        super().__init__(scope, id_)
        self._resource = Project(
            self,
            "Resource",
            name=name,
            description=description,
            purpose="Service or API",
            environment=stage,
        )
        self._resource.override_logical_id(id_)

    def shows(self, *urns: str) -> None:
        """What is in it, all at once, by Terraform's references to their URNs."""
        resources = ProjectResources(self, "resources", project=self._resource.id, resources=list(urns))
        resources.override_logical_id(self.node.id)
