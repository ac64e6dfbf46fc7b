"""The check as a whole: the real environments, what it says, and how it ends."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from layers.errors import Problem, SettingsError
from layers.loading import environment_names
from ops import errors
from ops.check import runner, text
from ops.check.address import addresses_of
from ops.check.finding import Finding
from ops.check.rules.secrets import supplied_secrets_are_there
from ops.cli import app
from tests.policy.rules import platform, services
from tests.stacks.synthesis import ALL, synthesized

LACKING = {
    "supplied_secrets_are_there",
    "images_are_resolved",
    "sign_in_is_set_up",
    "ssh_is_open_to_somebody_we_know",
}
"""Rules that say what a deploy needs and a plan does not."""

WRONG = Finding(
    path="x-services/data/redis", what="is wrong", cause="it is seeded", fix="mend it", rule="seeded"
)
MISSING = replace(WRONG, severity="deploy", what="has no value")


@pytest.mark.parametrize("environment", environment_names())
def test_a_real_environment_has_no_finding_but_what_a_deploy_lacks(environment: str) -> None:
    started = time.monotonic()
    result = runner.check(environment)
    assert [str(finding) for finding in result.errors] == []
    assert {finding.rule for finding in result.lacking} <= LACKING
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("environment", ALL)
def test_the_check_looks_at_all_there_is(environment: str) -> None:
    """Nothing found is worth nothing when nothing was looked at."""
    found = services(environment)
    assert {each.name for each in found} == {each.name for each in synthesized(environment).stack.services}
    for each in found:
        assert all(file.text for file in each.files), each.name
        named = {address.host for address in addresses_of(each)}
        for server in synthesized(environment).stack.services:
            client = next(s for s in synthesized(environment).stack.services if s.name == each.name)
            if client.servers.get(server.name) is server and each.instance and each.short_name != "web":
                assert {server.name, server.alias} & named, f"{each.name} never names {server.name}"


def test_local_lacks_nothing() -> None:
    assert runner.check("local").findings == ()


def test_supplied_secrets_are_named_all_at_once_with_what_they_are() -> None:
    found = list(supplied_secrets_are_there(replace(platform("prod"), variables={})))
    assert len(found) == len(synthesized("prod").stack.supplied_secrets) >= 8
    assert any("token of the Discord bot" in finding.cause for finding in found)


def test_a_supplied_secret_with_a_value_is_not_missing() -> None:
    given = {f"TF_VAR_{secret.variable}": "x" for secret in synthesized("prod").stack.supplied_secrets}
    assert list(supplied_secrets_are_there(replace(platform("prod"), variables=given))) == []


def test_a_value_that_would_break_a_file_is_found_and_not_shown() -> None:
    given = {f"TF_VAR_{secret.variable}": "x" for secret in synthesized("prod").stack.supplied_secrets}
    given["TF_VAR_discord_bot_token"] = 'can"ary\n'
    (finding,) = supplied_secrets_are_there(replace(platform("prod"), variables=given))
    assert finding.path == "prod-services: variable discord_bot_token"
    assert "characters that are not allowed" in finding.what
    assert "ary" not in str(finding)


def test_an_environment_that_cannot_be_synthesized_is_a_finding_per_line() -> None:
    error = SettingsError(
        Problem(file="a.yaml", setting="nodes/app", problem="is missing", fix="add it"),
        Problem(file="a.yaml", setting="domain", problem="is wrong", fix="use another"),
    )
    first, second = runner.refusals(error, "a")
    assert (first.path, first.what, first.fix) == ("a.yaml: nodes/app", "is missing", "add it")
    assert (second.path, second.what, second.fix) == ("a.yaml: domain", "is wrong", "use another")


def test_an_error_without_a_path_is_the_environments() -> None:
    (finding,) = runner.refusals(SettingsError.of("this went wrong", fix="mend it"), "a")
    assert (finding.path, finding.what, finding.fix) == ("a.yaml", "this went wrong", "mend it")


def test_obstacles_are_what_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "check", lambda name: checked(WRONG, MISSING))
    (obstacle,) = runner.obstacles("x")
    assert (obstacle.what, obstacle.fix) == ("x-services/data/redis: is wrong; it is seeded", "mend it")


def checked(*findings: Finding) -> runner.Checked:
    return runner.Checked(environment="x", findings=findings, services=1, files=2, addresses=3, secrets=4)


@pytest.mark.parametrize(
    ("findings", "words", "code"),
    [
        ((), (), errors.FINE),
        ((WRONG,), (), errors.FINDING),
        ((MISSING,), (), errors.FINE),
        ((MISSING,), ("--deploy",), errors.FINDING),
    ],
)
def test_exit_codes(
    findings: tuple[Finding, ...], words: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "check", lambda name, say: checked(*findings))
    assert run(monkeypatch, "--env", "local", *words) == code


def test_an_unknown_environment_is_wrong_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--env", "nowhere") == errors.WRONG_USE
    assert "there is no environment 'nowhere'\n  use one of local, prod" in capsys.readouterr().err


def test_all_is_the_default_and_nothing_is_checked_twice() -> None:
    assert runner.chosen(["all", "local"]) == environment_names()
    assert runner.chosen(["local", "local"]) == ["local"]


def test_json_has_every_field(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(runner, "check", lambda name, say: checked(WRONG))
    run(monkeypatch, "--env", "local", "--json")
    (result,) = json.loads(capsys.readouterr().out)
    assert result["findings"] == [
        {
            "path": "x-services/data/redis",
            "what": "is wrong",
            "cause": "it is seeded",
            "fix": "mend it",
            "severity": "error",
            "rule": "seeded",
        }
    ]


def test_the_text_says_where_why_and_what_to_do() -> None:
    marked = replace(WRONG, what="signs in with \ue000redis-password\ue001")
    assert text.render([checked(marked, MISSING)]) == (
        "x: 1 finding in 1 services, 2 files, 3 addresses, 4 secrets\n"
        "  ! x-services/data/redis\n"
        "      signs in with <redis-password>: it is seeded\n"
        "      fix: mend it\n"
        "  a deploy still lacks (1):\n"
        "  ~ x-services/data/redis has no value: it is seeded\n"
        "      fix: mend it\n"
    )


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["ops", "check", *words])
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    with pytest.raises(SystemExit) as ended:
        app.main()
    return int(ended.value.code or 0)
