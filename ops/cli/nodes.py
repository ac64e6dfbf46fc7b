"""The commands about nodes: ready, replace-node, upgrade-engine, keys, known-hosts."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ops import errors
from ops.cli import confirmation
from ops.cli.options import ChangedEnv, Env, Json, Yes
from ops.terminal import screen


def ready(
    context: typer.Context,
    env: Env = "local",
    wait: Annotated[
        float,
        typer.Option(
            "--wait",
            min=0,
            metavar="SECONDS",
            help="Keep asking until all nodes are ready, for at most this long.",
        ),
    ] = 0,
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Set labels, and write volumes and operators' keys of the environment's file, on nodes that have other ones, as a deploy does.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask every node whether it is ready for services: engine, swarm, volumes, labels, and who gets in. Exits with 1 if one is not.

    Example: ready --env prod --wait 600
    """
    source = context.get_parameter_source("env")
    if write and (source is None or source.name != "COMMANDLINE"):
        raise errors.WrongUse("missing option '--env'", fix="--write changes nodes: name their environment")
    from ops.nodes import status
    from ops.nodes.readiness import keys_to_compare, node_statuses, require_ready, wait_until_ready
    from ops.terraform.target import targets_of

    with screen.doing() as say:
        say(f"synthesizing {env}")
        targets = targets_of(env)
        targets.needed_cloud("its node is this machine")
    shown = status.StatusDisplay(screen.err)
    if write:
        found = require_ready(
            targets.services, wait_s=wait, tell=shown, writes_keys=True, but_for_engine=True
        )
    else:
        keys = keys_to_compare(targets.services)
        found = wait_until_ready(lambda: node_statuses(targets.services, keys=keys), wait_s=wait, tell=shown)
    if as_json:
        print(json.dumps([each.as_data() for each in found], indent=2))
    else:
        print(status.table(found))
    if write and any(each.engine for each in found):
        upgrade = f"python -m ops upgrade-engine --env {env}; docs/runbooks/upgrade-the-engine.md"
        screen.err.print(
            f"all else is as declared; next, upgrade the engines: {upgrade}", markup=False, soft_wrap=True
        )
    raise typer.Exit(errors.FINE if all(each.ready for each in found) else errors.FINDING)


def known_hosts(
    env: ChangedEnv,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept",
            help="Replace a different key in the file. Use it only if you know why the host key changed.",
        ),
    ] = False,
) -> None:
    """Write the nodes' host key from the cloud stack's outputs to environments/known_hosts/NAME."""
    from ops.deploy import prerequisites
    from ops.nodes.known_hosts import update_known_hosts
    from ops.terraform.target import targets_of

    with screen.doing() as say:
        say(f"synthesizing {env}")
        cloud = targets_of(env).needed_cloud("its engine is reached without ssh")
        found = [*prerequisites.tools(locks=cloud.state_file is None), *prerequisites.state_access(cloud)]
        if found:
            raise errors.Refused(f"the host key of {env} cannot be read; nothing was written", found)
        say(f"terraform init of {cloud.stack}")
        cloud.terraform.init()
        updated = update_known_hosts(cloud, accept=accept)
    screen.out.print(str(updated), markup=False)


def replace_node(
    node: Annotated[str, typer.Option("--node", metavar="DROPLET", help="Such as prod-app-1.")],
    env: ChangedEnv,
    yes: Yes = False,
    ends_swarm: Annotated[
        bool,
        typer.Option(
            "--ends-swarm",
            help="Needed where the node is the only manager: its swarm ends, and all services are deployed again.",
        ),
    ] = False,
    dead: Annotated[
        bool,
        typer.Option(
            "--dead", help="The node does not answer: power it off through the API, without draining it."
        ),
    ] = False,
    parallelism: Annotated[
        int,
        typer.Option(
            "--parallelism", min=1, max=100, metavar="NUMBER", help="Terraform's parallel operations."
        ),
    ] = 10,
) -> None:
    """Replace one droplet: drain it, replace it, and wait until it is ready and all services have converged.

    Its volumes stay. docs/runbooks/replace-a-node.md says when to use --ends-swarm and --dead.

    Example: replace-node --env prod --node prod-work-1
    """
    from ops.deploy.replace_node import Replacement

    Replacement.of(env, node, ends_swarm=ends_swarm, parallelism=parallelism, dead=dead).run(
        ask=None if yes else confirmation.confirmed
    )


def upgrade_engine(env: ChangedEnv, yes: Yes = False) -> None:
    """Upgrade the engine, containerd and runc of every node, one after the other: drain, install, wait until all converged.

    The engine's version is cloud/engine_version of the environment's file; of containerd and runc it is the newest that the mirrors
    have. Shows what changes on which node and which services are away for how long, and asks. Holds the locks of both states until it
    ends. Stops at the first failure; the same command goes on from there.

    Example: upgrade-engine --env prod
    """
    from ops.deploy.upgrade_engine import EngineUpgrade

    EngineUpgrade.of(env).run(ask=None if yes else confirmation.confirmed)


def keys(env: ChangedEnv, as_json: Json = False) -> None:
    """Write the ssh keys of the environment's file to every node, and check that one of them can sign in."""
    from ops.nodes.authorized_keys import write_keys
    from ops.terraform.target import targets_of

    with screen.doing() as say:
        say(f"synthesizing {env}")
        targets = targets_of(env)
        targets.needed_cloud("its node is this machine, which is not reached over ssh")
        results = write_keys(targets.services, say)
    if as_json:
        print(json.dumps({result.node: result.problem for result in results}, indent=2))
    else:
        for result in results:
            screen.out.print(str(result), markup=False)
    raise typer.Exit(errors.FINDING if any(result.problem for result in results) else errors.FINE)
