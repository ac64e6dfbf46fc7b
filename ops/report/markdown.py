"""A report as markdown: one comment on a pull request, whatever the change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ops.model.changes import Action
from ops.report import costs
from ops.report.model import FileChange, GuardedChange, ItemChange, Report, ServiceChange, StackReport
from ops.report.shortened import shortened
from ops.report.text import LEGEND, MARKS, counts, interruptions, replicas, unresolved
from ops.terminal.counted import counted

LIMIT = 65_536
"""Characters of a comment on GitHub, at most."""

_FOR_THE_CUT = 600
"""Characters set aside for saying what was left out."""
_LONGEST_DIFF = 40
_LONGEST_LINE = 1000
_OPEN = 12
"""A part of so many lines is shown unfolded."""
_ROWS = 50
"""Of one table, so that of many services some are shown."""
_HEADINGS = (
    "| | layer | service | image | replicas | update | effect |",
    "|---|---|---|---|---|---|---|",
)


@dataclass(frozen=True)
class _Part:
    """Some lines that are of use only together; its name is said where it is left out."""

    name: str
    lines: Sequence[str]

    @property
    def text(self) -> str:
        return "".join(f"{line[:_LONGEST_LINE]}\n" for line in self.lines)


def render(report: Report, *, limit: int = LIMIT) -> str:
    """The report; long parts are folded, and what does not fit is left out with a sentence about it.

    Args:
        limit: characters, at most.
    """
    parts = [part for stack in report.stacks for part in _stack(report.environment, stack)]
    if any(not stack.is_empty for stack in report.stacks):
        parts.append(_Part("the legend", [f"<sub>{LEGEND}</sub>"]))
    if sum(len(part.text) for part in parts) <= limit:
        return "".join(part.text for part in parts)
    return _cut(parts, limit - _FOR_THE_CUT, report.environment)


def _cut(parts: Sequence[_Part], room: int, environment: str) -> str:
    shown: list[str] = []
    left_out: list[str] = []
    for part in parts:
        if len(part.text) <= room:
            shown.append(part.text)
            room -= len(part.text)
        else:
            left_out.append(part.name)
    names = ", ".join(left_out[:8]) + (f" and {len(left_out) - 8} more" if len(left_out) > 8 else "")
    sentence = (
        f"**Cut to fit into a comment**: {counted(len(left_out), 'part')} left out ({names[:300]}). "
        f"`python -m ops plan --env {environment}` shows all."
    )
    return "".join(shown) + f"\n{sentence}\n"


def _stack(environment: str, stack: StackReport) -> Iterator[_Part]:
    if stack.is_empty:
        offline = f" Offline, not made by Terraform: {_escaped(stack.offline)}." if stack.offline else ""
        line = f"**{stack.name}**: no changes, compared with {_escaped(stack.compared_with)}.{offline}"
        yield _Part(stack.name, [line, ""])
        return
    yield _Part(f"the summary of {stack.name}", list(_summary(environment, stack)))
    yield from _services(stack)
    yield _Part("resources besides services", list(_items(stack)))
    yield _Part("images without a digest", list(_unresolved(stack)))


def _summary(environment: str, stack: StackReport) -> Iterator[str]:
    yield f"## Plan of {environment}: {stack.name}"
    offline = f" Offline, not made by Terraform: {_escaped(stack.offline)}." if stack.offline else ""
    yield f"**{counts(stack)}**, compared with {_escaped(stack.compared_with)}.{offline}"
    yield ""
    refused = [step for step in stack.guarded if step.fix]
    yield from _alert("CAUTION", "Destroyed or replaced", stack.dangers, [*_refusals(refused)])
    for step in stack.guarded:
        if not step.fix:
            yield "> [!NOTE]"
            yield f"> **Acknowledged**: {_escaped(step.what)}"
            yield f"> {_escaped(step.acknowledged)}"
            yield ""
    yield from _alert("WARNING", "Stops serving", list(interruptions(stack)))
    if stack.restarted:
        yield f"**Restarts without a gap**: {', '.join(change.name for change in stack.restarted)}"
        yield ""
    if stack.cost:
        above = costs.above_budget(stack.cost)
        yield f"**Cost**: {costs.summary(stack.cost)}{f', **{above}**' if above else ''}"
        yield from (f"- {_escaped(costs.line(change))}" for change in stack.cost.changes)
        yield ""
    if stack.images:
        yield "**Images**"
        yield from (f"- {_escaped(change)}: {', '.join(users)}" for change, users in stack.images)
        yield ""


def _alert(kind: str, title: str, lines: Sequence[str], more: Sequence[str] = ()) -> Iterator[str]:
    """A block of one kind, with a list and with paragraphs that have their own marks."""
    if not lines and not more:
        return
    yield f"> [!{kind}]"
    if lines:
        yield f"> **{title}**"
        yield from (f"> - {_escaped(line)}" for line in lines)
    for number, paragraph in enumerate(more):
        if lines or number:
            yield ">"
        yield f"> {paragraph}"
    yield ""


def _refusals(steps: Sequence[GuardedChange]) -> Iterator[str]:
    """Each in one paragraph; the entry that acknowledges it is code, to be copied."""
    for step in steps:
        lines = [line.strip() for line in step.fix.splitlines()]
        fix = [f"`{line}`" if line.startswith("- {") else _escaped(line) for line in lines]
        yield f"**A deploy refuses this**: {_escaped(step.what)}<br>{' '.join(fix)}"


def _services(stack: StackReport) -> Iterator[_Part]:
    rows = [_row(layer.name, change) for layer in stack.layers for change in layer.services]
    for start in range(0, len(rows), _ROWS):
        yield _Part(f"a table of services of {stack.name}", [*_HEADINGS, *rows[start : start + _ROWS], ""])
    lines = [line for change in stack.services if not _has_diff(change) and (line := _in_one_line(change))]
    title = "What else changes in them"
    yield _Part("details of services", list(_folded(title, lines, is_open=True)))
    for change in stack.services:
        if _has_diff(change):
            lines = list(_details(change))
            title = f"{change.name}: changed lines"
            yield _Part(f"service {change.name}", list(_folded(title, lines, is_open=True)))


def _row(layer: str, change: ServiceChange) -> str:
    image = shortened(change.image.shown)
    cells = (layer, change.name, image, replicas(change), change.order, change.effect)
    return f"| {MARKS[change.action]} | {' | '.join(_escaped(cell) for cell in cells)} |"


def _has_diff(change: ServiceChange) -> bool:
    return any(file.diff for file in change.files)


def _in_one_line(change: ServiceChange) -> str:
    """A service of which no lines of files are shown; empty where the table says all."""
    facts = "; ".join(line.removeprefix("- ") for line in _details(change))
    return f"- **{change.name}**: {facts}" if facts else ""


def _details(change: ServiceChange) -> Iterator[str]:
    yield from (f"- replaced because of {reason}" for reason in change.because)
    if change.joins:
        yield f"- joins {', '.join(map(_code, change.joins))}"
    if change.leaves and change.action is not Action.DESTROY:
        yield f"- leaves {', '.join(map(_code, change.leaves))}"
    yield from (f"- route added: {route}" for route in change.routes_added)
    yield from (f"- route removed: {route}" for route in change.routes_removed)
    for s in change.settings:
        yield f"- {s.name}: {_code(s.before or '(not set)')} -> {_code(s.after or '(not set)')}"
    for file in change.files:
        yield from _file(file)


def _file(file: FileChange) -> Iterator[str]:
    note = f": {file.note}" if file.note else ""
    yield f"- {MARKS[file.action]} {_code(file.path)} ({file.kind} {file.name}{note})"
    if file.diff:
        longest = max((len(run) for line in file.diff for run in re.findall("`+", line)), default=0)
        fence = "`" * max(3, longest + 1)
        yield f"  {fence}diff"
        yield from (f"  {line}" for line in file.diff[:_LONGEST_DIFF])
        yield f"  {fence}"
        if len(file.diff) > _LONGEST_DIFF:
            yield f"  {len(file.diff) - _LONGEST_DIFF} more lines: `git diff` shows them."


def _items(stack: StackReport) -> Iterator[str]:
    items = [item for layer in stack.layers for item in layer.items]
    lines: list[str] = []
    for kind, action in dict.fromkeys((item.type, item.action) for item in items):
        own = [item for item in items if (item.type, item.action) == (kind, action)]
        plain = [item for item in own if not (item.note or item.settings or item.details)]
        if plain:
            names = ", ".join(_code(item.name) for item in plain)
            lines.append(f"- {MARKS[action]} {kind} {names}")
        lines += [line for item in own if item not in plain for line in _item(item)]
    title = counted(len(items), "other resource" if stack.services else "resource")
    yield from _folded(title, lines, is_open=not stack.services)


def _item(item: ItemChange) -> Iterator[str]:
    note = f" ({_escaped(item.note)})" if item.note else ""
    settings = "".join(
        f"; {s.name}: {_code(s.before or '(not set)')} -> {_code(s.after or '(not set)')}"
        for s in item.settings
    )
    yield f"- {MARKS[item.action]} {item.type} {_code(item.name)}{note}{settings}"
    yield from (f"  - {_escaped(line)}" for line in item.details)


def _unresolved(stack: StackReport) -> Iterator[str]:
    for title, lines in unresolved(stack):
        names = ", ".join(line.partition(":")[0] for line in lines)
        yield f"{title[0].upper()}{title[1:]}: {names}."
        yield ""


def _folded(title: str, lines: Sequence[str], *, is_open: bool = False) -> Iterator[str]:
    if lines:
        yield f"<details{' open' if is_open and len(lines) <= _OPEN else ''}><summary>{_escaped(title)}</summary>"
        yield ""
        yield from lines
        yield ""
        yield "</details>"
        yield ""


def _escaped(text: str) -> str:
    """Text that is none of markdown's tables or HTML's tags, and tells nobody on GitHub that they were named."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("@", "@\u200b")


def _code(text: str) -> str:
    """Text as code, whatever backticks it has of its own."""
    words = " ".join(text.split()) or " "
    longest = max((len(run) for run in re.findall("`+", words)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{words}{space}{fence}"
