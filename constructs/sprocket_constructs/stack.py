"""The stack that the services of one environment live in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

from ._cdktf import (
    App,
    Config,
    Construct,
    DockerProvider,
    DockerProviderRegistryAuth,
    Network,
    Password,
    RandomProvider,
    Secret,
    Service,
    TerraformOutput,
    TerraformStack,
    TerraformVariable,
)
from .errors import ConstructError
from .graph import check

if TYPE_CHECKING:
    from .file import SwarmFile
    from .secret_value import SecretValue, SuppliedSecret
    from .service import SwarmService

DOCKER_PROVIDER = "3.9.0"
"""Changes service labels in place and connects only when needed; the bindings (12.0.3) still name 3.6.2."""

RANDOM_PROVIDER = ">= 3.6.0, < 4.0.0"
"""The bindings name one exact version, which saves nothing: any 3.x keeps its state."""


_SWITCHED_OFF = (Service, Network, Config, Secret, TerraformVariable, TerraformOutput)
"""What has no state of its own worth keeping."""

_STACKS: WeakKeyDictionary[Construct, SwarmStack] = WeakKeyDictionary()


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
        self._services: dict[str, SwarmService] = {}
        self._files: dict[tuple[str, str], SwarmFile] = {}
        self._secret_values: dict[str, SecretValue] = {}
        self._locals: dict[str, str] = {}
        self._finished = False

    @staticmethod
    def holding(construct: Construct, *, scope: Construct | None = None) -> SwarmStack:
        """The stack that a construct is in, which is the one that its scope is in.

        Remembered with the scope: asking jsii for all ancestors of every construct is a tenth of a synthesis.
        """
        scope = scope or construct
        known = _STACKS.get(scope)
        if known is not None:
            return _STACKS.setdefault(construct, known)
        for ancestor in reversed(construct.node.scopes):
            if isinstance(ancestor, SwarmStack):
                _STACKS[scope] = _STACKS[construct] = ancestor
                return ancestor
        raise ConstructError(construct, "is not inside a SwarmStack", fix="give it a scope below one")

    @property
    def finished(self) -> bool:
        """Whether everything has been declared."""
        return self._finished

    @property
    def services(self) -> list[SwarmService]:
        """All services, in the order they were declared."""
        return list(self._services.values())

    @property
    def files(self) -> list[SwarmFile]:
        """All configs and secrets, in the order they were declared."""
        return list(self._files.values())

    @property
    def secret_values(self) -> dict[str, SecretValue]:
        """All secret values by name."""
        return dict(self._secret_values)

    @property
    def supplied_secrets(self) -> list[SuppliedSecret]:
        """The values that somebody has to supply before a deploy."""
        return [
            cast("SuppliedSecret", value)
            for value in self._secret_values.values()
            if value.owner == "supplied"
        ]

    @cached_property
    def salt(self) -> str:
        """Terraform expression of the value that salts the hashes in the names of secrets."""
        salt = Password(self, "salt", length=32, special=False)
        return f"random_password.{salt.friendly_unique_id}.result"

    def local(self, name: str, text: str) -> str:
        """Keeps a text as a Terraform local value and returns the expression for it."""
        self._locals[name] = text
        return f"local.{name}"

    def write_locals(self) -> None:
        """Hands all local values over at once: a construct for each would be a tenth of a synthesis."""
        if self._locals:
            self.add_override("locals", self._locals)

    def register_service(self, service: SwarmService) -> None:
        """Takes a service in; two of one name are refused."""
        self._refuse_late(service)
        first = self._services.get(service.name)
        if first is not None:
            raise ConstructError(
                service,
                f"service name {service.name} is taken by {first.node.path}",
                fix="give one of them another name",
            )
        self._services[service.name] = service

    def register_file(self, file: SwarmFile) -> None:
        """Takes a config or secret in; two of one kind and name are refused."""
        self._refuse_late(file)
        first = self._files.get((file.kind, file.name))
        if first is not None:
            raise ConstructError(
                file,
                f"{file.kind} name {file.name} is taken by {first.node.path}",
                fix="pass the first one around, or give this one another name",
            )
        self._files[file.kind, file.name] = file

    def register_secret_value(self, value: SecretValue) -> None:
        """Takes a secret value in; two of one name are refused."""
        self._refuse_late(value)
        first = self._secret_values.get(value.name)
        if first is not None:
            raise ConstructError(
                value,
                f"secret value {value.name} is declared by {first.node.path} too",
                fix="pass the first one instead of declaring a second",
            )
        self._secret_values[value.name] = value

    def _refuse_late(self, construct: Construct) -> None:
        if self._finished:
            raise ConstructError(
                construct,
                "is declared after its stack was finished and would never be rendered",
                fix="declare it before synth() or finish()",
            )

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
        """Checks the whole and renders it; a second call does nothing. :class:`SwarmApp` calls it.

        A subclass that adds to it is called once too: :class:`SwarmApp` passes over stacks that are finished.
        """
        if self._finished:
            return
        for service in self.services:
            service.leaves_the_bridge()
        self._finished = True
        check(self.services)
        for file in self.files:
            file.render()
        for service in self.services:
            service.render()

    def switch_off(self) -> None:
        """Takes out everything but generated secrets and volumes.

        Applying what is left stops the environment and keeps what a later start needs: the data and the
        passwords that open it. A ``terraform destroy`` would drop the passwords and, later, make new ones
        beside old data. Finishes the stack first, so that what is left has the same addresses.
        """
        if not self._finished:
            self.finish()
        self._locals.clear()
        # Nothing is pulled any more, and the token is a variable that nobody has to give for that.
        self._provider.reset_registry_auth()
        for child in self.node.find_all():
            if isinstance(child, _SWITCHED_OFF):
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
