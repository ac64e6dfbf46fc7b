"""A report as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ops.model.changes import Action
from ops.report import costs
from ops.report.model import FileChange, ItemChange, LayerReport, Report, ServiceChange, StackReport
from ops.terminal.columns import columns
from ops.terminal.counted import counted

MARKS = {Action.ADD: "+", Action.CHANGE: "~", Action.REPLACE: "!", Action.DESTROY: "-"}
_HEADINGS = ("", "service", "image", "replicas", "update", "effect")
_LONGEST_DIFF = 60
_MANY = 6

NOT_BUILT = ":not-built"
"""Tag of an image from packages before the first build on this machine."""
RESOLVE = "run `python -m ops images resolve`; deploy refuses them until then"
BUILD = "run `make up`, which builds them"

LEGEND = "+ add  ~ change  ! replace  - destroy; times are estimates: stop grace and start period of one task, at most"


def render(report: Report) -> str:
    """The report as text."""
    return "\n".join(line for stack in report.stacks for line in [*_stack(report.environment, stack), ""])


def counts(stack: StackReport) -> str:
    """How many resources each action concerns, and how many services."""
    services = [change for layer in stack.layers for change in layer.services]
    parts = []
    for action, count in stack.counts.items():
        of_services = sum(change.action is action for change in services)
        parts.append(
            f"{count} to {action}" + (f" ({counted(of_services, 'service')})" if of_services else "")
        )
    return ", ".join(parts)


def replicas(change: ServiceChange) -> str:
    """The number of tasks, or the two if they differ."""
    before, after = change.replicas
    both = before and after and before != after
    return f"{before} -> {after}" if both else str(after or before)


def _stack(environment: str, stack: StackReport) -> Iterator[str]:
    yield f"plan of {environment}: {stack.name}, compared with {stack.compared_with}"
    if stack.offline:
        yield f"offline, not made by Terraform: {stack.offline}"
    yield ""
    if stack.is_empty:
        yield "no changes"
        return
    yield counts(stack)
    yield LEGEND
    yield from _section("DESTROYED OR REPLACED", [f"  ! {text}" for text in stack.dangers])
    yield from _section("A DEPLOY REFUSES THIS", list(_refused(stack)))
    yield from _section("acknowledged", list(_acknowledged(stack)))
    yield from _section("STOPS SERVING", [f"  {line}" for line in interruptions(stack)])
    yield from _section("restarts without a gap", _restarted(stack))
    yield from _section("images", [f"  {change}: {', '.join(users)}" for change, users in stack.images])
    shown: set[tuple[str, ...]] = set()
    for layer in stack.layers:
        yield from _layer(layer, shown)
    yield from _cost(stack)
    yield from _section("who shares a network with whom", _sharing(stack))
    for title, lines in unresolved(stack):
        yield from _section(title, [f"  {line}" for line in lines])


def interruptions(stack: StackReport) -> Iterator[str]:
    """What does not serve for a while, for how long, at which addresses, and who connects to it."""
    for change in stack.interrupted:
        gone = change.action is Action.DESTROY
        where = f": {some(change.routes)}" if change.routes else ""
        noticed = f"; {some(change.clients)} may notice" if change.clients else ""
        yield f"{change.name} {'for good' if gone else f'for up to {change.away_s} s'}{where}{noticed}"


def some(names: Sequence[str]) -> str:
    """All of a few names, of many the first and how many more."""
    more = len(names) - _MANY
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:_MANY])} and {more} more"


def _restarted(stack: StackReport) -> list[str]:
    names = [change.name for change in stack.restarted]
    return [f"  {', '.join(names)}"] if names else []


def _cost(stack: StackReport) -> Iterator[str]:
    if stack.cost is None:
        return
    yield ""
    yield f"cost: {costs.summary(stack.cost)}"
    if above := costs.above_budget(stack.cost):
        yield f"  ! {above}"
    yield from (f"  {costs.line(change)}" for change in stack.cost.changes)


def _refused(stack: StackReport) -> Iterator[str]:
    for step in stack.guarded:
        if step.fix:
            yield f"  ! {step.what}"
            yield f"    {step.fix}"


def _acknowledged(stack: StackReport) -> Iterator[str]:
    for step in stack.guarded:
        if step.acknowledged:
            yield f"  = {step.what}"
            yield f"    acknowledged {step.acknowledged}"


def unresolved(stack: StackReport) -> Iterator[tuple[str, list[str]]]:
    """Images that a deploy would refuse, and what to do."""
    missing = [(service, image) for service, image in stack.unresolved if not image.endswith(NOT_BUILT)]
    if missing:
        yield f"images without a digest: {RESOLVE}", [f"{service}: {image}" for service, image in missing]
    unbuilt = sorted(service for service, image in stack.unresolved if image.endswith(NOT_BUILT))
    if unbuilt:
        yield f"images that are not built yet: {BUILD}", [", ".join(unbuilt)]


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from lines


def _layer(layer: LayerReport, shown: set[tuple[str, ...]]) -> Iterator[str]:
    if not layer.services and not layer.items:
        return
    yield ""
    unchanged = f", {counted(layer.unchanged, 'service')} unchanged" if layer.unchanged else ""
    yield f"{layer.name}{unchanged}"
    rows = [(MARKS[c.action], c.name, c.image.shown, replicas(c), c.order, c.effect) for c in layer.services]
    yield from columns([_HEADINGS, *rows] if rows else [], indent="  ")
    for change in layer.services:
        yield from _service(change, shown)
    yield from _items(layer.items)


def _service(change: ServiceChange, shown: set[tuple[str, ...]]) -> Iterator[str]:
    lines = list(_details(change, shown))
    if lines:
        yield f"  {change.name}:"
        yield from lines


def _details(change: ServiceChange, shown: set[tuple[str, ...]]) -> Iterator[str]:
    for reason in change.because:
        yield f"    replaced because of {reason}"
    if change.action is not Action.ADD:
        yield from (f"    joins {network}" for network in change.joins)
        yield from (f"    leaves {network}" for network in change.leaves)
    yield from (f"    + {route}" for route in change.routes_added)
    yield from (f"    - {route}" for route in change.routes_removed)
    for setting in change.settings:
        yield f"    {setting.name}: {setting.before or '(not set)'} -> {setting.after or '(not set)'}"
    for file in change.files:
        if change.action is not Action.ADD or file.kind == "config":
            yield from _file(file, shown)


def _file(file: FileChange, shown: set[tuple[str, ...]]) -> Iterator[str]:
    note = f": {file.note}" if file.note else ""
    what = f"{file.kind} {file.name}"
    if file.action is not Action.CHANGE:
        yield f"    {MARKS[file.action]} {file.path} ({what}{note})"
        return
    yield f"    ~ {file.path} ({what}{note})"
    if file.diff and file.diff in shown:
        yield "        (the same lines as above)"
        return
    shown.add(file.diff)
    yield from (f"        {line}" for line in file.diff[:_LONGEST_DIFF])
    if len(file.diff) > _LONGEST_DIFF:
        yield f"        ({len(file.diff) - _LONGEST_DIFF} more lines: git diff shows them)"


def _items(items: Sequence[ItemChange]) -> Iterator[str]:
    for kind in dict.fromkeys(item.type for item in items):
        own = [item for item in items if item.type == kind]
        word = kind.split("_", 1)[-1].replace("_", " ")
        plain = [item for item in own if _fits_in_a_list(item)]
        for action in Action:
            names = [_with_note(item) for item in plain if item.action is action]
            if names:
                yield f"  {MARKS[action]} {word}: {', '.join(names)}"
        for item in own:
            if item not in plain:
                yield f"  {MARKS[item.action]} {word} {item.name}{f' ({item.note})' if item.note else ''}"
                yield from (f"      {s.name}: {s.before or '(not set)'} -> {s.after}" for s in item.settings)
                yield from (f"      {line}" for line in item.details)


def _fits_in_a_list(item: ItemChange) -> bool:
    """Whether its name, with a word or two, says all."""
    if item.settings or item.details or item.because:
        return False
    return item.type != "digitalocean_record"


def _with_note(item: ItemChange) -> str:
    return f"{item.name} ({item.note})" if item.note and item.note != "internal" else item.name


def _sharing(stack: StackReport) -> list[str]:
    width = max((len(network) for network in stack.sharing), default=0)
    return [
        f"  {network.ljust(width)}  {', '.join(names)}"
        for network, names in stack.sharing.items()
        if len(names) > 1
    ]
