"""The check as a whole: the real environments, what it says, and how it ends."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sprocket_constructs import ConstructError

from layers.errors import Problem, SettingsError
from layers.loading import ENVIRONMENTS, environment_names, load_environment
from layers.platform.identity import identities_of
from ops import errors
from ops.check import runner, text
from ops.check.address import addresses_of
from ops.check.finding import Finding, Stack
from ops.check.needs import images_without_recipe, values_needed, values_refused
from ops.cli import app
from tests.policy.rules import services
from tests.stacks.synthesis import ALL, synthesized

LACKING = {
    "values_are_there",
    "images_are_resolved",
    "sign_in_is_set_up",
    "ssh_sources_are_restricted",
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


def test_local_needs_nothing() -> None:
    assert runner.check("local").findings == ()


def documents(environment: str) -> dict[Stack, Mapping[str, Any]]:
    return {"services": synthesized(environment).document}


def test_supplied_secrets_are_named_all_at_once_with_what_they_are() -> None:
    found = list(values_needed("prod", documents("prod"), {"AWS_PROFILE": "spaces"}))
    assert len(found) == len(synthesized("prod").stack.supplied_secrets) >= 8
    (bot,) = (finding for finding in found if "bot_token" in finding.path)
    assert str(bot) == (
        "TF_VAR_discord_bot_token: is not set; token of the Discord bot; export it, or have Doppler set all of them: "
        "doppler run --name-transformer tf-var -- make up ENV=prod"
    )
    assert (bot.severity, bot.stack, bot.name) == ("deploy", "services", "values-are-there")


def test_a_supplied_secret_with_a_value_is_not_missing() -> None:
    given = {f"TF_VAR_{secret.variable}": "x" for secret in synthesized("prod").stack.supplied_secrets}
    assert list(values_needed("prod", documents("prod"), {**given, "AWS_PROFILE": "spaces"})) == []


def test_what_both_stacks_need_is_named_once_and_what_the_cloud_gives_not_at_all() -> None:
    state: dict[str, Any] = {"backend": {"s3": {}}}
    both: dict[Stack, Mapping[str, Any]] = {
        "cloud": {
            "terraform": state,
            "resource": {"digitalocean_droplet": {}, "digitalocean_spaces_bucket": {}},
            "output": {"postgres_password": {}},
        },
        "services": {
            "terraform": state,
            "variable": {"postgres_password": {}, "token": {"description": "a token"}},
        },
    }
    assert [(f.path, f.stack) for f in values_needed("x", both, {})] == [
        ("DIGITALOCEAN_TOKEN", "cloud"),
        ("SPACES_ACCESS_KEY_ID", "cloud"),
        ("SPACES_SECRET_ACCESS_KEY", "cloud"),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("TF_VAR_token", "services"),
    ]


def test_a_value_that_would_break_a_file_is_found_and_not_shown() -> None:
    (finding,) = values_refused(documents("prod"), {"TF_VAR_discord_bot_token": 'can"ary\n'})
    assert finding.path == "TF_VAR_discord_bot_token"
    assert "characters that are not allowed" in finding.what
    assert "ary" not in str(finding)


def test_an_environment_that_cannot_be_synthesized_is_a_finding_for_each_problem() -> None:
    error = SettingsError(
        Problem(
            problem="is NYC3; it is a region", allowed="use a slug", fix="use nyc3; or ams3", setting="region"
        ),
        Problem(problem="is wrong", fix="use another", setting="domain", file="b.yaml"),
    )
    first, second = runner.refusals(error, "a")
    assert (first.path, first.what) == ("a.yaml: region", "is NYC3; it is a region")
    assert (first.cause, first.fix) == ("use a slug", "use nyc3; or ams3")
    assert (second.path, second.what, second.fix) == ("b.yaml: domain", "is wrong", "use another")
    assert (first.name, first.stack) == ("synthesis", "")


def test_an_error_without_a_path_is_the_environments() -> None:
    (finding,) = runner.refusals(SettingsError.of("this went wrong", fix="mend it"), "a")
    assert (finding.path, finding.what, finding.fix) == ("a.yaml", "this went wrong", "mend it")


def test_a_construct_that_cannot_be_is_a_finding_at_its_path() -> None:
    error = ConstructError(
        "x-services/data/redis", "has no health check; it needs one", fix="give health=..."
    )
    (finding,) = runner.refusals(error, "x")
    assert (finding.path, finding.what) == ("x-services/data/redis", "has no health check; it needs one")
    assert finding.fix == "give health=..."


def test_conflicts_are_found_whichever_environment_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("prod", "staging"):
        shutil.copy(ENVIRONMENTS / f"{name}.yaml", tmp_path)
    shutil.copytree(ENVIRONMENTS / "resources", tmp_path / "resources")
    (tmp_path / "twin.yaml").write_text("like: prod\n")
    monkeypatch.setenv("SPROCKET_ENVIRONMENTS", str(tmp_path))
    monkeypatch.setattr(runner, "check", lambda name, say, today: checked())
    _, together = runner.check_all(["staging"])
    assert together.environment == "environments together"
    assert any("twin.yaml" in finding.path and "prod.yaml" in finding.what for finding in together.findings)
    assert {finding.name for finding in together.findings} == {"environments-share-nothing"}


def test_limits_of_a_service_that_nobody_has_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once every environment was synthesized: before, the one that has the service may be missing."""
    shutil.copytree(ENVIRONMENTS, tmp_path, dirs_exist_ok=True)
    with (tmp_path / "resources" / "standard.yaml").open("a") as table:
        table.write("raddis: {cpu: 1, memory: 64MiB, reserve_cpu: 0.1, reserve_memory: 32MiB}\n")
    monkeypatch.setenv("SPROCKET_ENVIRONMENTS", str(tmp_path))
    results = [
        replace(
            checked(), environment=name, services=1, asked_shares=synthesized(name).stack.site.asked_shares
        )
        for name in ALL
    ]
    found = list(runner.unused_limits(results))
    assert "raddis" in {finding.path.rpartition(": ")[2] for finding in found}
    assert any("did you mean redis?" in finding.fix for finding in found)
    assert list(runner.unused_limits(results[1:])) == []


