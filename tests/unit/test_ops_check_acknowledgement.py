"""Findings that are intended, and what happens to entries that are not right any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from layers.errors import SettingsError
from ops.check import runner, text
from ops.check.acknowledgement import NEVER, Acknowledgement, acknowledgements_of, misnamed, split
from ops.check.finding import Finding
from ops.check.rules import RULES

TODAY = date(2026, 11, 27)
QUEUE = Finding(
    path="x-services/platform/core: production.json: transport/bot_queue",
    what="sends into queue main-bot",
    cause="no service consumes it",
    fix="add one",
    rule="every_queue_has_one_consumer",
)
ENTRY = Acknowledgement(finding=QUEUE.name, about=QUEUE.path, reason="there is no bot")


def whats(findings: list[Finding]) -> list[str]:
    return [f"{finding.path}: {finding.what}" for finding in findings]


def test_an_entry_takes_its_finding_away_and_no_other() -> None:
    other = replace(QUEUE, path="x-services/platform/web: production.json: transport/bot_queue")
    still, acknowledged = split("x", [QUEUE, other], [ENTRY], TODAY)
    assert still == [other]
    assert [(each.finding, each.entry) for each in acknowledged] == [(QUEUE, ENTRY)]


def test_a_star_stands_for_any_part_of_the_place_and_nothing_else_is_special() -> None:
    entry = Acknowledgement(finding=QUEUE.name, about="x-services/platform/*bot_queue", reason="no bot")
    other = replace(QUEUE, path="x-services/platform/web: production.json: transport/core_queue")
    still, acknowledged = split("x", [QUEUE, other], [entry], TODAY)
    assert (still, len(acknowledged)) == ([other], 1)
    dots = Acknowledgement(finding=QUEUE.name, about=QUEUE.path.replace("/", "."), reason="no bot")
    assert not dots.covers(QUEUE)


def test_an_entry_that_matches_nothing_is_a_finding() -> None:
    still, acknowledged = split("x", [], [ENTRY], TODAY)
    assert whats(still) == ["acknowledged/x.yaml: acknowledged/0: matches no finding"]
    assert still[0].severity == "error" and acknowledged == []


def test_an_entry_ends_after_its_last_day() -> None:
    entry = ENTRY.model_copy(update={"until": TODAY})
    assert split("x", [QUEUE], [entry], TODAY)[0] == []
    still, _ = split("x", [QUEUE], [entry], date(2026, 11, 28))
    assert whats(still) == [
        f"{QUEUE.path}: {QUEUE.what}",
        "acknowledged/x.yaml: acknowledged/0: expired on 2026-11-27",
    ]


@pytest.mark.parametrize(
    "finding",
    [
        *(replace(QUEUE, rule=rule) for rule in NEVER),
        replace(QUEUE, rule="values_are_there", severity="deploy"),
    ],
    ids=lambda finding: finding.rule,
)
def test_some_findings_cannot_be_acknowledged_and_the_reason_is_said(finding: Finding) -> None:
    entry = Acknowledgement(finding=finding.name, about=finding.path, reason="we like it so")
    still, acknowledged = split("x", [finding], [entry], TODAY)
    assert acknowledged == [] and still[0] == finding
    assert still[1].what == f"{finding.name} cannot be acknowledged"
    assert still[1].cause == NEVER.get(finding.rule, "a deploy cannot succeed without it")


def test_what_cannot_be_acknowledged_names_rules_that_exist() -> None:
    rules = {rule.__name__ for rule in RULES}
    others = {runner.SYNTHESIS, runner.CONFLICT, "acknowledgements_are_current"}
    assert set(NEVER) - rules == others


def test_the_file(tmp_path: Path) -> None:
    assert acknowledgements_of("x", tmp_path) == []
    (tmp_path / "acknowledged").mkdir()
    file = tmp_path / "acknowledged" / "x.yaml"
    file.write_text(
        "acknowledged:\n"
        f'  - {{finding: {QUEUE.name}, about: "{QUEUE.path}", reason: there is no bot, until: 2027-06-30}}\n'
    )
    assert acknowledgements_of("x", tmp_path) == [ENTRY.model_copy(update={"until": date(2027, 6, 30)})]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("acknowledged: [{finding: a, about: b}]", "acknowledged/x.yaml: acknowledged/0/reason: is missing"),
        ("acknowledged: [{finding: a, about: b, reason: ''}]", "acknowledged/x.yaml: acknowledged/0/reason: "),
        ("acknowledged: [{finding: a, about: b, reason: c, until: soon}]", "acknowledged/x.yaml: acknowledged/0/until: "),
        ("findings: []", "acknowledged/x.yaml: findings: is not a setting"),
        ("- a", "acknowledged/x.yaml: has no settings: it is a list; write the entries as a list under the key acknowledged"),
        ("", "acknowledged/x.yaml: is empty; write the entries as a list under the key acknowledged"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_says_where(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "acknowledged").mkdir()
    (tmp_path / "acknowledged" / "x.yaml").write_text(content)
    with pytest.raises(SettingsError) as caught:
        acknowledgements_of("x", tmp_path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "is_found"),
    [("x.yaml", False), ("README.md", False), (".gitkeep", False), ("y.yaml", True), ("x.yml", True), ("x", True)],
)  # fmt: skip
def test_a_file_that_no_environment_reads_is_a_finding(name: str, is_found: bool, tmp_path: Path) -> None:
    (tmp_path / "acknowledged").mkdir()
    (tmp_path / "acknowledged" / name).write_text("acknowledged: []\n")
    found = whats(list(misnamed(["x"], tmp_path)))
    assert found == ([f"acknowledged/{name}: is read by no environment"] if is_found else [])


def test_the_check_of_all_environments_looks_for_such_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPROCKET_ENVIRONMENTS", str(tmp_path))
    (tmp_path / "acknowledged").mkdir()
    (tmp_path / "acknowledged" / "x.yml").write_text("acknowledged: []\n")
    assert whats(list(runner.findings_between(["x"]))) == ["acknowledged/x.yml: is read by no environment"]


def test_acknowledged_findings_are_printed_with_their_reason_and_do_not_count() -> None:
    still, acknowledged = split("x", [QUEUE], [ENTRY.model_copy(update={"until": TODAY})], TODAY)
    result = runner.Checked(
        environment="x", findings=tuple(still), acknowledged=tuple(acknowledged), services=1
    )
    assert runner.is_fine([result], deploy=True)
    assert text.render([result]) == (
        "x: nothing wrong, 1 acknowledged, in 1 services, 0 files, 0 addresses, 0 secrets\n"
        f"  = {QUEUE.path} [every-queue-has-one-consumer]\n"
        "      sends into queue main-bot: no service consumes it\n"
        "      acknowledged, until 2026-11-27: there is no bot\n"
    )
    (data,) = text.as_data([result])[0]["acknowledged"]
    assert (data["name"], data["reason"], data["until"]) == (QUEUE.name, "there is no bot", "2026-11-27")
