"""Rotates secrets of an environment: plan, approval, apply, convergence, and the old value tried at its server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from ops.deploy.deploy import Ask, check_prerequisites, wait_for_convergence
from ops.deploy.plan import report_of_plan
from ops.deploy.preflight import obstacles
from ops.errors import Obstacle, OpsError, Refused
from ops.model.state import resources_of
from ops.nodes.engines import engines
from ops.report.programs import programs_of
from ops.rotate.effect import Effect, files_with
from ops.rotate.login import ANSWERS, Attempt, Logins, Verdict
from ops.rotate.secret import Secret, chosen, secrets_of, values_of
from ops.swarm.containers import Tasks
from ops.terminal import screen
from ops.terminal.columns import columns
from ops.terminal.counted import counted
from ops.terraform import stack_outputs
from ops.terraform.apply import apply, saved_plan
from ops.terraform.target import Target, targets_of
from ops.waiting import wait_until

ACCEPTED_WITHIN_S = 60.0
"""Until a server must accept the new value: RabbitMQ sets it after it has started."""


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
        wanted = chosen(secrets, names, environment)
        targets = targets_of(environment)
        check_prerequisites(targets, "services")
        target = stack_outputs.with_cloud_outputs(targets)
        say("checking this machine and the swarm")
        found = obstacles(target)
        state = {} if found else target.terraform.state()
        found = found or list(_not_deployed(wanted, state, environment))
    _refuse(environment, found)
    if not names:
        for line in _left_out(secrets):
            screen.err.print(Text(line))
    rotation = _Rotation(target=target, secrets=wanted, everything=not names, ask=ask)
    if plan_only:
        with saved_plan(target, False, parallelism, renewed=rotation.renewed) as (_, plan):
            rotation.shown(plan or {})
        return
    before = values_of(secrets, state)
    if not apply(target, parallelism=parallelism, approve=rotation.approve, renewed=rotation.renewed):
        _refuse(environment, [_same_value(secret) for secret in wanted])
    wait_for_convergence(target, stable_s)
    after = values_of(secrets, target.terraform.state())
    rotated = [secret for secret in wanted if secret not in rotation.left]
    holders = _ids(state, files_with(rotated, target.wanted))
    problems = [*_still_held(target, holders), *_tried(target, secrets, rotated, before, after)]
    if problems:
        raise OpsError(
            "\n  ".join([f"{environment}: rotated, but not everything is as it must be", *problems]),
            fix="docs/runbooks/rotate-a-secret.md says what to look at",
        )
    screen.err.print(f"{counted(len(rotated), 'secret')} rotated")


@dataclass(kw_only=True)
class _Rotation:
    """One rotation, as it goes through plan and approval.

    Args:
        everything: whether all secrets are rotated; then supplied ones without a new value are left as they are.
        left: supplied secrets that are the deployed ones.
    """

    target: Target
    secrets: Sequence[Secret]
    everything: bool
    ask: Ask | None
    left: Sequence[Secret] = ()

    @property
    def renewed(self) -> list[str]:
        """Addresses of the generated ones."""
        return [secret.address for secret in self.secrets if secret.is_generated]

    def shown(self, plan: Mapping[str, Any]) -> None:
        """Prints what the plan does, and refuses one that does anything else.

        Raises:
            Refused: there is anything else in the plan, or the new value of a supplied one is the deployed one.
        """
        report = report_of_plan(self.target, plan)
        effect = Effect(secrets=self.secrets, wanted=self.target.wanted, plan=plan, report=report)
        found = list(effect.others(self.target.name))
        if not self.everything:
            found += [_same_value(secret) for secret in effect.unchanged]
        _refuse(self.target.name, found)
        self.left = effect.unchanged
        for line in lines_of(effect):
            screen.out.print(Text(line), soft_wrap=True)

    def approve(self, plan: Mapping[str, Any]) -> bool:
        """Shows and asks."""
        self.shown(plan)
        return self.ask is None or self.ask(
            f"rotate {counted(len(self.secrets), 'secret')} of {self.target.name}?"
        )


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


def _ids(state: Mapping[str, Any], addresses: set[str]) -> dict[str, str]:
    """Names by id of the swarm's secrets that hold old values."""
    return {
        str(r["values"]["id"]): str(r["values"].get("name"))
        for r in resources_of(state)
        if r["address"] in addresses and r["values"].get("id")
    }


def _still_held(target: Target, holders: Mapping[str, str]) -> Iterator[str]:
    """Secrets of the swarm that held an old value and are still there, so that a task may read them."""
    with target.swarm() as swarm:
        there = set(swarm.names("secret").values())
    for id_, name in holders.items():
        if id_ in there:
            yield f"the swarm still has secret {name}, which holds an old value"


def _tried(
    target: Target,
    secrets: Sequence[Secret],
    rotated: Sequence[Secret],
    before: Mapping[str, str],
    after: Mapping[str, str],
) -> Iterator[str]:
    """Tries new and old values and prints each result; yields what is wrong."""
    programs = programs_of(target.wanted)
    with engines(target) as (swarm, *others), screen.doing() as say:
        logins = Logins(target, Tasks(swarm, *others), secrets)
        for secret in rotated:
            server = secret.rotation.server
            if server is None:
                screen.err.print(Text(f"  {secret.name}: rotated; not tried: {secret.rotation.untried}"))
                continue
            program = programs.get(ANSWERS[server])
            if program is not None and program.is_stand_in:
                screen.err.print(Text(f"  {secret.name}: rotated; not tried: {server} is a stand-in here"))
                continue
            say(f"trying {secret.name} at {server}")
            problem = judged(secret, *_both(logins, secret, before, after))
            if problem:
                yield problem
            else:
                screen.err.print(
                    Text(f"  {secret.name}: {server} accepts the new value and refuses the old one")
                )


def _both(
    logins: Logins, secret: Secret, before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[Attempt, Attempt]:
    """The answers to the new and to the old value. The new one first: its acceptance shows that the attempt works."""
    new = wait_until(
        lambda: logins.attempt(secret, after),
        ACCEPTED_WITHIN_S,
        done=lambda made: made.verdict is Verdict.ACCEPTED,
        interval_s=3,
    )
    return new, logins.attempt(secret, before)


def judged(secret: Secret, new: Attempt, old: Attempt) -> str:
    """What is wrong with the answers to both values; empty where they are as they must be."""
    server = secret.rotation.server
    if new.verdict is not Verdict.ACCEPTED:
        return f"{secret.name}: {server} does not accept the new value: {new.said}"
    if old.verdict is Verdict.ACCEPTED:
        return f"{secret.name}: {server} still accepts the old value"
    if old.verdict is not Verdict.REFUSED:
        return f"{secret.name}: it is unclear whether {server} refuses the old value: {old.said}"
    return ""
