"""The alerts as a table, from the rules that Grafana is given."""

from __future__ import annotations

from layers.data.alerting import TABLE
from layers.loading import read_yaml

PAGE = "docs/runbooks/monitoring.md"


def table() -> str:
    """The table of docs/runbooks/monitoring.md."""
    lines = ["| alert | says | what to do | read on |", "|---|---|---|---|"]
    for uid, entry in read_yaml(TABLE).items():
        said = f"{entry['title']} ({entry['severity']})"
        if "waits" in entry:
            said += f". Comes later than two minutes: {entry['waits']}"
        page, _, anchor = entry["runbook"].partition("#")
        words = anchor.replace("-", " ")
        link = f"#{anchor}" if PAGE.endswith(f"/{page}") else entry["runbook"]
        lines.append(f"| `{uid}` | {said} | {entry['action']} | [{words}]({link}) |")
    return "\n".join(lines) + "\n"
