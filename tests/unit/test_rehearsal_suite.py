"""The rehearsal's own machinery, without a box."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest

from layers.loading import load_environment
from ops.errors import WrongUse
from ops.report.programs import Program
from ops.swarm.containers import Finished
from ops.terraform.target import targets_of
from rehearsal.suite import markers, report, run, surroundings
from rehearsal.suite.checks import CHECKS, metadata
from rehearsal.suite.checks.database import database
from rehearsal.suite.checks.datagrams import counted
from rehearsal.suite.checks.faults import _tree
from rehearsal.suite.checks.guards import EDITS
from rehearsal.suite.checks.hidden import TOKEN, parts_of
from rehearsal.suite.checks.losses import _missing, pinned_to
from rehearsal.suite.cold_start import empty_plans
from rehearsal.suite.diary import Diary
from rehearsal.suite.outcome import CheckFailed, Outcome
from rehearsal.suite.world import World
from tests.stacks.synthesis import declared, service


def outcome(name: str, ok: bool | None, found: str = "") -> Outcome:
    return Outcome(name=name, ok=ok, seconds=12.4, found=found)


def test_the_last_line_counts_what_was_shown() -> None:
    outcomes = [
        outcome("cloud", True, "1 droplet"),
        outcome("smoke", False, "a\nb"),
        outcome("worker", None, "no worker"),
    ]
    programs = {"loki": Program(name="loki", pinned="grafana/loki:3.7.6", runs="stand-in")}
    shown = report.render(
        "rehearsal", outcomes, {"Discord": "a fake one"}, [("Spaces", "SeaweedFS")], 125, programs
    )
    lines = shown.splitlines()
    assert lines[0] == "rehearsal of rehearsal, 2.1 minutes"
    assert lines[-1] == "1 passed, 1 failed"
    assert "FAILED    12       smoke          a b" in lines
    assert "left out           worker         no worker" in lines
    assert "loki     grafana/loki:3.7.6  stand-in" in lines
    assert any("Spaces" in line and "SeaweedFS" in line for line in lines)


def test_names_of_checks_are_unique_and_the_secrets_come_last() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert names[-1] == "hidden", "what the other checks printed must be searched too"


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[run.Rehearsal]:
    diary = Diary(tmp_path / "log")
    yield run.Rehearsal("rehearsal", only=(), diary=diary)
    diary.close()


@pytest.mark.parametrize(
    "error", [CheckFailed("lost"), OSError("lost"), RuntimeError("lost"), KeyError("lost")]
)
def test_a_check_that_raises_has_failed(rehearsal: run.Rehearsal, error: Exception) -> None:
    def broken() -> str:
        raise error

    assert not rehearsal.step("x", broken)
    assert rehearsal.failed and "lost" in rehearsal.outcomes[0].found
    assert rehearsal.step("y", lambda: "fine")


def test_everything_said_is_kept_for_the_search(rehearsal: run.Rehearsal) -> None:
    rehearsal.diary.say("shown")
    rehearsal.diary.say("hidden from the screen", shown=False)
    assert "hidden from the screen" in rehearsal.diary.text()
    assert rehearsal.diary.file.stat().st_mode & 0o077 == 0


def test_only_environments_made_for_it_are_rehearsed() -> None:
    for name in ("prod", "local"):
        with pytest.raises(WrongUse, match="cannot be rehearsed"):
            run.rehearse(name, keep=False, only=(), as_json=False)
    with pytest.raises(WrongUse, match=r"--only port: no such check\n  use ports-outside, "):
        run.rehearse("rehearsal", keep=False, only=("port",), as_json=False)


def told(**counts: int) -> World:
    stack = {
        "name": "x", "offline": "", "counts": {"add": 0, **counts},
        "layers": [{"services": [{"name": "web", "action": "change"}], "items": []}],
    }  # fmt: skip
    fake: Any = SimpleNamespace(environment="rehearsal", ops=lambda *words: json.dumps({"stacks": [stack]}))
    return fake  # type: ignore[no-any-return]


def test_a_plan_with_changes_fails_and_says_which() -> None:
    assert empty_plans(told()) == "no changes in either stack"
    with pytest.raises(CheckFailed, match=r"x would change: web \(change\)"):
        empty_plans(told(change=1))


def test_ssh_knows_the_box_and_leaves_host_keys_to_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "ssh").write_text('#!/bin/sh\necho "$@"\n')
    (real / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{real}:{os.environ['PATH']}")
    box: Any = SimpleNamespace(ssh_config=tmp_path / "config", spaces_environment={"HTTP_PROXY": "http://x"})
    found = surroundings.variables(load_environment("rehearsal"), tmp_path / "r", box, "http://127.0.0.1:1")
    assert found["DIGITALOCEAN_API_URL"] == "http://127.0.0.1:1"
    assert found["TF_VAR_ssh_key_rehearsal"].startswith("ssh-ed25519 ")
    wrapper = (tmp_path / "r" / "bin" / "ssh").read_text()
    assert f"-F {tmp_path}/config" in wrapper and "KnownHosts" not in wrapper and "Strict" not in wrapper
    # Once more: the real one is found, not the wrapper itself.
    monkeypatch.setenv("PATH", found["PATH"])
    surroundings.variables(load_environment("rehearsal"), tmp_path / "r", box, "http://127.0.0.1:1")
    assert f"exec {real}/ssh " in (tmp_path / "r" / "bin" / "ssh").read_text()


def test_edits_that_must_be_refused_fit_the_stack_as_it_is() -> None:
    cloud = targets_of("rehearsal").needed_cloud("")
    for name, (edit, _) in EDITS.items():
        document = json.loads(json.dumps(cloud.document))
        edit(document)
        assert document != cloud.document, name


def test_what_is_pinned_and_what_is_missing() -> None:
    targets = targets_of("rehearsal-4")
    from layers.cloud.nodes import nodes_of

    nodes = {node.pool: node for node in nodes_of(targets.services.settings)}
    assert pinned_to(targets.services.wanted, nodes["data"]) >= {
        *("postgres", "postgres-backup", "postgres-keeper", "minio", "minio-keeper"),
    }
    assert pinned_to(targets.services.wanted, nodes["work"]) == set()

    def service(name: str, replicas: int, limit: int = 0) -> dict[str, Any]:
        placement = {"MaxReplicas": limit} if limit else {}
        mode = {"Replicated": {"Replicas": replicas}}
        return {"ID": name, "Spec": {"Name": name, "Mode": mode, "TaskTemplate": {"Placement": placement}}}

    def task(name: str, node: str, state: str = "running") -> dict[str, Any]:
        return {"ServiceID": name, "NodeID": node, "Status": {"State": state}, "DesiredState": "running"}

    api = SimpleNamespace(
        services=lambda: [service("web", 1), service("alloy", 3, limit=1), service("pinned", 1)],
        tasks=lambda: [task("web", "dead"), task("alloy", "a"), task("alloy", "b")],
    )
    assert _missing(api, {"web", "alloy"}, {"a", "b"}) == ["web"]


def test_keys_are_looked_for_line_by_line_and_public_ones_not_at_all() -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5v\nAAAAsecretline\nshort\n-----END"
    assert list(parts_of(key)) == ["AAAAsecretline"]
    long = "-----BEGIN\n" + "\n".join(str(number) * 70 for number in range(4))
    encoded = base64.b64encode(long.encode()).decode()
    assert any(part in encoded for part in parts_of(long)), "also as user data has it"
    assert TOKEN.search("join --token SWMTKN-1-0abc9-9xyz 10.0.0.1") and not TOKEN.search("SWMTKN-1-")
    assert list(parts_of("hunter22")) == ["hunter22"]
    assert not list(parts_of("ssh-ed25519 AAAAC3Nza me"))


def test_a_process_and_all_below_it_are_found() -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(30)'])"
    with subprocess.Popen([sys.executable, "-c", script]) as process:
        try:
            deadline = time.monotonic() + 10
            while len(_tree(process.pid)) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            found = _tree(process.pid)
            assert len(found) == 2 and found[0] == process.pid
        finally:
            for pid in _tree(process.pid):
                os.kill(pid, signal.SIGKILL)


def test_the_marker_is_in_the_database_that_the_environment_has() -> None:
    here, managed = (
        markers.stores_of(load_environment(name))["postgres"] for name in ("rehearsal", "rehearsal-managed")
    )
    assert (here.at, managed.at) == ("postgres", "postgres-keeper")
    keeper = service(declared("rehearsal-managed"), managed.at)
    passfile, at = re.search(r"PGPASSFILE=(\S+) .*-h (\S+ -p \d+) ", managed.read).groups()  # type: ignore[union-attr]
    assert passfile in {each.at for each in keeper.file_mounts}
    assert at == "db.sprocket.rehearsal.test -p 25060" and "PGSSLMODE=require" in managed.write


@pytest.mark.parametrize(
    ("outputs", "lost"), [(["mark-1"], ""), (["", "mark-1"], ""), ([""], "''"), (["mark-0"], "'mark-0'")]
)
def test_a_marker_is_lost_only_when_it_stays_lost(outputs: list[str], lost: str) -> None:
    """An engine returns the output of a short command empty now and then."""
    left = [*outputs]

    def run(container: str, *words: str) -> Finished:
        return Finished(code=0, output=left.pop(0) if len(left) > 1 else left[0])

    def until(seconds: float, look: Any, what: str) -> None:
        if not any(look() for _ in range(3)):
            raise CheckFailed(f"not within {seconds:g} s: {what}")

    tasks = SimpleNamespace(container=lambda name: name, run=run)
    fake: Any = SimpleNamespace(
        tasks=lambda: nullcontext(tasks),
        services=SimpleNamespace(settings=load_environment("rehearsal")),
        until=until,
        marks={"redis": "mark-1"},
    )
    if not lost:
        markers.read(fake)
        return
    with pytest.raises(CheckFailed, match=re.escape(f"redis has lost its data (found {lost})")):
        markers.read(fake)


def test_a_slow_store_has_a_marker_only_while_a_check_asks_for_it() -> None:
    ran: list[str] = []

    def run(container: str, *words: str) -> Finished:
        ran.append(f"{container}: {words[-1]}")
        return Finished(code=0, output="")

    fake: Any = SimpleNamespace(
        tasks=lambda: nullcontext(SimpleNamespace(container=lambda name: name, run=run)),
        services=SimpleNamespace(settings=load_environment("rehearsal")),
        until=lambda seconds, look, what: look(),
        marks={},
    )
    markers.write(fake)
    assert {*fake.marks} == {"redis", "postgres", "minio"}
    with markers.slow(fake, ["redis", "rabbitmq"]):
        mark = fake.marks["rabbitmq"]
        assert "rabbitmq: " in ran[-1] and f"set_policy rehearsal-marker '^{mark}$'" in ran[-1]
        assert len(ran) == 4
    assert "rabbitmq" not in fake.marks


def test_a_manager_that_waits_for_a_leader_is_asked_again() -> None:
    asked: list[int] = []

    def leads_after(looks: int) -> bool:
        asked.append(1)
        if len(asked) < looks:
            raise docker.errors.APIError("500", explanation="context deadline exceeded")
        return True

    nobody: Any = None
    World.until(nobody, 5, lambda: leads_after(2), "the node is down")
    assert len(asked) == 2
    with pytest.raises(CheckFailed, match=r"the node is down \(the engine: context deadline exceeded\)"):
        World.until(nobody, 0.1, lambda: leads_after(9), "the node is down")


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        (["refused timed out\n"], "2 containers and a user on each node are refused"),
        (["", "refused timed out\n"], "2 containers and a user on each node are refused"),
        (["8123\n"], "redis reads the user data from its container"),
        (["", "8123\n"], "redis reads the user data from its container"),
        ([""], "redis: its container gave no answer"),
    ],
)
def test_a_container_reads_the_user_data_only_if_it_says_so(
    answers: list[str], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine returns the output of a short command empty now and then."""
    monkeypatch.setattr(metadata, "ANSWERS_WITHIN_S", 0.6)
    left = [*answers]

    def run(container: str, *words: str) -> Finished:
        of_redis = left.pop(0) if len(left) > 1 else left[0]
        return Finished(code=0, output=of_redis if container == "redis" else "refused timed out\n")

    def execute(node: str, *words: str) -> SimpleNamespace:
        return SimpleNamespace(stdout="refused" if words[0] == "setpriv" else "8123")

    services = [SimpleNamespace(values={"name": name}) for name in ("redis", "web")]
    tasks = SimpleNamespace(container=lambda name: name, run=run)
    fake: Any = SimpleNamespace(
        nodes=[SimpleNamespace(name="app-1")],
        box=SimpleNamespace(exec=execute),
        services=SimpleNamespace(wanted=SimpleNamespace(of_type=lambda type_: services)),
        tasks=lambda: nullcontext(tasks),
    )
    try:
        result = metadata.refused(fake)
    except CheckFailed as error:
        result = str(error)
    assert result == found


