"""The commands that change an environment: deploy, down, purge, seed."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops import errors
from ops.cli import confirmation
from ops.cli.options import (
    ChangedEnv,
    Confirm,
    NoPullAhead,
    NoTrialBoot,
    Observe,
    Parallelism,
    Stable,
    WithoutCopy,
    Yes,
)

if TYPE_CHECKING:
    from layers.settings.environment import Environment
    from ops.deploy.precautions import Precautions

HERE_PARALLELISM, SSH_PARALLELISM = 30, 10
HERE_STABLE_S, STABLE_S = 10.0, 30.0
HERE_OBSERVE_S, OBSERVE_S = 10.0, 60.0


def deploy(
    env: ChangedEnv,
    stable: Stable = None,
    parallelism: Parallelism = None,
    yes: Yes = False,
    confirm: Confirm = None,
    only: Annotated[
        str,
        typer.Option(
            "--only",
            metavar="STACK",
            help="cloud or services. Default: both, the cloud first.",
            show_default=False,
        ),
    ] = "",
    replace: Annotated[
        list[str] | None,
        typer.Option(
            "--replace", metavar="DROPLET", help="Allow this droplet to be replaced. See replace-node."
        ),
    ] = None,
    destroy: Annotated[
        list[str] | None,
        typer.Option("--destroy", metavar="DROPLET", help="Allow this droplet to be destroyed."),
    ] = None,
    moved: Annotated[
        list[str] | None,
        typer.Option(
            "--moves",
            metavar="STORE",
            help="Allow this store's volume to be detached from its droplet, which must be off.",
        ),
    ] = None,
    planned: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            help="Apply exactly this plan, saved with plan --out. Refused where files or state have changed since.",
        ),
    ] = None,
    observe: Observe = None,
    without_copy: WithoutCopy = False,
    no_trial_boot: NoTrialBoot = False,
    no_pull_ahead: NoPullAhead = False,
) -> None:
    """Deploy an environment: check it, show each stack's plan, ask, apply, and wait until its services have converged.

    All environments are checked first, as `check` does. Findings of this environment and conflicts with
    others end the deploy before anything is changed; findings of other environments are printed as warnings.

    The cloud stack comes first, then, when the nodes are ready, the services. A plan that loses data or an
    address, opens a port or stops a public page is refused, unless environments/acknowledged/NAME.yaml acknowledges each such
    change (docs/runbooks/acknowledge-a-change.md). Name a droplet with --replace or --destroy, and a store with --moves.

    Once a plan is approved, every node that may run a new image pulls it, and each image that does not run yet is booted beside the platform, with empty copies of what it needs. One
    that does not boot ends the deploy before anything is changed (docs/runbooks/images.md). Before a new image migrates the
    database, the database is copied to the backups. Once the services have converged, the pages are watched: where one that answered
    before is away, the services go back to the release before by themselves, and the deploy has failed (docs/runbooks/rollback.md).

    An environment on this machine's engine is deployed without asking. Only before data is lost, its name must be typed:
    --confirm NAME answers that, --yes does not.

    Examples: deploy --env local, deploy --env prod --only cloud, deploy --env prod --plan prod.plan
    """
    from layers.loading import load_environment
    from ops.cloud.volume_migration import volumes_of
    from ops.deploy.deploy import deploy as run
    from ops.deploy.plan_file import opened
    from ops.terraform.apply import ApprovedChanges

    if only not in ("", "cloud", "services"):
        raise errors.WrongUse(f"--only {only}: no such stack", fix="use cloud or services")
    if planned and moved:
        raise errors.WrongUse(
            "--plan and --moves: a store moves in two applies, and the second plan is made after the first",
            fix="deploy the move without --plan",
        )
    settings = load_environment(env)
    if only == "cloud" and settings.cloud is None:
        raise errors.WrongUse(f"{env} has no cloud", fix="leave --only out, or name an environment with one")
    approved = ApprovedChanges(
        replace=tuple(replace or ()),
        destroy=tuple(destroy or ()),
        moves=volumes_of(settings, moved) if moved else (),
        lose=confirmation.loss(settings, confirm),
    )
    with opened(planned, env) if planned else nullcontext() as saved:
        run(
            env,
            stable_s=stable_seconds(settings) if stable is None else stable,
            parallelism=parallel_operations(settings, parallelism),
            ask=confirmation.question(settings, yes=yes),
            only=only,
            approved=approved,
            saved=saved,
            precautions=precautions(
                settings,
                observe=observe,
                without_copy=without_copy,
                no_trial_boot=no_trial_boot,
                no_pull_ahead=no_pull_ahead,
            ),
        )


def down(env: ChangedEnv, parallelism: Parallelism = None, yes: Yes = False, confirm: Confirm = None) -> None:
    """Switch an environment's services off: show the plan, ask, apply. Data, generated secrets and droplets stay.

    `deploy` switches them on again. Data and secrets that were removed from the code since the last deploy would be lost: that
    is refused, except on this machine's engine, where --confirm NAME allows it.
    """
    from layers.loading import load_environment
    from ops.deploy.teardown import down as switch_off
    from ops.terraform.apply import ApprovedChanges

    settings = load_environment(env)
    ask = confirmation.question(settings, yes=yes)
    switch_off(
        env,
        parallelism=parallel_operations(settings, parallelism),
        ask=ask,
        approved=ApprovedChanges(lose=confirmation.loss(settings, confirm)),
    )


def purge(env: ChangedEnv, confirm: Confirm = None, parallelism: Parallelism = None) -> None:
    """Delete an environment on this machine: services, data, generated secrets and state. Its name must be typed.

    An environment with a cloud is refused: see docs/runbooks/destroy-data.md.
    """
    from layers.loading import load_environment
    from ops.deploy.teardown import purge as remove

    confirmation.typed(env, confirm, f"purge deletes all data of {env}, its secrets and its state")
    remove(env, parallelism=parallel_operations(load_environment(env), parallelism))


def seed(
    env: ChangedEnv,
    source: Annotated[Path, typer.Option("--from", metavar="DUMP", help="A file written by pg_dump.")],
    instance: Annotated[
        str | None,
        typer.Option("--instance", metavar="NAME", help="The instance, where the environment has several."),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Delete what is in the database first. Asks for the environment's name."
        ),
    ] = False,
    confirm: Confirm = None,
) -> None:
    """Restore a dump into an instance's database. Core starts only after this.

    Example: seed --env prod --instance main --from league.dump
    """
    from ops.database.seed import seed as restore

    if replace:
        confirmation.typed(env, confirm, f"--replace deletes all data in the database of {env}")
    restore(env, instance=instance, path=source, replace=replace)


def stable_seconds(settings: Environment) -> float:
    """How long services run the same tasks until they have converged."""
    return HERE_STABLE_S if settings.engine.is_here else STABLE_S


def precautions(
    settings: Environment,
    *,
    observe: float | None,
    without_copy: bool,
    no_trial_boot: bool,
    no_pull_ahead: bool,
) -> Precautions:
    """What the options of a deploy say, and how long it watches the pages by default."""
    from ops.deploy.precautions import Precautions

    usual = HERE_OBSERVE_S if settings.engine.is_here else OBSERVE_S
    return Precautions(
        pull_ahead=not no_pull_ahead,
        trial_boot=not no_trial_boot,
        copy_first=not without_copy,
        observe_s=usual if observe is None else observe,
    )


def parallel_operations(settings: Environment, given: int | None) -> int:
    """Terraform's parallel operations."""
    return given or (HERE_PARALLELISM if settings.engine.is_here else SSH_PARALLELISM)