def test_an_image_that_nothing_builds_is_named_with_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = synthesized("local").stack
    assert list(images_without_recipe(stack)) == []
    monkeypatch.setattr(type(stack.site), "asked_images", frozenset({"redis", "n8n"}))
    (finding,) = images_without_recipe(stack)
    assert finding.path == "local.yaml: images" and "image 'n8n'" in finding.what
    assert "images/recipes/n8n/recipe.yaml" in finding.fix and "images/overrides/n8n" in finding.fix
    assert (finding.severity, finding.name) == ("error", "images-have-a-recipe")


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
    monkeypatch.setattr(runner, "check_all", lambda names, say: [checked(*findings)])
    assert run(monkeypatch, "--env", "local", *words) == code


def test_an_unknown_environment_is_wrong_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--env", "nowhere") == errors.WRONG_USE
    assert "there is no environment 'nowhere'\n  use one of local, prod" in capsys.readouterr().err


def test_an_unknown_environment_is_told_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--env", "prd") == errors.WRONG_USE
    said = capsys.readouterr().err
    assert "there is no environment 'prd'\n  did you mean prod? use one of local, prod" in said
    assert said.rstrip().endswith(", or all")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the environments, to be changed."""
    copied = tmp_path / "environments"
    shutil.copytree(ENVIRONMENTS, copied)
    monkeypatch.setenv("SPROCKET_ENVIRONMENTS", str(copied))
    return copied


def test_an_environment_whose_instances_share_a_name_leaves_the_others_compared(folder: Path) -> None:
    instances = "{one: {host: qa.mlesports.gg}, two: {host: qa.mlesports.gg}}"
    (folder / "qa.yaml").write_text(f"like: staging\nplatform: {{instances: {instances}}}\n")
    identity = r"^qa\.yaml: platform/instances/two/host: is qa\.mlesports\.gg, and so is"
    with pytest.raises(SettingsError, match=identity):
        identities_of(load_environment("qa"))
    assert list(runner.findings_between(["prod", "staging", "qa"])) == []
    (folder / "second.yaml").write_text("like: prod\n")
    paths = {finding.path for finding in runner.findings_between(["prod", "second", "qa"])}
    assert "second.yaml: domain" in paths


def test_all_is_the_default_and_nothing_is_checked_twice() -> None:
    assert runner.chosen(["all", "local"]) == environment_names()
    assert runner.chosen(["local", "local"]) == ["local"]


def test_a_folder_without_environments_is_wrong_use_and_not_fine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("SPROCKET_ENVIRONMENTS", str(tmp_path))
    assert run(monkeypatch) == errors.WRONG_USE
    assert f"there is no environment in {tmp_path}" in capsys.readouterr().err


def test_json_has_every_field(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(runner, "check_all", lambda names, say: [checked(WRONG)])
    run(monkeypatch, "--env", "local", "--json")
    (result,) = json.loads(capsys.readouterr().out)
    assert result["acknowledged"] == []
    assert result["findings"] == [
        {
            "name": "seeded",
            "path": "x-services/data/redis",
            "what": "is wrong",
            "cause": "it is seeded",
            "fix": "mend it",
            "severity": "error",
            "stack": "services",
        }
    ]


def test_the_text_says_where_why_and_what_to_do() -> None:
    marked = replace(WRONG, what="signs in with \ue000redis-password\ue001")
    assert text.render([checked(marked, MISSING)], deploy=True) == (
        "x: 1 finding in 1 services, 2 files, 3 addresses, 4 secrets\n"
        "  ! x-services/data/redis [seeded]\n"
        "      signs in with <redis-password>: it is seeded\n"
        "      fix: mend it\n"
        "  a deploy still needs (1):\n"
        "  ~ x-services/data/redis has no value: it is seeded\n"
        "      fix: mend it\n"
    )


def test_without_deploy_what_it_still_needs_is_counted() -> None:
    assert text.render([checked(MISSING), checked()]) == (
        "x: nothing wrong in 1 services, 2 files, 3 addresses, 4 secrets\n"
        "  ~ a deploy still needs 1 thing; to see them: python -m ops check --env x --deploy\n"
        "x: nothing wrong in 1 services, 2 files, 3 addresses, 4 secrets\n"
    )


def test_what_several_environments_need_alike_is_listed_once() -> None:
    token = replace(MISSING, path="TOKEN", fix="export it")
    other = replace(checked(MISSING, token), environment="y")
    assert text.render([checked(token), other], deploy=True) == (
        "x: nothing wrong in 1 services, 2 files, 3 addresses, 4 secrets\n"
        "  a deploy still needs (1):\n"
        "  ~ TOKEN has no value: it is seeded\n"
        "      fix: export it\n"
        "y: nothing wrong in 1 services, 2 files, 3 addresses, 4 secrets\n"
        "  a deploy still needs (2):\n"
        "  ~ x-services/data/redis has no value: it is seeded\n"
        "      fix: mend it\n"
        "  ~ TOKEN: as for x\n"
    )


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["ops", "check", *words])
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    with pytest.raises(SystemExit) as ended:
        app.main()
    return int(ended.value.code or 0)
