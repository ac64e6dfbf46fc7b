"""The commands about nodes: ready, known-hosts, replace-node, keys."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ops import errors
from ops.cli.options import Env, Json
from ops.terminal import screen

Wait = Annotated[
    float,
    typer.Option("--wait", min=0, metavar="SECONDS", help="Look on until all are ready, at most so long."),
]


def ready(env: Env = "prod", wait: Wait = 0, as_json: Json = False) -> None:
    """Ask every node whether it is what the services need; exit code 1 when one still waits for something."""
    from ops.nodes import status
    from ops.nodes.readiness import node_statuses as look
    from ops.nodes.readiness import wait_until_ready
    from ops.terraform.target import targets_of

    with screen.doing() as say:
        say(f"synthesizing {env}")
        targets = targets_of(env)
        targets.needed_cloud("its engine is this machine's own")
    shown = status.StatusDisplay(screen.err)
    found = wait_until_ready(lambda: look(targets.services), wait_s=wait, tell=shown)
    if as_json:
        print(json.dumps([each.as_data() for each in found], indent=2))
    else:
        print(status.table(found))
    raise typer.Exit(errors.FINE if all(each.ready for each in found) else errors.FINDING)


def known_hosts(
    env: Env = "prod",
    accept: Annotated[
        bool, typer.Option("--accept", help="Also when the file holds another key: you know why it changed.")
    ] = False,
) -> None:
    """Take the nodes' host keys over from the deployed cloud stack, and say whether they changed."""
    from ops.deploy import prerequisites
    from ops.nodes.known_hosts import update_known_hosts
    from ops.terraform.target import targets_of

    with screen.doing() as say:
        say(f"synthesizing {env}")
        cloud = targets_of(env).needed_cloud("its engine is reached without ssh")
        found = list(prerequisites.tools(locks=cloud.state_file is None))
        if found:
            raise errors.Refused(f"the host key of {env} cannot be read; nothing was written", found)
        say(f"terraform init of {cloud.stack}")
        cloud.terraform.init()
        taken = update_known_hosts(cloud, accept=accept)
    screen.out.print(str(taken), markup=False)


def replace_node(
    node: Annotated[str, typer.Option("--node", metavar="DROPLET", help="Such as prod-app-1.")],
    env: Env = "prod",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    ends_swarm: Annotated[
        bool,
        typer.Option(
            "--ends-swarm", help="The node is the only manager: its swarm ends, and all services start anew."
        ),
    ] = False,
    dead: Annotated[
        bool, typer.Option("--dead", help="It does not answer: pull its plug, without draining it first.")
    ] = False,
    parallelism: Annotated[int, typer.Option("--parallelism", min=1, max=100, help="Terraform's.")] = 10,
) -> None:
    """Rebuild one droplet: drain it, make it anew, and wait until it is back and every service runs."""
    from ops.deploy.replace_node import Replacement

    Replacement.of(env, node, ends_swarm=ends_swarm, parallelism=parallelism, dead=dead).run(
        ask=None if yes else lambda question: bool(typer.confirm(question))
    )


def keys(env: Env = "prod", as_json: Json = False) -> None:
    """Write the operators' keys of the environment's file to every node, and check that one can still sign in."""
    from ops.nodes.authorized_keys import write_keys
    from ops.terraform.target import targets_of

    with screen.doing() as say:
        say(f"synthesizing {env}")
        targets = targets_of(env)
        targets.needed_cloud("nobody signs in to its node")
        results = write_keys(targets.services, say)
    if as_json:
        print(json.dumps({result.node: result.problem for result in results}, indent=2))
    else:
        for result in results:
            screen.out.print(str(result), markup=False)
    raise typer.Exit(errors.FINDING if any(result.problem for result in results) else errors.FINE)