def refusal(*, plain: str, state: str) -> CheckFailed | str:
    """What the check of the managed database says when it meets these."""
    answers = {"require": (0, "9 of 22"), "disable": (2 if plain else 0, plain)}

    def run(_: str, *words: str) -> Finished:
        tls = next(tls for tls in answers if f"PGSSLMODE={tls}" in words[-1])
        code, output = answers[tls]
        return Finished(code=code, output=output)

    tasks = SimpleNamespace(container=lambda name: name, run=run)
    fake: Any = SimpleNamespace(
        services=SimpleNamespace(settings=load_environment("rehearsal-managed")),
        box=SimpleNamespace(resolve=lambda name: "10.126.0.2", probe=lambda host, ports: {ports[0]: state}),
        tasks=lambda: nullcontext(tasks),
    )
    try:
        return database(fake)
    except CheckFailed as error:
        return error


def test_a_managed_database_that_is_open_or_speaks_plaintext_fails() -> None:
    refused = "FATAL: no pg_hba.conf entry for host, no encryption"
    assert refusal(plain=refused, state="filtered") == (
        "with TLS only, unreachable from outside (filtered), 9 of 22 connections in use"
    )
    assert "is open from outside" in str(refusal(plain=refused, state="open"))
    assert "without TLS" in str(refusal(plain="", state="filtered"))
    assert "without TLS" in str(refusal(plain="could not translate host name", state="filtered"))


def test_datagrams_are_counted_by_port() -> None:
    listing = """table inet rehearsal_probe {
        chain passed {
            ip saddr 198.51.100.2 udp dport 4789 counter packets 0 bytes 0
            ip saddr 198.51.100.2 udp dport 7946 counter packets 3 bytes 111
        }"""
    assert counted(listing) == {4789: 0, 7946: 3}
