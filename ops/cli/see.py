"""The commands that only look: plan, check, cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ops import errors
from ops.cli.options import Env, Json
from ops.terminal import screen


def plan(
    env: Env = "local",
    base: Annotated[
        str | None,
        typer.Option(metavar="REVISION", help="Compare with this git revision instead of what is deployed."),
    ] = None,
    as_json: Json = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also save the plan itself, for deploy --plan. The file holds secrets; only you can read it.",
        ),
    ] = None,
    as_markdown: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Also write the report as markdown to this file."),
    ] = None,
    given: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Show this saved plan instead of making one: the file of --out; or, once for each stack, the file of terraform "
            "plan -out, or what terraform show -json printed of it.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the plan as one HTML page, with the platform drawn."),
    ] = None,
) -> None:
    """Show what a deploy would change, by layer. Changes nothing. Exits with 1 if a deploy would refuse it, or ask for the environment's name.

    That is a change that cannot be undone, opens something or stops a public page, and that is not acknowledged
    (docs/runbooks/acknowledge-a-change.md).

    If Terraform, its state or the engine cannot be reached, the plan says so and is computed from the synthesized
    JSON alone: everything is shown as new, or compared with --base. No form of the report shows secret values; the markdown
    fits into a comment on GitHub.

    Examples: plan --env prod, plan --base main --markdown plan.md --html plan.html, plan --env prod --out prod.plan,
    plan --env prod --from prod.plan
    """
    from ops.deploy import plan as made
    from ops.deploy import plan_from_files
    from ops.deploy.plan_file import PlanWriter
    from ops.report import html as page
    from ops.report import markdown, text

    _require_fitting(base, given, out)
    for option, file in (("--out", out), ("--markdown", as_markdown), ("--html", html)):
        if file is not None:
            _require_writable(option, file)
    saved = PlanWriter(environment=env) if out else None
    with screen.doing("synthesizing") as say:
        if given:
            report = plan_from_files.report_of_files(env, given, say=say)
        else:
            report = made.report_of(env, base=base, say=say, saved=saved)
    if as_markdown is not None:
        as_markdown.write_text(markdown.render(report))
    if html is not None:
        html.write_text(page.render(report))
    if as_json:
        print(json.dumps(report.as_data(), indent=2, sort_keys=True))
    else:
        screen.show_report(text.render(report))
    if saved and out:
        saved.write(out)
        screen.err.print(
            f"{out} has this plan, with secrets in it; to apply exactly this: "
            f"python -m ops deploy --env {env} --plan {out}",
            markup=False,
        )
    if report.is_refused:
        raise typer.Exit(errors.FINDING)


def check(
    env: Annotated[
        list[str] | None,
        typer.Option(
            "--env", metavar="NAME", help="An environment, or all. May be given several times. Default: all."
        ),
    ] = None,
    deploy: Annotated[
        bool,
        typer.Option(
            "--deploy",
            help="Also list what a deploy still needs (credentials, digests), and exit with 1 if it needs something.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Check environments before a deploy: wiring, accounts, routes, stores, limits, conflicts. Exits with 1 on a finding.

    A finding that is intended can be acknowledged in environments/acknowledged/NAME.yaml: a list under the key
    acknowledged, each entry with finding (the name in brackets), about (where it is), reason, and until (a date,
    optional). An entry that matches nothing or has expired is a finding itself, and so is a file that no environment reads. Findings that expose secrets or pages, or lose data, cannot be
    acknowledged.

    Example: check --env prod --deploy
    """
    from ops.check import runner, text

    names = runner.chosen(env or ["all"])
    with screen.doing() as say:
        results = runner.check_all(names, say)
    if as_json:
        print(json.dumps(text.as_data(results), indent=2))
    else:
        screen.show_report(text.render(results, deploy=deploy))
    raise typer.Exit(errors.FINE if runner.is_fine(results, deploy=deploy) else errors.FINDING)


def reach(env: Env = "local", as_json: Json = False) -> None:
    """Print what somebody reaches who has taken over a worker: secrets, servers, networks, stores.

    Computed from the services that may run there. Where an environment has no worker, it is that of one that somebody would
    add. docs/decisions/0028-a-worker-is-worth-little.md says what is kept off workers, and why.

    Example: reach --env prod
    """
    from ops.check import reach as reaching

    with screen.doing(f"synthesizing {env}"):
        found = reaching.reach_of(env)
    if as_json:
        print(json.dumps(reaching.as_data(found), indent=2))
    else:
        screen.show_report(reaching.render(env, found))


def cost(env: Env = "local", as_json: Json = False) -> None:
    """Add up what an environment costs a month, by list price. Exits with 1 above its budget.

    Counts what its code orders from DigitalOcean: droplets and their backups, volumes, the managed database, buckets,
    the reserved address. Tax and traffic are not included. Prices are in ops/model/prices.yaml, each with its source and day; what
    has no price there is named. The budget is `budget` in environments/NAME.yaml, in US dollars a month.

    Example: cost --env prod
    """
    from ops.report import bill

    with screen.doing("synthesizing"):
        result = bill.bill_of(env)
    if as_json:
        print(json.dumps(result.as_data(), indent=2))
    else:
        screen.show_report(bill.render(result))
    raise typer.Exit(errors.FINDING if result.is_above_budget else errors.FINE)


def _require_fitting(base: str | None, given: list[Path] | None, out: Path | None) -> None:
    """Refuses options that say two things."""
    if base is not None and given:
        raise errors.WrongUse("--base and --from: each says what to show", fix="leave one of them out")
    if base and out:
        raise errors.WrongUse(
            "--base and --out: a comparison of two revisions is no plan that can be applied",
            fix="leave one of them out; --markdown saves the report of either",
        )
    if given and out:
        raise errors.WrongUse(
            "--from and --out: a saved plan is in a file already",
            fix="leave one of them out; --markdown and --html save its report",
        )


def _require_writable(option: str, file: Path) -> None:
    """Fails before minutes of work, not after."""
    if file.is_dir():
        raise errors.WrongUse(f"{option} {file}: is a folder", fix="name a file in it")
    if not file.parent.is_dir():
        raise errors.WrongUse(
            f"{option} {file}: there is no folder {file.parent}",
            fix=f"create it first: mkdir -p {file.parent}",
        )
