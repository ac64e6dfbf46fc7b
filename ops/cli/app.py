"""Words of the command line; what they do is in the modules beside this one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ops import errors
from ops.cli import images, nodes, smoke, state
from ops.cli.entry import run
from ops.cli.options import Env, Json
from ops.terminal import screen

app = typer.Typer(
    help="Plans, deploys and watches the platform. Exit codes: 0 fine, 1 a finding or a failure, 2 wrong use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(images.app, name="images")

app.command()(smoke.smoke)
app.command()(smoke.soak)
app.command()(nodes.ready)
app.command("known-hosts")(nodes.known_hosts)
app.command("replace-node")(nodes.replace_node)
app.command()(nodes.keys)
app.add_typer(state.app, name="state")

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def plan(
    env: Env = "local",
    base: Annotated[
        str | None,
        typer.Option(metavar="REV", help="Compare with this git revision, not with what is deployed."),
    ] = None,
    as_json: Json = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the report as markdown.")
    ] = None,
) -> None:
    """Show what a deploy would change, by layer; offline where Terraform cannot be asked."""
    from ops.deploy.plan import report_of
    from ops.report import markdown, text

    with screen.doing("synthesizing") as say:
        report = report_of(env, base=base, say=say)
    if out:
        out.write_text(markdown.render(report))
    if as_json:
        print(json.dumps(report.as_data(), indent=2, sort_keys=True))
    else:
        screen.show_report(text.render(report))


StableFor = Annotated[
    float,
    typer.Option("--stable", min=0, metavar="SECONDS", help="The same tasks must have run for so long."),
]
Parallel = Annotated[int, typer.Option("--parallelism", min=1, max=100, help="Terraform's; less over ssh.")]


Only = Annotated[
    str,
    typer.Option("--only", metavar="STACK", help="cloud or services; default both, the cloud first."),
]
Replace = Annotated[
    list[str] | None,
    typer.Option("--replace", metavar="DROPLET", help="A droplet to make anew; better: replace-node."),
]
Destroy = Annotated[
    list[str] | None, typer.Option("--destroy", metavar="DROPLET", help="A droplet that is meant to go.")
]

Moves = Annotated[
    list[str] | None,
    typer.Option(
        "--moves", metavar="STORE", help="A store whose volume may leave its droplet, which is off."
    ),
]


@app.command()
def up(
    env: Env = "local",
    stable: StableFor = 10,
    parallelism: Parallel = 30,
    yes: Yes = False,
    only: Only = "",
) -> None:
    """Deploy an environment, and print where everything is. The local one never asks."""
    _deploy(env, stable, parallelism, yes, only)


@app.command()
def deploy(
    env: Annotated[
        str, typer.Option("--env", metavar="NAME", help="An environment: a file in environments/.")
    ],
    stable: StableFor = 30,
    parallelism: Parallel = 10,
    yes: Yes = False,
    only: Only = "",
    replace: Replace = None,
    destroy: Destroy = None,
    moved: Moves = None,
) -> None:
    """Deploy an environment: its cloud, then its services; for each report, question, apply, and wait until it stands.

    Nothing that would lose data, an address or a droplet is applied, but for droplets named with --replace or --destroy and
    volumes of stores named with --moves.
    """
    _deploy(
        env, stable, parallelism, yes, only, tuple(replace or ()), tuple(destroy or ()), tuple(moved or ())
    )


@app.command()
def down(env: Env = "local", parallelism: Parallel = 30, yes: Yes = False) -> None:
    """Switch an environment's services off. Data and generated secrets stay, and so do all droplets."""
    from ops.deploy.teardown import down as switch_off

    if not (_is_here(env) or yes):
        _typed(env, None, f"switching {env} off stops all its services", instead="--yes")
    switch_off(env, parallelism=parallelism)


@app.command()
def purge(
    env: Env = "local",
    confirm: Annotated[
        str | None,
        typer.Option(envvar="CONFIRM", metavar="NAME", help="The environment's name, instead of typing it."),
    ] = None,
    parallelism: Parallel = 30,
) -> None:
    """Remove an environment with its data, its secrets and its state."""
    from ops.deploy.teardown import purge as remove

    warning = f"purge deletes all data of {env}, its secrets and its state"
    _typed(env, confirm, warning, instead=f"--confirm {env}")
    remove(env, parallelism=parallelism)


