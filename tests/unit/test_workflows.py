"""The workflows: what they may do, what they call, and that the linters find nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ops.paths import ROOT
from ops.terraform import secrets
from tests.docs.command_line import refusal
from tests.stacks.synthesis import cloud, synthesized

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / ".github" / "actions" / "setup" / "action.yml"
SCRIPTS = sorted((ROOT / "ops" / "ci").glob("*.sh"))
DEPLOYED = ("staging", "prod")

MAY_WRITE = {
    ("plan-comment", "comment"): {"pull-requests"},
    ("promote", "propose"): {"contents", "pull-requests"},
    ("provider-locks", "propose"): {"contents", "pull-requests"},
}
"""The only jobs whose token may change anything, and what."""

CHANGING = {("deploy", "staging"), ("deploy", "prod")}
"""The jobs that apply."""


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(path)
    return document


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Workflow, name and definition of every job."""
    for path in WORKFLOWS:
        yield from ((path.stem, name, job) for name, job in read(path)["jobs"].items())


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for workflow, name, job in jobs():
        yield from ((f"{workflow}/{name}", step) for step in job["steps"])
    yield from (("setup", step) for step in read(ACTION)["runs"]["steps"])


def run_lines() -> Iterator[tuple[str, str]]:
    for where, step in steps():
        yield from ((where, line) for line in step.get("run", "").splitlines())


def text_of(workflow: str, job: str) -> str:
    (found,) = (j for w, n, j in jobs() if (w, n) == (workflow, job))
    return str(found)


# -- the linters ---------------------------------------------------------------------------------------------------


