"""Dashboards of Grafana, from the tables in the folder beside this file."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

from ..loading import read_yaml
from ..rendering import to_json
from . import alerting

FOLDER = Path(__file__).parent / "dashboards"
TAG = "sprocket"
COLUMNS = 24
"""Of Grafana's grid; a unit of height is 30 pixels."""

SHAPES = {
    "timeseries": (12, 8),
    "stat": (4, 4),
    "bargauge": (8, 8),
    "table": (12, 8),
    "alertlist": (12, 8),
    "logs": (24, 10),
    "text": (24, 3),
}
"""Width and height of a panel, where its table says nothing else, by its type."""

_ONE_VALUE = {"reduceOptions": {"calcs": ["lastNotNull"]}}
OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {**_ONE_VALUE, "colorMode": "value", "graphMode": "area"},
    "bargauge": {**_ONE_VALUE, "displayMode": "basic", "orientation": "horizontal"},
    "alertlist": {
        "viewMode": "list",
        "groupMode": "default",
        "maxItems": 20,
        "sortOrder": 3,
        "stateFilter": {"firing": True, "pending": True, "noData": True, "error": True, "normal": False},
    },
    "logs": {"showTime": True, "wrapLogMessage": True, "sortOrder": "Descending", "enableLogDetails": True},
}
"""How a panel looks, by its type."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """An entry of a table.

    Args:
        title: no two panels of a dashboard have the same: the panel's id comes from it, so that it stays when others come or go.
        says: what it shows, and when to worry; Grafana's description.
        type: of Grafana.
        unit: one of Grafana's, such as ``percent`` or ``bytes``.
        queries: InfluxQL by its name in the legend, where ``$tag_host`` is the value of a tag.
        logs: a query for Loki, for the type ``logs``.
        text: Markdown, for the type ``text``.
        limits: colours, by the value from which on they hold; below the first it is green.
        limit_of: the rule of alerts.yaml whose threshold is drawn in red.
        links_from: the rules whose messages link to this panel.
        quiet: what stands there when there is nothing to show, for panels that may be empty on a healthy platform.
        opens: a link of Grafana by its title, from each value.
        newest: the column by which a table is sorted, largest first.
        size: width and height, where :data:`SHAPES` does not fit.
        repeat: a variable; there is one panel for each of its values.
        bars: draw bars and not lines, for counts.
    """

    title: str
    says: str = ""
    type: str = "timeseries"
    unit: str = ""
    queries: dict[str, str] = field(default_factory=dict)
    logs: str = ""
    text: str = ""
    limits: dict[str, float] = field(default_factory=dict)
    limit_of: str = ""
    links_from: Sequence[str] = ()
    quiet: str = ""
    opens: dict[str, str] = field(default_factory=dict)
    newest: str = ""
    size: Sequence[int] = ()
    repeat: str = ""
    bars: bool = False

    @property
    def id(self) -> int:
        """A number that only another title changes."""
        return crc32(self.title.encode()) % 100_000

    @property
    def shape(self) -> Sequence[int]:
        """Width and height in units of the grid."""
        return self.size or SHAPES[self.type]

    @property
    def options(self) -> dict[str, Any]:
        """Those of the type."""
        if self.type == "text":
            return {"mode": "markdown", "content": self.text}
        if self.newest:
            return {"sortBy": [{"displayName": self.newest, "desc": True}]}
        return OPTIONS.get(self.type, {})


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """A dashboard, as the file that Grafana reads.

    Args:
        uid: what links to it name; the name of its table.
        document: the content of the file.
        alerts: rules whose messages link here, each with the id of the panel.
    """

    uid: str
    document: dict[str, Any]
    alerts: dict[str, int]

    @property
    def text(self) -> str:
        """The file, with a line for each panel: a diff shows which ones changed."""
        panels = ",\n".join(json.dumps(panel, ensure_ascii=False) for panel in self.document["panels"])
        return to_json({**self.document, "panels": []}).replace('"panels": []', f'"panels": [\n{panels}\n]')


def dashboards(*, metrics: str, logs: str) -> tuple[Dashboard, ...]:
    """All of them, sorted by uid.

    Args:
        metrics: uid of the data source for InfluxQL.
        logs: uid of the one of Loki.
    """
    rules = read_yaml(alerting.TABLE)
    builder = _Builder(
        metrics={"type": "influxdb", "uid": metrics}, logs={"type": "loki", "uid": logs}, rules=rules
    )
    return tuple(builder.dashboard(path.stem, read_yaml(path)) for path in sorted(FOLDER.glob("*.yaml")))


def link_alerts(rules: dict[str, Any], boards: tuple[Dashboard, ...]) -> dict[str, Any]:
    """The provisioning file of the rules, where each links to its panel.

    The two annotations are Grafana's own and belong together (pkg/services/ngalert/models/alert_rule.go,
    SetDashboardAndPanelFromAnnotations).
    """
    panels = {
        uid: {"__dashboardUid__": board.uid, "__panelId__": str(panel)}
        for board in boards
        for uid, panel in board.alerts.items()
    }
    groups = [
        {
            **group,
            "rules": [
                {**rule, "annotations": {**rule["annotations"], **panels.get(rule["uid"], {})}}
                for rule in group["rules"]
            ],
        }
        for group in rules["groups"]
    ]
    return {**rules, "groups": groups}


@dataclass(frozen=True, kw_only=True)
class _Builder:
    metrics: dict[str, str]
    logs: dict[str, str]
    rules: dict[str, Any]

    def dashboard(self, uid: str, table: dict[str, Any]) -> Dashboard:
        rows = {title: [Panel(**entry) for entry in entries] for title, entries in table["rows"].items()}
        panels = [panel for row in rows.values() for panel in row]
        document = {
            "uid": uid,
            "title": table["title"],
            "description": table["says"],
            "tags": [TAG],
            "schemaVersion": 41,
            "version": 1,
            "editable": False,
            "refresh": "30s",
            "time": {"from": f"now-{table.get('last', '6h')}", "to": "now"},
            "timezone": "browser",
            "graphTooltip": 1,
            "links": [{"title": "Dashboards", "type": "dashboards", "tags": [TAG], "keepTime": True}],
            "templating": {
                "list": [self._variable(name, one) for name, one in table.get("variables", {}).items()]
            },
            "panels": list(self._placed(rows)),
        }
        alerts = {rule: panel.id for panel in panels for rule in panel.links_from}
        return Dashboard(uid=uid, document=document, alerts=alerts)

    def _placed(self, rows: dict[str, list[Panel]]) -> Iterator[dict[str, Any]]:
        """Panels from left to right, in lines as high as their highest panel, below the title of their row."""
        top = 0
        for title, panels in rows.items():
            header = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
            yield {
                "id": Panel(title=f"row {title}").id,
                "title": title,
                "type": "row",
                "collapsed": False,
                "gridPos": header,
                "panels": [],
            }
            left, top, bottom = 0, top + 1, top + 1
            for panel in panels:
                width, height = panel.shape
                if left + width > COLUMNS:
                    left, top = 0, bottom
                yield self._panel(panel, {"x": left, "y": top, "w": width, "h": height})
                left, bottom = left + width, max(bottom, top + height)
            top = bottom

    def _panel(self, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": panel.id,
            "title": panel.title,
            "description": panel.says,
            "type": panel.type,
            "gridPos": place,
        }
        if panel.queries or panel.logs:
            found["datasource"] = self.logs if panel.logs else self.metrics
            found["targets"] = list(self._targets(panel))
        found["fieldConfig"] = {"defaults": self._field(panel), "overrides": []}
        found["options"] = panel.options
        if panel.type == "table":
            found["transformations"] = [{"id": "organize", "options": {"excludeByName": {"Time": True}}}]
        if panel.repeat:
            found |= {"repeat": panel.repeat, "repeatDirection": "h", "maxPerRow": COLUMNS // place["w"]}
        return found

    def _targets(self, panel: Panel) -> Iterator[dict[str, Any]]:
        if panel.logs:
            yield {"refId": "A", "datasource": self.logs, "expr": panel.logs, "queryType": "range"}
        for number, (name, query) in enumerate(panel.queries.items()):
            yield {
                "refId": chr(ord("A") + number),
                "datasource": self.metrics,
                "query": query,
                "rawQuery": True,
                "resultFormat": "table" if panel.type == "table" else "time_series",
                "alias": name,
            }

    def _field(self, panel: Panel) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if panel.unit:
            found["unit"] = panel.unit
        if panel.quiet:
            found["noValue"] = panel.quiet
        steps = self._steps(panel)
        found["thresholds"] = {"mode": "absolute", "steps": steps}
        if panel.opens:
            found["links"] = [{"title": title, "url": url} for title, url in panel.opens.items()]
        if panel.type == "timeseries":
            found["custom"] = {
                "drawStyle": "bars" if panel.bars else "line",
                "fillOpacity": 60 if panel.bars else 10,
                "axisSoftMin": 0,
                "showPoints": "never",
                "thresholdsStyle": {"mode": "dashed" if len(steps) > 1 else "off"},
            }
        return found

    def _steps(self, panel: Panel) -> list[dict[str, Any]]:
        """Never none: Grafana would colour from 80 on."""
        steps: dict[str, float | None] = {"green": None, **panel.limits}
        if panel.limit_of:
            rule = self.rules[panel.limit_of]
            if "below" in rule:
                steps = {"red": None, "green": rule["below"]}
            else:
                # Grafana colours from a value on, and a rule speaks above it: what is counted is red from one on.
                steps["red"] = rule["above"] or 1
        return [{"color": colour, "value": start} for colour, start in steps.items()]

    def _variable(self, name: str, table: dict[str, Any]) -> dict[str, Any]:
        """Filled when the dashboard is opened, and again when its time changes."""
        several = table.get("several", False)
        found = {
            "name": name,
            "label": table["label"],
            "type": "query",
            "datasource": self.metrics,
            "query": table["query"],
            "refresh": 2,
            "sort": 1,
            "multi": several,
            "includeAll": several,
        }
        if several:
            found["current"] = {"text": ["All"], "value": ["$__all"]}
        return found
