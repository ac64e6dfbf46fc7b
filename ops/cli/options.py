"""Options that several commands have, and the one rule for ``--env``.

A command that reads takes the environment from ``SPROCKET_ENV`` and defaults to local, like ``cdktf``. A command that
changes something needs ``--env`` on its command line: nothing that a shell happens to export may choose what is changed.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ops.errors import WrongUse


def known(name: str | None) -> str | None:
    """The environment's name, where there is such an environment.

    Raises:
        WrongUse: there is none.
    """
    from layers.errors import SettingsError
    from layers.loading import environment_names, load_environment

    if name is not None and name not in environment_names():
        try:
            load_environment(name)
        except SettingsError as error:
            first = error.problems[0]
            fix = "; ".join(part for part in (first.allowed, first.fix) if part)
            raise WrongUse(f"{first.path}: {first.problem}", fix=fix) from None
    return name


Env = Annotated[
    str,
    typer.Option(
        "--env",
        metavar="NAME",
        envvar="SPROCKET_ENV",
        show_envvar=False,
        callback=known,
        help="The environment: a file in environments/. Default: SPROCKET_ENV, or local.",
        show_default=False,
    ),
]
"""For commands that only read; their parameter's default is ``"local"``."""

ChangedEnv = Annotated[
    str,
    typer.Option(
        "--env", metavar="NAME", callback=known, help="The environment to change: a file in environments/."
    ),
]
"""For commands that change something; without a default."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout, errors included.")]

Yes = Annotated[
    bool, typer.Option("--yes", help="Apply the plan that was printed without asking; for pipelines.")
]

Confirm = Annotated[
    str | None,
    typer.Option("--confirm", metavar="NAME", help="The environment's name, instead of typing it."),
]

Stable = Annotated[
    float | None,
    typer.Option(
        "--stable",
        min=0,
        metavar="SECONDS",
        help="Seconds without a task restart after which services have converged. Default: 10 on this machine's engine, else 30.",
    ),
]

Observe = Annotated[
    float | None,
    typer.Option(
        "--observe",
        min=0,
        metavar="SECONDS",
        help="How long to watch the pages once the services have converged; 0: not at all. "
        "Default: 10 on this machine's engine, else 60.",
    ),
]

NoPullAhead = Annotated[
    bool,
    typer.Option(
        "--no-pull-ahead", help="Do not have the nodes pull new images before running ones are replaced."
    ),
]

NoTrialBoot = Annotated[
    bool,
    typer.Option("--no-trial-boot", help="Do not boot new images before running ones are replaced."),
]

WithoutCopy = Annotated[
    bool,
    typer.Option(
        "--without-copy", help="Do not copy the database to the backups before a new image migrates it."
    ),
]

Parallelism = Annotated[
    int | None,
    typer.Option(
        "--parallelism",
        min=1,
        max=100,
        metavar="NUMBER",
        help="Terraform's parallel operations. Default: 30 on this machine's engine, 10 over ssh.",
    ),
]