@app.command()
def seed(
    source: Annotated[Path, typer.Option("--from", metavar="DUMP", help="A file that pg_dump wrote.")],
    env: Env = "local",
    instance: Annotated[
        str | None, typer.Option("--instance", metavar="NAME", help="Which, where there are several.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Delete what is in the database first.")] = False,
    confirm: Annotated[
        str | None,
        typer.Option(envvar="CONFIRM", metavar="NAME", help="The environment's name, instead of typing it."),
    ] = None,
) -> None:
    """Restore a dump into an instance's database; the first step before core can start."""
    from ops.database.seed import seed as restore

    if replace:
        _typed(
            env, confirm, f"--replace deletes all data in the database of {env}", instead=f"--confirm {env}"
        )
    restore(env, instance=instance, path=source, replace=replace)


@app.command()
def check(
    env: Annotated[
        list[str] | None,
        typer.Option("--env", metavar="NAME", help="An environment, several times for several; default all."),
    ] = None,
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Exit code 1 also for what only a deploy needs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check the wiring of environments before anything is deployed; exit code 1 when something cannot work."""
    from ops.check import runner, text

    names = runner.chosen(env or ["all"])
    with screen.doing() as say:
        results = [runner.check(name, say) for name in names]
    if as_json:
        print(json.dumps(text.as_data(results), indent=2))
    else:
        screen.show_report(text.render(results))
    raise typer.Exit(errors.FINE if runner.is_fine(results, deploy=deploy) else errors.FINDING)


@app.command()
def schema() -> None:
    """Write the JSON Schema of environment files to environments/schema.json."""
    from ops.docs import schema as schemas

    screen.err.print(f"environments/schema.json {'written' if schemas.write() else 'is current'}")


@app.command()
def picture(env: Env = "prod") -> None:
    """Draw the platform of an environment, from its code, to docs/platform.svg."""
    from ops.docs import pages

    screen.err.print(f"docs/platform.svg {'written' if pages.write_picture(env) else 'is current'}")


@app.command()
def table(env: Env = "prod") -> None:
    """Print the README's table of services, from the code."""
    from ops.docs import pages

    print(pages.table_of(env), end="")


@app.command()
def bench() -> None:
    """Measure synthesis: a line with name, ratio and bar each; exit code 1 when one is missed."""
    from ops.bench import measure

    with screen.doing() as say:
        results = measure(say)
    for result in results:
        print(result)
    raise typer.Exit(errors.FINE if all(result.met for result in results) else errors.FINDING)


def _deploy(
    env: str,
    stable: float,
    parallelism: int,
    yes: bool,
    only: str,
    replace: tuple[str, ...] = (),
    destroy: tuple[str, ...] = (),
    moved: tuple[str, ...] = (),
) -> None:
    from layers.loading import load_environment
    from ops.cloud.volume_migration import volumes_of
    from ops.deploy.deploy import deploy
    from ops.terraform.apply import ApprovedChanges

    if only not in ("", "cloud", "services"):
        raise errors.WrongUse(f"--only {only}: there is no such stack", fix="use cloud or services")
    ask = None if yes or _is_here(env) else _confirmed
    volumes = volumes_of(load_environment(env), moved) if moved else ()
    approved = ApprovedChanges(replace=replace, destroy=destroy, moves=volumes)
    deploy(env, stable_s=stable, parallelism=parallelism, ask=ask, only=only, approved=approved)


def _is_here(env: str) -> bool:
    from layers.loading import load_environment

    return load_environment(env).engine.host.startswith("unix://")


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise errors.WrongUse(
            "there is nobody to ask", fix="pass --yes where a pipeline has shown the plan before"
        )
    return typer.confirm(question)


def _typed(env: str, given: str | None, warning: str, *, instead: str) -> None:
    """Has the environment's name typed, or given as an option; ``instead`` is the option for where nobody types."""
    if given is None and not sys.stdin.isatty():
        raise errors.WrongUse(f"{warning}; there is nobody to ask", fix=f"say that it is meant: {instead}")
    if given is None:
        screen.err.print(warning)
        given = typer.prompt(f"type {env} to go on")
    if given != env:
        raise errors.WrongUse(
            f"{given!r} is not {env!r}; nothing was changed", fix=f"confirm with the name: {env}"
        )


def main() -> None:
    """Runs ``python -m ops``."""
    run(app)
