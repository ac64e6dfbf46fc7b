"""Rotates secrets of an environment: plan, approval, apply, convergence, and the old value tried at its server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from layers.loading import load_environment
from layers.rotation import Server
from ops.backup import password
from ops.backup.world import reached
from ops.deploy.approval import Ask
from ops.deploy.convergence import wait_for_convergence
from ops.deploy.deploy import check_prerequisites
from ops.deploy.plan import report_of_plan
from ops.deploy.preflight import obstacles
from ops.deploy.state_backup import back_up_state
from ops.errors import Obstacle, OpsError, Refused
from ops.model.state import resources_of
from ops.rotate.effect import Effect, files_with
from ops.rotate.proof import holders_of, still_held, tried
from ops.rotate.registry_token import Running, TokenChange, token_change
from ops.rotate.secret import Secret, chosen, secrets_of, values_of
from ops.terminal import screen
from ops.terminal.columns import columns
from ops.terminal.counted import counted
from ops.terraform import stack_outputs
from ops.terraform.apply import apply, new_plan
from ops.terraform.target import Target, targets_of


def rotate(
    environment: str,
    names: Sequence[str],
    *,
    plan_only: bool,
    stable_s: float,
    parallelism: int,
    ask: Ask | None,
) -> None:
    """Gives secrets new values and restarts what reads them, servers first; then tries the old values.

    Args:
        names: of the secrets; none for all that can be rotated.
        plan_only: show what would happen, and change nothing.
        stable_s: services have converged when they have run the same tasks for so long.
        ask: asked after the plan was printed; without it nothing is asked.

    Raises:
        WrongUse: there is no secret of a name.
        Refused: it cannot be rotated, it is not deployed, or the plan would change anything else. Nothing was changed.
        OpsError: it failed on the way, or an old value is still accepted.
    """
    with screen.doing() as say:
        say(f"synthesizing {environment}")
        secrets = secrets_of(environment)
        has_nodes = load_environment(environment).cloud is not None
        wanted = chosen(secrets, names, environment, has_nodes=has_nodes)
        targets = targets_of(environment)
        check_prerequisites(targets, "services")
        target = stack_outputs.with_cloud_outputs(targets)
        say("checking this machine and the swarm")
        found = obstacles(target)
        state = {} if found else target.terraform.state()
        found = found or list(_not_deployed(wanted, state, environment))
        token = None if found else token_change(target, wanted, state)
        left = token.left if token and not names else ""
        if token and not left:
            say("asking the registry")
            found += token.obstacles()
    _refuse(environment, found)
    if not names:
        for line in _left_out(secrets):
            screen.err.print(Text(line))
    if token and left:
        screen.err.print(Text(f"left as it is: {token.secret.name}; {left}"))
        token = None
    values = [secret for secret in wanted if secret.rotation.server is not Server.REGISTRY]
    rotation = _Rotation(target=target, secrets=values, token=token, everything=not names, ask=ask)
    if plan_only:
        rotation.planned(parallelism)
        return
    before = values_of(secrets, state, target.wanted)
    if not rotation.carried_out(parallelism):
        _refuse(environment, [_same_value(secret) for secret in values])
    running: Running = {}
    if token:
        with target.swarm() as swarm:
            running = token.give(swarm)
    wait_for_convergence(target, stable_s)
    rotated = [secret for secret in values if secret not in rotation.left]
    problems = list(_shut_out(target, rotated))
    if values:
        after = values_of(secrets, target.terraform.state(), target.wanted)
        back_up_state(targets)
        holders = holders_of(state, files_with(rotated, target.wanted))
        problems += [*still_held(target, holders), *tried(target, secrets, rotated, before, after)]
    if token:
        with target.swarm() as swarm:
            problems += token.problems(swarm, running)
    if problems:
        raise OpsError(
            "\n  ".join([f"{environment}: rotated, but not everything is as it must be", *problems]),
            fix="docs/runbooks/rotate-a-secret.md says what to look at",
        )
    if values:
        screen.err.print(f"{counted(len(rotated), 'secret')} rotated")


@dataclass(kw_only=True)
class _Rotation:
    """One rotation, as it goes through plan and approval.

    Args:
        secrets: those whose new value is in a plan of Terraform.
        token: the registry's, which is in none.
        everything: whether all secrets are rotated; then supplied ones without a new value are left as they are.
        left: supplied secrets that are the deployed ones.
        asked: whether somebody has approved already.
    """

    target: Target
    secrets: Sequence[Secret]
    token: TokenChange | None = None
    everything: bool
    ask: Ask | None
    left: Sequence[Secret] = ()
    asked: bool = False

    @property
    def renewed(self) -> list[str]:
        """Addresses of the generated ones."""
        return [secret.address for secret in self.secrets if secret.is_generated]

    @property
    def known_first(self) -> list[str]:
        """Addresses of those whose value must be known before anything restarts: their server has to take it as a second one."""
        return [s.address for s in self.secrets if s.is_generated and s.rotation.server is Server.RESTIC]

    def planned(self, parallelism: int) -> None:
        """Shows what would happen."""
        if not self.secrets:
            self.shown({})
            return
        with new_plan(self.target, False, parallelism, renewed=self.renewed) as (_, plan):
            self.shown(plan or {})

    def carried_out(self, parallelism: int) -> bool:
        """Plans, asks, applies; says whether there was anything to do."""
        if not self.secrets:
            if not self.confirmed({}):
                raise OpsError("not approved; nothing was changed")
            return True
        first, renewed = self.known_first, self.renewed
        if first:
            with reached(self.target) as world:
                password.check_senders(world)
            with new_plan(self.target, False, parallelism, renewed=renewed) as (_, plan):
                if not self.confirmed(plan or {}):
                    raise OpsError("not approved; nothing was changed")
            apply(self.target, parallelism=parallelism, targets=first, renewed=first)
        left = [address for address in renewed if address not in first]
        return apply(self.target, parallelism=parallelism, approve=self.approve, renewed=left)

    def shown(self, plan: Mapping[str, Any]) -> None:
        """Prints what the plan does, and refuses one that does anything else.

        Raises:
            Refused: there is anything else in the plan, or the new value of a supplied one is the deployed one.
        """
        lines: list[str] = []
        if self.secrets:
            effect = self._effect(plan)
            found = list(effect.others(self.target.name))
            if not self.everything:
                found += [_same_value(secret) for secret in effect.unchanged]
            _refuse(self.target.name, found)
            self.left = effect.unchanged
            lines += lines_of(effect)
        if self.token:
            lines += self.token.lines()
        for line in lines:
            screen.out.print(Text(line), soft_wrap=True)

    def confirmed(self, plan: Mapping[str, Any]) -> bool:
        """Shows and asks, once; looks at what else would change each time."""
        if self.asked:
            _refuse(self.target.name, list(self._effect(plan).others(self.target.name)))
            return True
        self.shown(plan)
        count = len(self.secrets) + (self.token is not None)
        question = f"rotate {counted(count, 'secret')} of {self.target.name}?"
        self.asked = self.ask is None or self.ask(question)
        return self.asked

    def approve(self, plan: Mapping[str, Any]) -> bool:
        """The same; then the backups open with the new password, too, if the plan has one for their senders."""
        if not self.confirmed(plan):
            return False
        new = password.new_password(self.target.wanted, plan)
        if new is not None:
            with reached(self.target) as world:
                if not self.known_first:
                    password.check_senders(world)
                password.let_in(world, new.value)
        return True

    def _effect(self, plan: Mapping[str, Any]) -> Effect:
        report = report_of_plan(self.target, plan)
        return Effect(secrets=self.secrets, wanted=self.target.wanted, plan=plan, report=report)


def lines_of(effect: Effect) -> Iterator[str]:
    """A rotation for people: which secrets, what ends with them, which services restart, and for how long."""
    rotated = [secret for secret in effect.secrets if secret not in effect.unchanged]
    yield f"new values: {', '.join(secret.name for secret in rotated) or 'none'}"
    for secret in effect.unchanged:
        yield f"  left as it is: {secret.name}; {secret.variable} has the deployed value"
    for secret in rotated:
        if secret.rotation.ends:
            yield f"  {secret.name}: {secret.rotation.ends}"
    if effect.restarts:
        yield f"restarts {counted(len(effect.restarts), 'service')}, each after those that it connects to:"
        yield from (f"  {line}" for line in columns([(s.name, s.effect) for s in effect.restarts]))
        if effect.affected:
            yield f"go on, but are connected to one that is away: {', '.join(effect.affected)}"
        yield f"from the first stop to the last start: up to {effect.longest_s} s"


def _shut_out(target: Target, rotated: Sequence[Secret]) -> Iterator[str]:
    """Has the backups open with the new password alone; yields why they do not."""
    if not any(secret.rotation.server is Server.RESTIC for secret in rotated):
        return
    try:
        with reached(target) as world:
            password.shut_others_out(world)
    except OpsError as error:
        yield str(error)


def _refuse(environment: str, found: Sequence[Obstacle]) -> None:
    if found:
        raise Refused(f"nothing is rotated in {environment}; nothing was changed", found)


def _same_value(secret: Secret) -> Obstacle:
    return Obstacle(
        what=f"{secret.name}: {secret.variable} has the value that is deployed already",
        fix="make a new one where the value comes from, export it, and run the same command again",
    )


def _not_deployed(
    secrets: Sequence[Secret], state: Mapping[str, Any], environment: str
) -> Iterator[Obstacle]:
    known = {resource["address"] for resource in resources_of(state)}
    missing = [each.name for each in secrets if each.is_generated and each.address not in known]
    if missing:
        yield Obstacle(
            what=f"{', '.join(missing)}: not deployed yet", fix=f"deploy first: make up ENV={environment}"
        )


def _left_out(secrets: Sequence[Secret]) -> Iterator[str]:
    for secret in secrets:
        if secret.rotation.impossible:
            yield f"left out: {secret.name}: {secret.rotation.impossible}"
            yield f"  {secret.rotation.instead}"
