"""A new token for the registry of the application's images: given to every service without a restart, then tried with the old one.

Terraform gives the token to services that it creates or updates, and keeps no copy. The swarm keeps one with each service, for nodes
that do not have the image, and tells it to nobody. So a new token changes nothing in a plan, and it is given to the services here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.text import Text

from layers.rotation import Server
from ops.errors import Obstacle, OpsError
from ops.model.image_name import ImageName
from ops.model.state import resources_of
from ops.registry.client import ImageGone, Registries, RegistryError
from ops.registry.image_lock import TOKEN
from ops.registry.login import Login
from ops.rotate.login import Attempt, Verdict
from ops.rotate.secret import Secret
from ops.swarm.engine import RunningService, Swarm
from ops.swarm.pull_login import UNFINISHED, give_login, pulled_services
from ops.swarm.tasks import running_tasks
from ops.terminal import screen
from ops.terminal.counted import counted
from ops.terraform.target import Target

OLD = "SPROCKET_OLD_REGISTRY_TOKEN"
"""Environment variable with the token before, to see that it is refused. Optional: nothing keeps it."""
OLD_USER = "SPROCKET_OLD_REGISTRY_USER"
"""Environment variable with its user, where that was another one than now."""

_MADE_AT: Mapping[str, str] = {"ghcr.io": "GitHub: Settings, Developer settings, Personal access tokens"}


Running = Mapping[str, set[str]]
"""Ids of the tasks that run, by the name of their service."""


@dataclass(frozen=True, kw_only=True)
class TokenChange:
    """A token that an environment's services pull their images with from now on.

    Args:
        old: the one before; empty where nobody told it.
        services: all whose image comes from the registry.
    """

    environment: str
    secret: Secret
    registry: str
    user: str
    new: str = field(repr=False)
    old: str = field(repr=False)
    old_user: str
    services: Sequence[RunningService]

    @property
    def left(self) -> str:
        """Why it stays as it is where all secrets are rotated; empty where it does not. Nothing but the old one tells whether it is new."""
        if not self.services:
            return f"no service that runs has an image at {self.registry}"
        if self.new == self.old:
            return f"{self.secret.variable} and {OLD} have the same value"
        if not self.old:
            return f"{OLD} is not set, and nothing else tells whether {self.secret.variable} has a new value"
        return ""

    def obstacles(self) -> Iterator[Obstacle]:
        """Why it cannot be given to the services. Asks the registry whether the new one opens every image."""
        again = f"run again: python -m ops rotate --env {self.environment} {self.secret.name}"
        if not self.services:
            yield Obstacle(
                what=f"{self.secret.name}: {self.left}",
                fix=f"deploy first (make up ENV={self.environment}); what is deployed later gets the token that is exported then",
            )
            return
        if self.new == self.old:
            yield Obstacle(
                what=f"{self.secret.name}: {self.left}",
                fix=f"make a new one ({self._made_at}), export it as {self.secret.variable}, and {again}",
            )
            return
        unfinished = [service.name for service in self.services if service.update in UNFINISHED]
        if unfinished:
            yield Obstacle(
                what=f"{self.secret.name}: the last update of {', '.join(unfinished)} has not come to its end",
                fix=f"make up ENV={self.environment}, then {again}",
            )
        found = self._new()
        if found.verdict is not Verdict.ACCEPTED:
            yield Obstacle(
                what=f"{self.secret.name}: {found.said}",
                fix=f"export a token that may read these packages as {self.secret.variable} ({self._made_at}), and {again}",
            )

    def lines(self) -> Iterator[str]:
        """What it changes, for people."""
        names = ", ".join(self._names)
        yield f"new login at {self.registry} for later pulls of {counted(len(self.services), 'service')}, no task restarts: {names}"
        yield f"  {self.secret.name}: {self.secret.rotation.ends}"

    def give(self, swarm: Swarm) -> Running:
        """Gives it to every service. What was interrupted is finished by another run: those that have it get it again.

        Returns:
            The tasks that run meanwhile.

        Raises:
            OpsError: the engine refuses it; says how many have it.
        """
        running = running_tasks(swarm, self._names)
        with screen.doing() as say:
            for number, service in enumerate(self.services):
                say(f"new login for {service.name}")
                try:
                    give_login(swarm, service, registry=self.registry, user=self.user, token=self.new)
                except OpsError as error:
                    raise OpsError(
                        f"{self.secret.name}: {number} of {len(self.services)} services have the new value; {error.problem}",
                        fix="do not revoke the old one yet, and run the same command again",
                    ) from None
        return running

    def problems(self, swarm: Swarm, before: Running) -> Iterator[str]:
        """Tries both values and prints the result, with the next step; yields what is wrong or not done.

        Args:
            before: the tasks that must still run.
        """
        now = running_tasks(swarm, self._names)
        ended = [name for name, tasks in before.items() if not tasks <= now[name]]
        if ended:
            yield f"{self.secret.name}: tasks of {', '.join(ended)} ended meanwhile, which a new login is no reason for"
        with screen.doing(f"trying {self.secret.name} at {self.registry}"):
            new, old = self._new(), self._old()
        revoke = f"revoke the old one where it was made ({self._made_at})"
        have = f"{counted(len(self.services), 'service')} {'has' if len(self.services) == 1 else 'have'} it"
        if new.verdict is not Verdict.ACCEPTED:
            yield f"{self.secret.name}: {self.registry} does not accept the new value: {new.said}"
        elif old is None:
            said = f"  {self.secret.name}: {self.registry} accepts the new value, and {have}; the old one was not tried"
            screen.err.print(Text(said))
            then = f"to see that it is refused, export it as {OLD} and run the same command again"
            screen.err.print(Text(f"    next: {revoke}; {then}"))
        elif old.verdict is Verdict.ACCEPTED:
            yield (
                f"{self.secret.name}: {have}, but it is not done: {self.registry} still accepts the old value. Next: {revoke}, and run "
                "the same command again"
            )
        elif old.verdict is not Verdict.REFUSED:
            yield f"{self.secret.name}: it is unclear whether {self.registry} refuses the old value: {old.said}"
        else:
            said = (
                f"  {self.secret.name}: {self.registry} accepts the new value and refuses the old one; {have}"
            )
            screen.err.print(Text(said))

    @property
    def _names(self) -> list[str]:
        return [service.name for service in self.services]

    @property
    def _made_at(self) -> str:
        return _MADE_AT.get(self.registry, f"at {self.registry}")

    def _new(self) -> Attempt:
        """The worst answer for any image."""
        answers = list(self._answers(self.user, self.new, self.secret.variable))
        return next((each for each in answers if each.verdict is not Verdict.ACCEPTED), answers[0])

    def _old(self) -> Attempt | None:
        """The same, for a value that must open none; nothing where nobody told it."""
        if not self.old:
            return None
        answers = list(self._answers(self.old_user, self.old, OLD))
        order = (Verdict.ACCEPTED, Verdict.UNCLEAR, Verdict.REFUSED)
        return min(answers, key=lambda each: order.index(each.verdict))

    @property
    def _images(self) -> list[tuple[str, str]]:
        """Name, and digest or tag, of each image once."""
        found = (ImageName.parse(service.image) for service in self.services)
        return sorted({(image.name, image.digest or image.tag) for image in found})

    def _answers(self, user: str, token: str, origin: str) -> Iterator[Attempt]:
        """What the registry says to a token, for each image that it still has."""
        gone: list[str] = []
        login = Login(user=user, password=token, origin=origin)
        with Registries({self.registry: login}) as registries:
            for name, reference in self._images:
                try:
                    may = registries.lets_pull(name, reference)
                except ImageGone as error:
                    # It says nothing about the token, and must not keep one that leaked from being rotated.
                    gone.append(error.problem)
                except RegistryError as error:
                    yield Attempt(verdict=Verdict.UNCLEAR, said=error.problem)
                else:
                    yield _judged(may, name, login)
        if len(gone) == len(self._images):
            yield Attempt(verdict=Verdict.UNCLEAR, said="; ".join(gone))


def _judged(may: bool | None, name: str, login: Login) -> Attempt:
    if may is None:
        return Attempt(
            verdict=Verdict.UNCLEAR, said=f"the registry gives {name} to everybody, without a login"
        )
    if not may:
        said = f"the registry does not let {login.user} read {name} (token from {login.origin})"
        return Attempt(verdict=Verdict.REFUSED, said=said)
    return Attempt(verdict=Verdict.ACCEPTED)


def token_change(
    target: Target,
    secrets: Sequence[Secret],
    state: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
) -> TokenChange | None:
    """The change of the registry's token, if that is among the secrets that are rotated.

    Args:
        state: tells which of the swarm's services are this environment's.
        environment: the shell's variables.
    """
    login = target.settings.platform.login
    secret = next((each for each in secrets if each.rotation.server is Server.REGISTRY), None)
    if secret is None or login is None:
        return None
    ids = {str(r["values"]["id"]) for r in resources_of(state) if r["type"] == "docker_service"}
    with target.swarm() as swarm:
        services = pulled_services(swarm, login.registry, ids)
    return TokenChange(
        environment=target.name,
        secret=secret,
        registry=login.registry,
        user=login.user,
        new=environment[TOKEN],
        old=environment.get(OLD, ""),
        old_user=environment.get(OLD_USER) or login.user,
        services=services,
    )
