"""The Terraform stack with the services of one environment."""

from __future__ import annotations

from collections.abc import Sequence

from ._cdktf import (
    App,
    Config,
    Construct,
    DockerProvider,
    DockerProviderRegistryAuth,
    Network,
    RandomProvider,
    Secret,
    Service,
    TerraformOutput,
    TerraformStack,
    TerraformVariable,
)
from ._declarations import Declarations
from ._rendering import render
from .data_version import DataVersion
from .file import FILES, SwarmFile
from .graph import check
from .secret_value import SECRET_VALUES, SecretValue, SuppliedSecret
from .service import SERVICES, SwarmService

DOCKER_PROVIDER = "3.9.0"
"""Changes service labels in place and connects only when needed; the bindings (12.0.3) still name 3.6.2."""

RANDOM_PROVIDER = ">= 3.6.0, < 4.0.0"
"""The bindings name one exact version, without need: any 3.x keeps its state."""


_SWITCHED_OFF = (Service, Network, Config, Secret, TerraformVariable, TerraformOutput)
"""Resources without data or secrets of their own."""


class SwarmStack(TerraformStack):
    """One Terraform stack of swarm services, with the Docker and random providers.

    Declarations are collected while layers are built and rendered once by :meth:`finish`, because a service
    is known completely only after everybody has connected to it.

    Args:
        docker_host: ``unix:///var/run/docker.sock`` or ``ssh://user@host``; must be known at synth, never the
            attribute of a droplet (a provider with an unknown host cannot plan).
        ssh_options: arguments for ssh, one word each (pinned host keys, connection sharing).
    """

    def __init__(
        self, scope: Construct, id_: str, *, docker_host: str, ssh_options: Sequence[str] = ()
    ) -> None:
        super().__init__(scope, id_)
        self._provider = DockerProvider(self, "docker", host=docker_host, ssh_opts=list(ssh_options) or None)
        RandomProvider(self, "random")
        self.add_override("terraform.required_providers.docker.version", DOCKER_PROVIDER)
        self.add_override("terraform.required_providers.random.version", RANDOM_PROVIDER)
        self._declarations = Declarations(self)

    @property
    def finished(self) -> bool:
        """Whether everything has been declared."""
        return self._declarations.closed

    @property
    def services(self) -> list[SwarmService]:
        """All services, in the order they were declared."""
        return list(self._declarations.of(SERVICES).values())

    @property
    def files(self) -> list[SwarmFile]:
        """All configs and secrets, in the order they were declared."""
        return list(self._declarations.of(FILES).values())

    @property
    def secret_values(self) -> dict[str, SecretValue]:
        """All secret values by name."""
        return dict(self._declarations.of(SECRET_VALUES))

    @property
    def supplied_secrets(self) -> list[SuppliedSecret]:
        """The values that somebody has to supply before a deploy."""
        return [value for value in self.secret_values.values() if isinstance(value, SuppliedSecret)]

    def write_locals(self) -> None:
        """Hands all local values over at once: a construct for each would be a tenth of a synthesis."""
        if self._declarations.locals:
            self.add_override("locals", self._declarations.locals)

    def logs_in(self, *, registry: str, user: str, token: SecretValue) -> None:
        """Lets the swarm pull images that need a login.

        With the provider, not with each service: there it would be in their state, and a new token would replace
        every one of them.
        """
        login = DockerProviderRegistryAuth(
            address=registry, username=user, password=f"${{{token.reference}}}"
        )
        self._provider.registry_auth = [login]

    def finish(self) -> None:
        """Checks everything and renders it; a second call does nothing. :class:`SwarmApp` calls it.

        A subclass that adds to it is called once too: :class:`SwarmApp` passes over stacks that are finished.
        """
        if self.finished:
            return
        for service in self.services:
            service.leaves_the_bridge()
        self._declarations.closed = True
        check(self.services)
        for file in self.files:
            file.render()
        render(self.services)

    def switch_off(self) -> None:
        """Removes everything but generated secrets, volumes, and which version had their data.

        Applying what is left stops the environment and keeps what a later start needs: the data and the
        passwords that open it. A ``terraform destroy`` would drop the passwords and, later, make new ones
        beside old data. Finishes the stack first, so that what is left has the same addresses.
        """
        if not self.finished:
            self.finish()
        self._declarations.locals.clear()
        # Nothing is pulled any more, and the token is a variable that nobody has to give for that.
        self._provider.reset_registry_auth()
        for child in self.node.find_all():
            if isinstance(child, DataVersion):
                child.stays()
            elif isinstance(child, _SWITCHED_OFF):
                scope = child.node.scope
                assert scope is not None  # every resource has one
                scope.node.try_remove_child(child.node.id)


class SwarmApp(App):
    """A cdktf app that finishes its swarm stacks before it synthesizes.

    Checks run in Python here, so that a :class:`ConstructError` arrives as itself and not wrapped by jsii.
    """

    def synth(self) -> None:
        for child in self.node.children:
            if isinstance(child, SwarmStack) and not child.finished:
                child.finish()
            if isinstance(child, SwarmStack):
                child.write_locals()
        super().synth()
