"""A report as one HTML page with the platform drawn: no script, and nothing that is fetched from elsewhere."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from ops.model.changes import Action
from ops.model.prices import prices
from ops.report import costs
from ops.report.model import Report, ServiceChange
from ops.report.shortened import shortened
from ops.report.text import MARKS, some, unresolved
from ops.terminal.counted import counted

_FOLDER = Path(__file__).parent

_OPEN = 15
"""So many changed services are shown unfolded; of more, only those that stop serving."""
_TILES = 60
"""So many unchanged services are drawn on a node; more are counted."""
_LONGEST_DIFF = 400

SIGNS = {**MARKS, Action.DESTROY: "\u2212"}
"""A minus as long as the plus is wide."""


def render(report: Report) -> str:
    """The page. The same report gives the same bytes."""
    changed = [change for stack in report.stacks for change in stack.services]
    return _template().render(
        report=report,
        totals=_totals(report),
        interrupted=[each for stack in report.stacks for each in stack.interrupted],
        restarted=[each for stack in report.stacks for each in stack.restarted],
        costs_of=[stack.cost for stack in report.stacks if stack.cost],
        prices=prices().parts,
        opens=lambda change: len(changed) <= _OPEN or _stops(change),
        tiles=_TILES,
        longest=_LONGEST_DIFF,
        css=(_FOLDER / "page.css").read_text(),
    )


def _totals(report: Report) -> dict[Action, int]:
    found: Counter[Action] = Counter()
    for stack in report.stacks:
        found.update(stack.counts)
    return {action: found[action] for action in Action}


def _stops(change: ServiceChange) -> bool:
    return bool(change.away_s) or change.action in (Action.REPLACE, Action.DESTROY)


def _arrows(text: str) -> str:
    return text.replace(" -> ", " \u2192 ")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        signs=SIGNS, costs=costs, counted=counted, unresolved=unresolved, some=some, Action=Action
    )
    environment.filters.update(short=lambda image: _arrows(shortened(image)), arrows=_arrows)
    return environment.get_template("page.html.j2")
