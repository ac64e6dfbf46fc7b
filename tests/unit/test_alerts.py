"""Alerts fire soon, say what to do, and leave Grafana with their rule."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sprocket_constructs import seconds

from layers.data.alerting import RETIRED, TABLE
from layers.loading import load_environment, read_yaml
from tests.alert_evaluator import evaluate
from tests.alert_faults import FAULTS
from tests.alert_timing import PROVISIONING, TARGET_S, query_of, rules, timing
from tests.stacks.examples import UPDATE
from tests.stacks.synthesis import ALL, declared, service
from tests.unit.layer_data_files import yaml_at
from tests.unit.test_documentation import anchors

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "tests" / "recorded" / "alert-uids.txt"
"""The uid of every rule that a release ever had. A line never goes."""
ANSWERS = ROOT / "tests" / "recorded" / "alert-answers.yaml"
"""What a real InfluxDB answered to each rule; its head says which one, and how it was made."""
WATCHED = "prod"
TABLE_OF_ALERTS = read_yaml(TABLE)

WISHED = {
    "service-down", "no-measurements", "restart-loop", "memory-nearly-full", "disk-nearly-full", "disk-fills", "node-memory-nearly-full",
    "node-silent", "clock-wrong", "certificate-expires", "certificate-not-from-authority", "queue-backlog",
    "broker-memory-alarm", "broker-disk-alarm", "redis-memory-nearly-full", "redis-cannot-write", "redis-cannot-save",
    "postgres-connections-nearly-used", "loki-cannot-store", "no-log-lines", "metrics-dropped", "backup-late",
    "backup-failed", "backup-shrank", "backup-bucket-damaged", "discord-unreachable", "dns-unreachable",
    "alerts-not-sent", "deploy-failed",
}  # fmt: skip


def test_what_must_be_noticed_has_a_rule() -> None:
    assert set(TABLE_OF_ALERTS) >= WISHED


@pytest.mark.parametrize("uid", TABLE_OF_ALERTS)
def test_a_fault_is_told_within_two_minutes_or_the_rule_says_why_it_waits(uid: str) -> None:
    found = timing(WATCHED, rules(WATCHED)[uid])
    waits = TABLE_OF_ALERTS[uid].get("waits")
    assert bool(waits) == (found.total > TARGET_S), f"{uid}: {found.total:g} s: {found}"


@pytest.mark.parametrize("uid", TABLE_OF_ALERTS)
def test_an_alert_names_whom_it_is_about_and_leads_to_a_runbook(uid: str) -> None:
    rule = rules(WATCHED)[uid]
    assert rule["labels"]["severity"] in ("critical", "warning")
    grouped = set(re.findall(r'"(\w+)"', query_of(rule).partition("GROUP BY")[2]))
    assert rule["labels"].get("service") or grouped & {"service", "host", "store", "address", "sender"}, (
        "say `service:` in the table where the query has no tag that says who it is"
    )
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert page.startswith("docs/runbooks/") and anchor in anchors(ROOT / page), page
    assert rule["annotations"]["action"].strip()


@pytest.mark.parametrize("uid", TABLE_OF_ALERTS)
def test_a_summary_asks_for_tags_that_its_query_has(uid: str) -> None:
    entry = TABLE_OF_ALERTS[uid]
    asked = set(re.findall(r"\.Labels\.(\w+)", entry["summary"] + entry["action"]))
    grouped = set(re.findall(r'"(\w+)"', entry["query"].partition("GROUP BY")[2]))
    assert asked <= grouped


def test_a_recovery_is_told_too_and_the_address_is_read_from_a_file() -> None:
    at = f"{PROVISIONING}/contact.yaml"
    (receiver,) = yaml_at(declared(WATCHED), "grafana", at)["contactPoints"][0]["receivers"]
    assert receiver["disableResolveMessage"] is False
    message = receiver["settings"]["message"]
    assert all(part in message for part in (".Alerts.Firing", ".Alerts.Resolved", ".Annotations.runbook"))
    assert "$" not in message
    (mount,) = (m for m in service(declared(WATCHED), "grafana").file_mounts if m.at == at)
    assert "alerts-webhook" in mount.file.secret_names


def test_a_rule_that_is_gone_leaves_grafana_too() -> None:
    """Grafana's provisioning adds and changes rules of a file, and deletes those that deleteRules names, and no other
    (pkg/services/provisioning/alerting/rules_provisioner.go)."""
    now = set(rules(WATCHED))
    if UPDATE:
        SHIPPED.write_text("".join(f"{uid}\n" for uid in sorted({*SHIPPED.read_text().split(), *now})))
    shipped = set(SHIPPED.read_text().split())
    assert now - shipped == set(), "add new rules to the record: run this test with UPDATE_SNAPSHOTS=1"
    assert shipped - now == set(RETIRED), "a rule that is gone must be in RETIRED of layers/data/alerting.py"
    document = yaml_at(declared(WATCHED), "grafana", f"{PROVISIONING}/platform.yaml")
    assert document["deleteRules"] == [{"orgId": 1, "uid": uid} for uid in RETIRED]


@pytest.mark.parametrize("moment", ["healthy", "fault", "repaired"])
@pytest.mark.parametrize("uid", TABLE_OF_ALERTS)
def test_a_rule_fires_on_its_fault_and_on_nothing_else(uid: str, moment: str) -> None:
    """On recorded answers; tests/live/test_alerts.py asks a real store."""
    answers = iter(read_yaml(ANSWERS)["answers"][uid][moment])

    def ask(query: str) -> list[dict[str, Any]]:
        return [{"tags": each["tags"], "values": [[0, each["value"]]]} for each in next(answers)]

    rule = rules(WATCHED)[uid]
    alerts = evaluate(rule, ask).alerts(rule["noDataState"])
    assert alerts == ({tuple(sorted(FAULTS[uid].about))} if moment == "fault" else set())


@pytest.mark.parametrize("uid", [uid for uid, entry in TABLE_OF_ALERTS.items() if "no_data" in entry])
def test_no_data_waits_until_a_first_deploy_has_some(uid: str) -> None:
    """Grafana is up minutes before Telegraf and the senders of backups are; no data waits as long as `for` says
    (pkg/services/ngalert/state/state.go: resultNoData)."""
    assert seconds(TABLE_OF_ALERTS[uid]["for"]) >= 300


@pytest.mark.parametrize("uid", TABLE_OF_ALERTS)
def test_a_restart_of_what_counts_is_no_fault(uid: str) -> None:
    assert "spread(" not in TABLE_OF_ALERTS[uid]["query"], (
        "a counter begins again at zero: non_negative_difference"
    )


def test_a_page_is_judged_by_its_own_certificate() -> None:
    """The others of its chain last for years, and have the same time."""
    inputs = telegraf(WATCHED)["inputs"]["x509_cert"]
    assert inputs and all(each["exclude_root_certs"] for each in inputs)


@pytest.mark.parametrize("environment", ALL)
def test_every_store_with_a_volume_and_the_root_are_looked_at(environment: str) -> None:
    settings = load_environment(environment)
    (disk,) = telegraf(environment)["inputs"]["disk"]
    declared_volumes = set(settings.cloud.volumes) if settings.cloud else set()
    assert {"/", *(f"/hostfs/mnt/{name}" for name in declared_volumes)} <= set(disk["mount_points"])


def test_the_last_seconds_of_the_group_fit_grafanas_scheduler() -> None:
    """It refuses an interval that is no multiple of ten seconds (pkg/services/ngalert/models)."""
    for rule in rules(WATCHED).values():
        assert seconds(rule["interval"]) % 10 == 0


def telegraf(environment: str) -> dict[str, Any]:
    import tomllib

    from tests.stacks.synthesis import text_at

    return tomllib.loads(text_at(declared(environment), "telegraf", "/etc/telegraf/telegraf.conf"))