def test_the_linters_find_nothing() -> None:
    actionlint = list((ROOT / ".venv" / "bin").glob("actionlint-*"))
    if not actionlint and shutil.which("go") is None:
        pytest.skip("actionlint is not built, and there is no Go to build it")
    done = subprocess.run(
        [ROOT / "ops" / "ci" / "lint.sh"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


# -- pins ----------------------------------------------------------------------------------------------------------


def test_actions_are_pinned_by_commit() -> None:
    uses = [
        line.strip()
        for path in (*WORKFLOWS, ACTION)
        for line in path.read_text().splitlines()
        if "uses:" in line
    ]
    assert len(uses) > 20
    pinned = re.compile(r"(- )?uses: (\$/\.github/actions/setup|[\w.-]+/[\w.-]+@[0-9a-f]{40} # v[\d.]+)")
    assert [line for line in uses if not pinned.fullmatch(line)] == []


def test_one_action_has_one_version() -> None:
    by_name: dict[str, set[str]] = {}
    for _, step in steps():
        name, _, commit = step.get("uses", "").partition("@")
        by_name.setdefault(name, set()).add(commit)
    assert {name for name, commits in by_name.items() if len(commits) > 1} == set()


def test_terraform_is_pinned_by_version_and_the_rest_by_series() -> None:
    given = {
        name: str(value)
        for step in read(ACTION)["runs"]["steps"]
        for name, value in step.get("with", {}).items()
    }
    assert re.fullmatch(r"\d+\.\d+\.\d+", given["terraform_version"])
    assert re.fullmatch(r"3\.\d+", given["python-version"]) and re.fullmatch(r"\d+", given["node-version"])


def test_the_runner_is_one_that_does_not_change_by_itself() -> None:
    assert {job["runs-on"] for _, _, job in jobs()} == {"ubuntu-24.04"}


# -- permissions ---------------------------------------------------------------------------------------------------


def test_a_workflow_may_nothing_and_a_job_what_it_says() -> None:
    assert [path.stem for path in WORKFLOWS if read(path)["permissions"] != {}] == []
    writing = {
        (workflow, name): {scope for scope, level in job["permissions"].items() if level == "write"}
        for workflow, name, job in jobs()
    }
    assert {job: scopes for job, scopes in writing.items() if scopes} == MAY_WRITE


def test_no_checkout_keeps_a_token() -> None:
    checkouts = [step for _, step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) > 10
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_code_of_a_fork_meets_no_secret() -> None:
    triggers = {path.stem: set(read(path)["on"]) for path in WORKFLOWS}
    assert not any("pull_request_target" in each for each in triggers.values())
    assert [name for name, each in triggers.items() if "pull_request" in each] == ["pull-request"]
    for name in ("lint", "tests", "offline-plans", "required"):
        assert "secrets." not in text_of("pull-request", name)
        assert "environment" not in next(j for w, n, j in jobs() if (w, n) == ("pull-request", name))
    plan = next(job for workflow, name, job in jobs() if (workflow, name) == ("pull-request", "plan"))
    assert "head.repo.full_name == github.repository" in plan["if"]
    assert plan["environment"].endswith("-pull-request")


def test_the_passphrase_of_plans_is_known_to_the_two_jobs_that_pass_one_on() -> None:
    having = [(workflow, name) for workflow, name, job in jobs() if "secrets.PLAN_PASSPHRASE" in str(job)]
    assert having == [("deploy", "prod-plan"), ("deploy", "prod")]


def test_secrets_belong_to_a_protected_environment() -> None:
    using = [(w, n, j) for w, n, j in jobs() if "secrets." in str(j)]
    assert len(using) >= 6
    assert [(w, n) for w, n, j in using if not j.get("environment")] == []


def test_the_job_with_a_token_for_comments_runs_main_s_code_and_installs_nothing() -> None:
    (comment,) = (job for workflow, _, job in jobs() if workflow == "plan-comment")
    checkout, program = comment["steps"]
    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    assert program["run"] == f"python3 ops/ci/comment.py {' '.join(DEPLOYED)}"


def test_no_script_is_made_of_what_others_wrote() -> None:
    lines = list(run_lines())
    assert len(lines) > 20
    assert [pair for pair in lines if "${{" in pair[1]] == []
    # make would paste an input into the shell's line.
    inputs = [step for _, step in steps() if "inputs." in str(step.get("env", ""))]
    assert inputs and not any("make " in step["run"] for step in inputs)
    # Those of a whole job reach make, too, which must not know their names.
    names = {name for _, _, job in jobs() for name, value in job.get("env", {}).items() if "inputs." in value}
    makefile = (ROOT / "Makefile").read_text()
    assert names and not any(f"$({name}" in makefile or f"${{{name}" in makefile for name in names)


def test_a_failing_script_fails_its_step() -> None:
    """In `echo "x=$(script)"` the shell looks at echo alone."""
    assert [pair for pair in run_lines() if "$(" in pair[1] and not re.match(r"\w+=\$\(", pair[1])] == []


# -- one apply at a time, and every job counts ---------------------------------------------------------------------


def test_one_apply_at_a_time_and_none_is_cancelled() -> None:
    for workflow, name, job in jobs():
        if (workflow, name) in CHANGING:
            assert job["concurrency"] == {"group": f"deploy-{name}", "cancel-in-progress": False}
            assert job["environment"] == name
            assert job["timeout-minutes"] >= 180
        else:
            applies = "ci-apply" in str(job) or "ci-deploy" in str(job)
            assert not applies, f"{workflow}/{name} applies, and is not in CHANGING"
    assert read(ROOT / ".github/workflows/deploy.yml").get("concurrency") is None, (
        "it would cancel whole runs"
    )


def test_a_last_job_counts_all_others() -> None:
    for path in WORKFLOWS:
        found = read(path)["jobs"]
        if len(found) == 1:
            continue
        (last,) = (name for name, job in found.items() if "ops/ci/required.py" in str(job))
        assert found[last]["if"] == "always()"
        assert set(found[last]["needs"]) == set(found) - {last}


def test_prod_is_given_the_plan_that_was_made_before_its_approval() -> None:
    deploy = read(ROOT / ".github/workflows/deploy.yml")["jobs"]
    assert deploy["prod-plan"]["needs"] == "staging"
    assert deploy["prod"]["needs"] == "prod-plan"
    prod = [step.get("run", "") for step in deploy["prod"]["steps"]]
    assert not any("ci-plan" in line or "ci-deploy" in line for line in prod)
    opened = next(step for step in deploy["prod"]["steps"] if "sealed_plan.sh open" in step.get("run", ""))
    assert opened["env"]["CHECKSUM"] == "${{ needs.prod-plan.outputs.checksum }}"


# -- what the runbook says of them ---------------------------------------------------------------------------------

RUNBOOK = ROOT / "docs" / "runbooks" / "ci.md"
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def rows(begins: str) -> Iterator[list[str]]:
    """Cells of the rows below a table's head in the runbook."""
    _, _, rest = RUNBOOK.read_text().partition(begins)
    assert rest, f"{RUNBOOK.name} has no table {begins}"
    for line in rest.splitlines()[2:]:
        if not line.strip().startswith("|"):
            return
        yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def times_of(workflow: dict[str, Any]) -> str:
    """When it runs by itself, as people say it; empty where it does not."""
    for each in workflow["on"].get("schedule", ()):
        minute, hour, _, _, day = each["cron"].split()
        return f"{'' if day == '*' else DAYS[int(day)] + ' '}{int(hour):02}:{int(minute):02} UTC"
    return "by hand" if set(workflow["on"]) == {"workflow_dispatch"} else ""


def test_the_runbook_has_every_workflow_and_when_it_runs() -> None:
    said = {cells[0]: cells[1] for cells in rows("| workflow | when |") if cells[0]}
    found = {workflow["name"]: times_of(workflow) for workflow in map(read, WORKFLOWS)}
    assert said.keys() == found.keys()
    planned = {name: when for name, when in found.items() if when}
    assert len(planned) == 4
    assert {name: said[name] for name in planned} == planned


def environments_of(job: dict[str, Any]) -> Iterator[str]:
    """Environments of GitHub that a job may have, one for each row of its matrix."""
    matrix = job.get("strategy", {}).get("matrix", {})
    choices = [*matrix.get("include", ()), *({"environment": name} for name in matrix.get("environment", ()))]
    for choice in choices or [{}]:
        text = job.get("environment", "")
        for name, value in choice.items():
            text = text.replace(f"${{{{ matrix.{name} }}}}", value)
        yield text


def test_the_runbook_says_which_environments_hold_secrets() -> None:
    """A person makes them by it; one that is missing there has no rules."""
    said = {name for cells in rows("| environment | rules |") for name in re.findall(r"`([\w-]+)`", cells[0])}
    assert said == {name for _, _, job in jobs() for name in environments_of(job)} - {""}


def test_every_night_drift_backups_and_the_state_are_looked_at() -> None:
    called = commands((ROOT / "ops" / "ci" / "nightly.sh").read_text())
    assert [words.partition(" --env")[0] for words in called] == ["drift", "backup list", "state check"]


def test_ci_runs_no_benchmark() -> None:
    """docs/benchmarks.md: a runner shared with others has no times to compare."""
    texts = [path.read_text() for path in (*WORKFLOWS, *SCRIPTS, ROOT / ".ci" / "run")]
    assert not any(re.search(r"\bmake bench\b|\bops bench\b", text) for text in texts)


def test_a_commit_is_judged_like_a_pull_request() -> None:
    """By all that `make lint` looks at: a hook that only some files start lets a workflow or a script through."""
    (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    (hook,) = repository["hooks"]
    assert hook["entry"] == "make lint"
    assert not {"files", "types", "types_or", "exclude", "exclude_types", "stages"} & set(hook)


# -- what they call ------------------------------------------------------------------------------------------------


def test_every_target_and_script_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    variables = set(re.findall(r"^([A-Z]+)\s*\??=", makefile, re.M))
    wrong = []
    for where, line in run_lines():
        for words in re.findall(r"\bmake ([^|;&]+)", line):
            for word in words.split():
                name, equals, _ = word.partition("=")
                if name not in (variables if equals else targets):
                    wrong.append((where, word))
        for script in re.findall(r"(?:\.ci/run|ops/ci/[\w.]+)", line):
            path = ROOT / script
            if not path.is_file() or not (script.endswith(".py") or os.access(path, os.X_OK)):
                wrong.append((where, script))
    assert wrong == []


def test_every_script_is_called_by_a_target_a_workflow_or_another_script() -> None:
    texts = [(ROOT / "Makefile").read_text(), *(path.read_text() for path in (*WORKFLOWS, *SCRIPTS))]
    programs = [path.name for path in (ROOT / "ops" / "ci").iterdir() if path.suffix in (".sh", ".py")]
    modules = {"__init__.py", "provider_locks.py"}
    unused = [
        name
        for name in programs
        if name not in modules and not any(f"ops/ci/{name}" in text for text in texts)
    ]
    assert unused == []


def commands(text: str) -> Iterator[str]:
    """The words of every call of `ops` in a script; of a list of words, those that are put into it."""
    for line in text.splitlines():
        match = re.search(r"(?:^|\s|-m )ops ([a-z][^|;>]*)", line.partition(" -- ")[0])
        if match and not line.lstrip().startswith("#"):
            yield re.sub(
                r'"\$\{(\w+)\[@\]\}"',
                lambda name: " ".join(re.findall(rf"{name[1]}\+=\((.*)\)", text)),
                match[1],
            ).strip()


def test_every_command_of_ours_is_one_that_there_is() -> None:
    found = [(path.name, words) for path in (*SCRIPTS, *WORKFLOWS) for words in commands(path.read_text())]
    assert len(found) >= 10
    assert any("--from" in words for _, words in found), "lists of words are looked into"
    assert [(name, words, why) for name, words in found if (why := refusal("ops", words))] == []


def test_every_secret_of_what_is_deployed_is_given() -> None:
    asked = set()
    for name in DEPLOYED:
        of_cloud = cloud(name).document
        for document in (of_cloud, synthesized(name).document):
            # What the cloud stack has as an output, `ops run` gives to cdktf.
            asked |= {
                f"TF_VAR_{each}" for each in secrets.names(document, {}) if each not in of_cloud["output"]
            }
    lists = [
        (where, set(step["env"]))
        for where, step in steps()
        if any(name.startswith("TF_VAR_") for name in step.get("env", {}))
    ]
    assert {where for where, _ in lists} == {
        "pull-request/plan", "deploy/staging", "deploy/prod-plan", "deploy/prod", "nightly/look", "weekly/drill",
    }  # fmt: skip
    account = {
        "DIGITALOCEAN_TOKEN",
        "SPACES_ACCESS_KEY_ID",
        "SPACES_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "DEPLOY_SSH_KEY",
    }
    for where, names in lists:
        assert names - {"ENVIRONMENT"} == asked | account, where
