"""A report as one HTML page with the platform drawn: no script, and nothing that is fetched from elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from ops.model.changes import Action
from ops.model.prices import prices
from ops.report import costs
from ops.report.model import Report, ServiceChange
from ops.report.text import MARKS, unresolved
from ops.terminal.counted import counted

_FOLDER = Path(__file__).parent

_OPEN = 15
"""So many changed services are shown unfolded; of more, only those that stop serving."""
_TILES = 60
"""So many unchanged services are drawn on a node; more are counted."""
_LONGEST_DIFF = 400

_LONG_WORD = re.compile(r"(?<= )[^ ()]{25,}")
"""A tag; the name of an image stands at the beginning."""

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


def _short(image: str) -> str:
    """An image without the middle of a long tag, such as a commit: the digest tells it apart."""
    return _LONG_WORD.sub(lambda match: f"{match[0][:12]}\u2026", image).replace(" -> ", " \u2192 ")


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
        signs=SIGNS, costs=costs, counted=counted, unresolved=unresolved, Action=Action
    )
    environment.filters.update(short=_short, arrows=lambda text: text.replace(" -> ", " \u2192 "))
    return environment.get_template("page.html.j2")
