"""The commands doctor, status, resources and logs."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from ops import errors
from ops.cli.options import Env, Json
from ops.terminal import screen


def doctor(
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE",
            help="Look at this service and what it depends on. Default: everything.",
            show_default=False,
        ),
    ] = "",
    env: Env = "local",
    as_json: Json = False,
) -> None:
    """Explain what does not work: cause, evidence, and the next command to type. Changes nothing. Exits with 1 if something was found.

    Asks the swarm, and inside tasks: tasks that end, wait or are unhealthy, names and connections, disks, clocks, certificates,
    queues, versions, backups, the state's lock. What a broken service breaks in others is named with it, and not repeated.

    Examples: doctor --env prod, doctor web --env prod
    """
    from ops.doctor import run, text
    from ops.terraform.target import targets_of

    with screen.doing() as say:
        say(f"synthesizing {env}")
        diagnosis = run.diagnosis_of(targets_of(env), say, service=service)
    if as_json:
        print(json.dumps(diagnosis.as_data(), indent=2))
    else:
        screen.show_report(text.render(diagnosis))
    raise typer.Exit(errors.FINDING if diagnosis.findings else errors.FINE)


def status(env: Env = "local", as_json: Json = False) -> None:
    """Show an environment on one screen: nodes, services with tasks, version and age, last release, last backup, addresses. Changes nothing.

    Example: status --env prod
    """
    from ops.doctor import status as now
    from ops.terraform.target import targets_of

    with screen.doing() as say:
        say(f"synthesizing {env}")
        found = now.status_of(targets_of(env), say)
    if as_json:
        print(json.dumps(found.as_data(), indent=2))
    else:
        screen.show_report("\n".join(found.lines()))


def resources(
    env: Env = "local",
    window: Annotated[
        str, typer.Option("--window", metavar="TIME", help="Steady and peak use of the last 10m, 2h or 7d.")
    ] = "24h",
    as_json: Json = False,
) -> None:
    """Show what each service may use, what is reserved for it, and what it used: now, steady (the median) and at its peak. Changes nothing.

    Marks a memory limit that is below 1.25 or above 4 times the peak. Telegraf measures; where InfluxDB does not answer, the engines say
    what is used now.

    Example: resources --env prod --window 7d
    """
    from ops.doctor import resources as used
    from ops.swarm import service_log
    from ops.terraform.target import targets_of

    seconds = service_log.seconds_in(window, "--window")
    with screen.doing() as say:
        say(f"synthesizing {env}")
        found = used.resources_of(targets_of(env), window_s=seconds, say=say)
    if as_json:
        print(json.dumps(found.as_data(), indent=2))
    else:
        screen.show_report("\n".join(found.lines()))


def logs(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Such as web.")],
    env: Env = "local",
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", help="Lines of the last 30s, 10m, 2h or 1d only.", show_default=False
        ),
    ] = None,
    grep: Annotated[
        str,
        typer.Option(
            "--grep",
            metavar="REGEX",
            help="Lines that this regular expression is found in only.",
            show_default=False,
        ),
    ] = "",
    tail: Annotated[
        int | None,
        typer.Option(
            "--tail",
            min=1,
            metavar="NUMBER",
            help="The last lines of each task, before --grep. Default: 100, or all with --since or --grep.",
            show_default=False,
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with new lines until Ctrl-C.")] = False,
) -> None:
    """Show a service's log, from the engine, over ssh where that is elsewhere. Times are UTC.

    Where a service has or had several tasks, each line has its task. What the service itself writes is shown as it is.

    Examples: logs web --env prod --since 10m, logs core --grep 'ERROR|timeout' --follow
    """
    from layers.loading import load_environment
    from ops.paths import ROOT
    from ops.swarm import service_log
    from ops.swarm.engine import connected

    start = 0 if since is None else max(0, int(time.time()) - service_log.seconds_in(since))
    wanted = service_log.pattern_of(grep)
    lines = tail if tail is not None or since is not None or grep else 100
    settings = load_environment(env)
    with connected(settings.engine.host, settings.ssh_options(str(ROOT))) as swarm:
        log = service_log.ServiceLog(swarm, service)
        for line in log.lines(since=start, tail=lines, follow=follow):
            if wanted.search(line.text):
                task = f"{line.task}  " if log.has_several_tasks else ""
                print(f"{line.time[:10]} {line.time[11:19]}  {task}{line.text}", flush=follow)
