"""Shows how nodes become ready: a live table at a terminal, a line for every change elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from ops.nodes.readiness import NodeStatus
from ops.terminal.columns import columns


class StatusDisplay:
    """Shows the statuses; see :data:`ops.nodes.readiness.Tell`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: dict[str, NodeStatus] = {}

    def __call__(self, found: Sequence[NodeStatus], seconds: float) -> None:
        """Prints what is new since the last call."""
        for each in found:
            if self._last.get(each.node) != each:
                style = "green" if each.ready else ""
                self._console.print(Text(f"  {seconds:4.0f} s  {each}", style=style))
                self._last[each.node] = each


def table(found: Sequence[NodeStatus]) -> str:
    """The table of all nodes, with all that each one waits for."""
    rows = [("node", "state", "waits for")]
    for each in found:
        state = "ready" if each.ready else "waits" if each.reached else "no answer"
        state = "lets others in" if each.keys or each.rights else state
        lines = each.reasons
        rows.append(
            (
                each.node,
                "outdated" if each.replace or each.configure or each.labels or each.engine else state,
                lines[0] if lines else "",
            )
        )
        rows += [("", "", line) for line in lines[1:]]
    return "\n".join(columns(rows))
