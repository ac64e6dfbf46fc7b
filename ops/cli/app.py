"""The command line: every command, by what it is for."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from ops.cli import (
    backup,
    bench,
    change,
    doctor,
    documentation,
    drift,
    images,
    nodes,
    release,
    rotate,
    see,
    smoke,
    state,
    upgrade,
    values,
)
from ops.cli.entry import run

SEE, CHANGE, NODES = "See (changes nothing)", "Change", "Nodes"
BACKUPS = "Backups"
IMAGES, STATE, DOCUMENTATION, DEVELOPMENT = "Images", "State", "Documentation", "Development"
PANELS = (SEE, CHANGE, BACKUPS, NODES, IMAGES, STATE, DOCUMENTATION, DEVELOPMENT)


class Ordered(TyperGroup):
    """Lists commands in the order of their panels; typer lists all groups of commands last."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands."""
        return sorted(super().list_commands(ctx), key=lambda name: PANELS.index(self._panel(name)))

    def _panel(self, name: str) -> str:
        return str(getattr(self.commands[name], "rich_help_panel", DEVELOPMENT))


app = typer.Typer(
    cls=Ordered,
    help=(
        "Plans, checks, deploys and watches the platform.\n\n"
        "Commands that only read use --env, else SPROCKET_ENV, else local. Commands that change something need --env.\n\n"
        "Exit codes: 0 success, 1 a finding or a failure, 2 wrong usage, 130 interrupted."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command(rich_help_panel=SEE)(doctor.status)
app.command(rich_help_panel=SEE)(doctor.doctor)
app.command(rich_help_panel=SEE)(doctor.resources)
app.command(rich_help_panel=SEE)(doctor.logs)
app.command(rich_help_panel=SEE)(see.plan)
app.command(rich_help_panel=SEE)(see.check)
app.command(rich_help_panel=SEE)(drift.drift)
app.command(rich_help_panel=SEE)(see.cost)
app.command(rich_help_panel=SEE)(see.reach)
app.command(rich_help_panel=SEE)(smoke.smoke)
app.command(rich_help_panel=SEE)(release.releases)
app.command(rich_help_panel=CHANGE)(change.deploy)
app.command(rich_help_panel=CHANGE)(release.rollback)
app.command(rich_help_panel=CHANGE)(release.promote)
app.command(rich_help_panel=CHANGE)(release.prune)
app.command(rich_help_panel=CHANGE)(change.down)
app.command(rich_help_panel=CHANGE)(change.purge)
app.command(rich_help_panel=CHANGE)(change.seed)
app.command(rich_help_panel=CHANGE)(rotate.rotate)
app.command("upgrade-store", rich_help_panel=CHANGE)(upgrade.upgrade_store)
app.command(rich_help_panel=CHANGE)(values.run)
app.add_typer(backup.app, name="backup", rich_help_panel=BACKUPS)
app.command(rich_help_panel=BACKUPS)(backup.restore)
app.command(rich_help_panel=BACKUPS)(backup.drill)
app.command(rich_help_panel=NODES)(nodes.ready)
app.command("replace-node", rich_help_panel=NODES)(nodes.replace_node)
app.command("upgrade-engine", rich_help_panel=NODES)(nodes.upgrade_engine)
app.command(rich_help_panel=NODES)(nodes.keys)
app.command("known-hosts", rich_help_panel=NODES)(nodes.known_hosts)
app.add_typer(images.app, name="images", rich_help_panel=IMAGES)
app.add_typer(state.app, name="state", rich_help_panel=STATE)
app.command(rich_help_panel=DOCUMENTATION)(documentation.schema)
app.command(rich_help_panel=DOCUMENTATION)(documentation.picture)
app.command(rich_help_panel=DOCUMENTATION)(documentation.table)
app.command(rich_help_panel=DEVELOPMENT)(smoke.soak)
app.command(rich_help_panel=DEVELOPMENT)(bench.bench)


def main() -> None:
    """Runs ``python -m ops``."""
    run(app)
