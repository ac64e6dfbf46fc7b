"""A report as markdown, for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from ops.model.changes import Action
from ops.report.model import FileChange, LayerReport, Report, ServiceChange, StackReport
from ops.report.text import LEGEND, MARKS, counts, replicas, unresolved


def render(report: Report) -> str:
    """The report; long parts are folded."""
    return "\n".join(line for stack in report.stacks for line in _stack(report.environment, stack)) + "\n"


def _stack(environment: str, stack: StackReport) -> Iterator[str]:
    yield f"## Plan of {environment}: {stack.name}"
    yield ""
    yield f"Compared with {stack.compared_with}."
    if stack.offline:
        yield f"**Offline, not made by Terraform**: {_escaped(stack.offline)}"
    yield ""
    yield "**No changes.**" if stack.is_empty else f"**{counts(stack)}**"
    yield ""
    if stack.dangers:
        yield "> [!CAUTION]"
        yield "> **Destroyed or replaced**"
        yield from (f"> - {_escaped(text)}" for text in stack.dangers)
        yield ""
    for step in stack.store_steps:
        yield f"> [!{'CAUTION' if step.fix else 'NOTE'}]"
        yield f"> **{'A deploy refuses this' if step.fix else 'Acknowledged'}**: {_escaped(step.what)}"
        yield from (f"> {_escaped(line)}" for line in (step.fix or step.acknowledged).splitlines())
        yield ""
    if stack.images:
        yield "**Images**"
        yield from (f"- {_escaped(change)}: {', '.join(users)}" for change, users in stack.images)
        yield ""
    for layer in stack.layers:
        yield from _layer(layer)
    yield from _unresolved(stack)
    yield from _folded("Who shares a network with whom", list(_sharing(stack)))
    yield f"<sub>{LEGEND}</sub>"


def _layer(layer: LayerReport) -> Iterator[str]:
    if not layer.services and not layer.items:
        return
    yield f"### {layer.name}"
    yield ""
    if layer.services:
        yield "| | service | image | replicas | update | effect |"
        yield "|---|---|---|---|---|---|"
        for change in layer.services:
            cells = (change.name, change.image.shown, replicas(change), change.order, change.effect)
            yield f"| {MARKS[change.action]} | {' | '.join(_escaped(cell) for cell in cells)} |"
        yield ""
    for change in layer.services:
        yield from _service(change)
    lines = [
        f"- {MARKS[i.action]} {i.type} `{i.name}`{f' ({i.note})' if i.note else ''}"
        + "".join(f"; {s.name}: `{s.before}` -> `{s.after}`" for s in i.settings)
        + "".join(f"\n  - {_escaped(line)}" for line in i.details)
        for i in layer.items
    ]
    yield from _folded(f"{len(lines)} other resources", lines)


def _service(change: ServiceChange) -> Iterator[str]:
    lines = list(_details(change))
    title = f"{change.name}: {change.action}"
    if lines and change.action is Action.ADD:
        yield from _folded(title, lines)
    elif lines:
        yield f"**{title}**"
        yield from lines
        yield ""


def _details(change: ServiceChange) -> Iterator[str]:
    yield from (f"- replaced because of {reason}" for reason in change.because)
    if change.action is not Action.ADD:
        yield from (f"- joins `{network}`" for network in change.joins)
        yield from (f"- leaves `{network}`" for network in change.leaves)
    yield from (f"- route added: {route}" for route in change.routes_added)
    yield from (f"- route removed: {route}" for route in change.routes_removed)
    for s in change.settings:
        yield f"- {s.name}: `{s.before or '(not set)'}` -> `{s.after or '(not set)'}`"
    for file in change.files:
        yield from _file(file)


def _file(file: FileChange) -> Iterator[str]:
    note = f": {file.note}" if file.note else ""
    yield f"- {MARKS[file.action]} `{file.path}` ({file.kind} {file.name}{note})"
    if file.diff:
        fence = "`" * max(3, 1 + max((len(line) - len(line.lstrip("+- `")) for line in file.diff), default=0))
        yield f"  {fence}diff"
        yield from (f"  {line}" for line in file.diff)
        yield f"  {fence}"


def _unresolved(stack: StackReport) -> Iterator[str]:
    for title, lines in unresolved(stack):
        yield f"**{title[0].upper()}{title[1:]}**"
        yield from (f"- {line}" for line in lines)
        yield ""


def _sharing(stack: StackReport) -> Iterator[str]:
    yield from (f"- `{network}`: {', '.join(names)}" for network, names in stack.sharing.items())


def _folded(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"<details><summary>{title}</summary>"
        yield ""
        yield from lines
        yield ""
        yield "</details>"
        yield ""


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
