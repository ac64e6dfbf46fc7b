"""Alert rules of Grafana, from the table beside this file."""

from pathlib import Path
from typing import Any

from ..loading import read_yaml

TABLE = Path(__file__).parent / "alerts.yaml"
FOLDER = "Platform"
CONTACT = "discord"
EXPRESSION = "__expr__"
RUNBOOKS = "docs/runbooks"
EVERY = "20s"
"""How often all rules are asked. Grafana takes multiples of ten seconds."""
RETIRED: tuple[str, ...] = ()
"""Rules that a release had and that are gone. Grafana deletes what it is told to delete, and keeps all else that a file once had
(pkg/services/provisioning/alerting/rules_provisioner.go); deleting one that is not there is no error. A renamed rule is one that is gone
and another one."""
MESSAGE = """\
{{ range .Alerts.Firing }}**{{ .Labels.severity }}** {{ .Annotations.summary }}{{ if .Labels.service }} ({{ .Labels.service }}){{ end }}
What to do: {{ .Annotations.action }} [{{ .Annotations.runbook }}]
{{ end }}{{ range .Alerts.Resolved }}**over** {{ .Labels.alertname }}: \
{{ .Labels.service }} {{ .Labels.host }} {{ .Labels.path }} {{ .Labels.store }} {{ .Labels.address }} {{ .Labels.sender }}
{{ end }}"""
"""Of one group of alerts, as Grafana's templates have it. What is over has no summary: its value is of a time when it was not."""


def rules(*, datasource: str) -> dict[str, Any]:
    """The provisioning file with all rules; the uid of a rule is its key in the table.

    Every rule asks for series, reduces each to its last value, subtracts that of a second query where there is one, and
    compares. No data is an alarm only for rules whose measurement is always there: that metrics arrive at all, and backups run.

    Grafana takes the models of queries as they are and expands variables in annotations, so a dollar sign may stand in the one
    and not in the other (pkg/services/provisioning/alerting/rules_types.go).
    """
    table = read_yaml(TABLE)
    group = {
        "orgId": 1,
        "name": "platform",
        "folder": FOLDER,
        "interval": EVERY,
        "rules": [_rule(uid, entry, datasource) for uid, entry in table.items()],
    }
    gone = [{"orgId": 1, "uid": uid} for uid in RETIRED]
    return {"apiVersion": 1, "groups": [group], "deleteRules": gone}


def contact_points(webhook: object) -> dict[str, Any]:
    """The provisioning file that names the Discord channel."""
    receiver = {
        "uid": CONTACT,
        "type": "discord",
        "disableResolveMessage": False,
        "settings": {"url": webhook, "use_discord_username": True, "message": MESSAGE},
    }
    return {
        "apiVersion": 1,
        "contactPoints": [{"orgId": 1, "name": CONTACT, "receivers": [receiver]}],
    }


def policies() -> dict[str, Any]:
    """The provisioning file that sends every alert there, together for each rule, and again after 12 hours.

    A second alert of a rule, and the end of one, wait for the next interval of the group: as short as the first wait.
    """
    policy = {
        "orgId": 1,
        "receiver": CONTACT,
        "group_by": ["alertname"],
        "group_wait": "10s",
        "group_interval": "15s",
        "repeat_interval": "12h",
    }
    return {"apiVersion": 1, "policies": [policy]}


def _rule(uid: str, entry: dict[str, Any], datasource: str) -> dict[str, Any]:
    data = [_query("query", entry["query"], entry["window"], datasource)]
    if "minus" in entry:
        data += [
            _last("last_query", of="query"),
            _query("minus", entry["minus"], entry["window"], datasource),
            _last("last_minus", of="minus"),
            _expression("value", type="math", expression="$last_query - $last_minus"),
        ]
    else:
        data.append(_last("value", of="query"))
    kind, limit = ("gt", entry["above"]) if "above" in entry else ("lt", entry["below"])
    condition = {"evaluator": {"type": kind, "params": [limit]}}
    data.append(_expression("crossed", type="threshold", expression="value", conditions=[condition]))
    return {
        "uid": uid,
        "title": entry["title"],
        "condition": "crossed",
        "data": data,
        "for": entry["for"],
        "noDataState": "Alerting" if entry.get("no_data") == "alarm" else "OK",
        "execErrState": "Error",
        "annotations": {
            "summary": entry["summary"],
            "action": entry["action"],
            "runbook": f"{RUNBOOKS}/{entry['runbook']}",
        },
        "labels": {"severity": entry["severity"]}
        | ({"service": entry["service"]} if "service" in entry else {}),
    }


def _query(ref: str, query: str, window: int, datasource: str) -> dict[str, Any]:
    return {
        "refId": ref,
        "relativeTimeRange": {"from": window, "to": 0},
        "datasourceUid": datasource,
        "model": {
            "refId": ref,
            "datasource": {"type": "influxdb", "uid": datasource},
            "query": query.replace("{window}", f"time > now() - {window}s"),
            "rawQuery": True,
            "resultFormat": "time_series",
        },
    }


def _last(ref: str, *, of: str) -> dict[str, Any]:
    return _expression(ref, type="reduce", expression=of, reducer="last")


def _expression(ref: str, **model: Any) -> dict[str, Any]:
    return {
        "refId": ref,
        "datasourceUid": EXPRESSION,
        "model": {"refId": ref, "datasource": {"type": EXPRESSION, "uid": EXPRESSION}, **model},
    }
