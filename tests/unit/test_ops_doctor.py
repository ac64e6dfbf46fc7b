"""The doctor: each seeded fault has the right cause and a next command that there is; a healthy platform is quiet."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from layers.loading import load_environment
from ops.backup.snapshots import Snapshot
from ops.backup.world import World
from ops.cli import app
from ops.doctor import run, text
from ops.doctor.finding import Finding, root_causes
from ops.doctor.rules import RULES
from ops.doctor.rules.connections import PROBE
from ops.doctor.status import status_of
from ops.errors import OpsError, WrongUse
from ops.swarm.engine import Swarm
from ops.swarm.service_log import Line, ServiceLog, seconds_in
from ops.terraform.lock_holder import LockHolder
from tests.docs.command_line import refusal
from tests.unit import ops_doctor
from tests.unit.ops_boundaries import Boundaries, targets_of
from tests.unit.ops_doctor import LISTENS, Engine, ago, diagnosis, well
from tests.unit.ops_fixtures import DIGEST_2, service, stack

LOCAL = load_environment("local")
UNRESOLVED = "redis 6379 unresolved unknown\nredis 0 unresolved unknown\n"
REFUSED = "redis 6379 resolved refused\n"
FULL_DF = (
    "Filesystem 1024-blocks Used Available Capacity Mounted on\noverlay 50000000 48000000 2000000 96% /\n"
)


@pytest.fixture
def engine(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> Engine:
    return well(monkeypatch)


@dataclass(frozen=True)
class Fault:
    """What is seeded, and what must be said of it."""

    seed: Callable[[Engine, Boundaries], object]
    kind: str
    about: str
    cause: str
    next: str
    evidence: str = ""


def unhealthy(engine: Engine, error: str = "dockerexec: unhealthy container", code: int = 137) -> None:
    engine.ends("web", error, code=code, state="failed" if error else "complete")
    for each in engine.raw_tasks:
        failing = [{"ExitCode": 1, "Output": "answers 500"}]
        engine.health[each["Status"]["ContainerStatus"]["ContainerID"]] = {
            "Status": "unhealthy",
            "Log": failing,
        }


def out_of_space(engine: Engine) -> None:
    engine.ends("redis", "task: non-zero exit (1)", code=1)
    engine.log = "write: No space left on device\n"


def constrained(engine: Engine, *labels: str) -> None:
    engine.of("redis")["Placement"] = {"Constraints": list(labels)}
    engine.waits("redis", "no suitable node (scheduling constraints not satisfied on 1 node)")


def too_large(engine: Engine) -> None:
    engine.of("redis")["Resources"] = {"Reservations": {"MemoryBytes": 9_000_000_000}}
    engine.waits("redis", "no suitable node (insufficient resources on 1 node)")


def port_of_another(engine: Engine) -> None:
    for spec in (each["Spec"] for each in engine.raw_services):
        spec["EndpointSpec"] = {"Ports": [{"PublishedPort": 8080, "TargetPort": 80, "PublishMode": "host"}]}
    engine.waits("redis", "no suitable node (host-mode port already in use on 1 node)")


def drained(engine: Engine) -> None:
    engine.raw_nodes[0]["Spec"]["Availability"] = "drain"


def down(engine: Engine) -> None:
    engine.raw_nodes[0]["Status"] = {"State": "down", "Message": "heartbeat failure"}


def scaled(engine: Engine) -> None:
    engine.raw_services[0]["Spec"]["Mode"]["Replicated"]["Replicas"] = 0


def removed(engine: Engine) -> None:
    engine.raw_services.pop(0)


def taken_back(engine: Engine) -> None:
    engine.raw_services[1]["UpdateStatus"] = {"State": "rollback_completed", "StartedAt": ago(60)}


def restarts(engine: Engine) -> None:
    engine.ends("web", "task: non-zero exit (3)", code=3)
    engine.raw_tasks[-1] = engine.task("web", "running", seconds=4)


def other_image(engine: Engine) -> None:
    engine.of("web")["ContainerSpec"]["Image"] = f"example.org/app:1.3@{DIGEST_2}"


def lock(boundaries: Boundaries) -> None:
    boundaries.services.holder = LockHolder(
        id="1", path="bucket/key", operation="OperationTypeApply", who="ann@laptop", created=0.0
    )


def lost(engine: Engine) -> None:
    down(engine)
    engine.waits("web", "no suitable node (1 node not available for new tasks)")


def per_node(engine: Engine) -> None:
    engine.of("redis")["Placement"] = {"MaxReplicas": 1}
    engine.waits("redis", "no suitable node (max replicas per node limit exceed)")


def starts(engine: Engine, state: str) -> None:
    engine.raw_tasks = [each for each in engine.raw_tasks if each["ServiceID"] != "redis-id"]
    engine.raw_tasks.append(engine.task("redis", state, seconds=90))


def no_tasks(engine: Engine) -> None:
    engine.raw_tasks = [each for each in engine.raw_tasks if each["ServiceID"] != "redis-id"]


FULL_VOLUME = (
    "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda 5000000 4900000 100000 98% /data\n"
)
NO_IMAGE = "No such image: example.org/app:1.2"
FAULTS = {
    "crash": Fault(lambda e, b: e.ends("redis", "task: non-zero exit (3)", code=3), "crash", "service redis", "exit code 3", "ops logs redis", "log: last words"),
    "restarts while it runs": Fault(lambda e, b: restarts(e), "crash", "service web", "exit code 3", "ops logs web", "runs again since"),
    "ends by itself": Fault(lambda e, b: e.ends("redis", "", code=0, state="complete"), "ends", "service redis", "exit code 0", "ops logs redis"),
    "out of memory": Fault(lambda e, b: e.ends("redis", "task: non-zero exit (137)", code=137), "out-of-memory", "service redis", "64.0 MB", "ops logs redis"),
    "unhealthy": Fault(lambda e, b: unhealthy(e), "unhealthy", "service web", "health check fails", "ops logs web", "answers 500"),
    "unhealthy, and leaves well": Fault(lambda e, b: unhealthy(e, "", 0), "unhealthy", "service web", "health check fails", "ops logs web", "answers 500"),
    "missing digest": Fault(lambda e, b: e.ends("redis", NO_IMAGE, state="rejected"), "image-missing", "service redis", "redis:8.2", "make up ENV=local", NO_IMAGE),
    "missing folder": Fault(lambda e, b: e.ends("redis", "invalid mount config for type \"bind\": bind source path does not exist: /mnt/redis", state="rejected"), "folder-missing", "service redis", "/mnt/redis", "make up ENV=local"),
    "missing command": Fault(lambda e, b: e.ends("web", 'starting container failed: exec: "/serve": executable file not found in $PATH', state="failed"), "command-missing", "service web", "cannot run", "ops logs web"),
    "port of a container": Fault(lambda e, b: e.ends("web", "driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated"), "port-taken", "service web", "something else", "docker ps --filter"),
    "port of a service": Fault(lambda e, b: port_of_another(e), "port-taken", "service redis", "taken by web (8080)", "ops drift"),
    "label": Fault(lambda e, b: constrained(e, "node.labels.disk==nvme"), "no-node", "service redis", "no node has node.labels.disk==nvme", "ops deploy", "disk=ssd"),
    "label of an engine": Fault(lambda e, b: constrained(e, "engine.labels.disk==nvme"), "no-node", "service redis", "no node has engine.labels.disk==nvme", "ops deploy", "disk=ssd"),
    "place that nobody knows": Fault(lambda e, b: constrained(e, "node.generation==2"), "no-node", "service redis", "no node has node.generation==2", "ops deploy", "disk=ssd"),
    "memory": Fault(lambda e, b: too_large(e), "no-memory", "service redis", "9.0 GB", "ops deploy", "4.0 GB of 4.0 GB"),
    "node down": Fault(lambda e, b: down(e), "node-down", "node prod-app-1", "do not reach it", "docker node ls", "heartbeat failure"),
    "node drained": Fault(lambda e, b: drained(e), "node-drained", "node prod-app-1", "drain", "docker node update --availability active prod-app-1"),
    "scaled down": Fault(lambda e, b: scaled(e), "scaled-down", "service redis", "from 1 to 0", "ops deploy"),
    "removed": Fault(lambda e, b: removed(e), "missing", "service redis", "does not have it", "ops deploy"),
    "taken back": Fault(lambda e, b: taken_back(e), "update-failed", "service web", "rollback_completed", "ops logs web"),
    "name": Fault(lambda e, b: e.answers.update({("web", "/bin/sh -c # shellcheck shell"): (0, UNRESOLVED)}), "unresolved-name", "service web", "redis does not resolve", "ops deploy", "networks of web"),
    "port closed": Fault(lambda e, b: e.answers.update({("web", "/bin/sh -c # shellcheck shell"): (0, REFUSED)}), "unreachable", "service web", "redis:6379 takes no connection", "ops logs redis", "redis listens on 6379"),
    "disk of a node": Fault(lambda e, b: e.answers.update({("web", "df"): (0, FULL_DF), ("redis", "df -Pk /"): (0, FULL_DF)}), "disk-full", "disk of node prod-app-1", "96 % full", "ops prune"),
    "disk full in a log": Fault(lambda e, b: out_of_space(e), "disk-full", "service redis", "disk that it writes to is full", "ops prune", "No space left"),
    "clock": Fault(lambda e, b: setattr(e, "clock_off_s", -90.0), "clock", "clock of node prod-app-1", "1 min 30 s behind", "timedatectl status"),
    "node lost": Fault(lambda e, b: lost(e), "node-down", "node prod-app-1", "do not reach it", "docker node ls"),
    "tasks per node": Fault(lambda e, b: per_node(e), "no-node", "service redis", "may have 1 on a node", "docker node ls"),
    "pulls": Fault(lambda e, b: starts(e, "preparing"), "starting", "service redis", "pulls its image", "ops logs redis"),
    "health check to come": Fault(lambda e, b: starts(e, "starting"), "starting", "service redis", "health check has not passed yet", "ops logs redis"),
    "no task": Fault(lambda e, b: no_tasks(e), "no-task", "service redis", "may lack a leader", "docker service ps --no-trunc redis"),
    "missing network": Fault(lambda e, b: e.ends("web", "network redis-net not found", state="rejected"), "network-missing", "service web", "a network that it joins is gone", "ops deploy"),
    "program of another machine": Fault(lambda e, b: e.ends("web", "exec /serve: exec format error", code=1), "command-missing", "service web", "cannot run", "ops logs web"),
    "volume full": Fault(lambda e, b: e.answers.update({("redis", "df -Pk /data"): (0, FULL_VOLUME)}), "disk-full", "volume of service redis", "98 % full", "ops plan", "/dev/sda"),
    "version": Fault(lambda e, b: other_image(e), "other-version", "service web", "not deployed yet", "ops plan", "swarm: example.org/app:1.3"),
    "lock": Fault(lambda e, b: lock(b), "lock-held", "state of local-services", "left its lock", "ops state unlock", "ann@laptop"),
}  # fmt: skip


def test_a_healthy_platform_is_quiet(engine: Engine) -> None:
    found = diagnosis()
    assert (found.findings, found.unasked) == ((), ())
    assert text.render(found).startswith("local: nothing found (2 services, 1 node, ")
    assert len(text.render(found).splitlines()) == 1


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_is_explained(name: str, engine: Engine, boundaries: Boundaries) -> None:
    fault = FAULTS[name]
    fault.seed(engine, boundaries)
    found = diagnosis()
    assert found.unasked == ()
    (finding,) = found.findings
    assert (finding.kind, finding.about) == (fault.kind, fault.about)
    assert fault.cause in finding.cause
    assert fault.next in finding.next
    assert fault.evidence in "\n".join(finding.evidence)
    assert fault.about in text.render(found)
    is_one_that_there_is(finding.next)


MAKE = set(re.findall(r"^([a-z-]+):", (Path(__file__).parents[2] / "Makefile").read_text(), re.M))


def is_one_that_there_is(command: str) -> None:
    program, _, rest = command.partition(" ")
    if program == "python":
        assert rest.startswith("-m ops ")
        assert refusal("ops", rest.removeprefix("-m ops ")) == ""
    elif program == "make":
        assert rest.split()[0] in MAKE
    else:
        assert program in ("docker", "timedatectl", "ps", "systemctl"), command


def test_there_are_twenty() -> None:
    assert len(FAULTS) >= 20


def test_a_broken_server_explains_its_clients(engine: Engine) -> None:
    engine.ends("redis", "task: non-zero exit (3)", code=3)
    engine.raw_tasks += [engine.task("web", "starting")]
    engine.raw_tasks = [each for each in engine.raw_tasks if each["Status"]["State"] != "running"]
    (finding,) = diagnosis().findings
    assert (finding.about, finding.explains) == ("service redis", ("service web",))
    assert "this may be why these fail, too: service web" in text.render(diagnosis())


def test_a_client_with_a_cause_of_its_own_is_told_beside_its_server(engine: Engine) -> None:
    engine.ends("redis", "task: non-zero exit (3)", code=3)
    engine.ends("web", NO_IMAGE, state="rejected")
    assert {each.about for each in diagnosis().findings} == {"service redis", "service web"}


def other_image_of_redis(engine: Engine) -> None:
    engine.of("redis")["ContainerSpec"]["Image"] = f"redis:8.3@{DIGEST_2}"


def taken_back_redis(engine: Engine) -> None:
    engine.raw_services[0]["UpdateStatus"] = {"State": "rollback_completed", "StartedAt": ago(60)}


def one_of_two_waits(engine: Engine) -> None:
    engine.raw_services[0]["Spec"]["Mode"]["Replicated"]["Replicas"] = 2
    engine.of("redis")["Resources"] = {"Reservations": {"MemoryBytes": 9_000_000_000}}
    engine.raw_tasks.append(
        engine.task("redis", "pending", error="no suitable node (insufficient resources on 1 node)")
    )


@pytest.mark.parametrize(
    ("seed", "kind"),
    [
        (other_image_of_redis, "other-version"),
        (taken_back_redis, "update-failed"),
        (one_of_two_waits, "no-memory"),
    ],
)
def test_a_server_that_runs_does_not_explain_its_clients(
    seed: Callable[[Engine], None], kind: str, engine: Engine
) -> None:
    seed(engine)
    engine.ends("web", "task: non-zero exit (3)", code=3)
    found = diagnosis().findings
    assert {(each.about, each.kind) for each in found} == {("service redis", kind), ("service web", "crash")}
    assert {each.explains for each in found} == {()}


def test_a_service_alone_is_looked_at_with_what_it_needs(engine: Engine, boundaries: Boundaries) -> None:
    lock(boundaries)
    assert diagnosis("redis").findings == ()
    engine.ends("web", "task: non-zero exit (3)", code=3)
    assert diagnosis("redis").findings == ()
    assert [each.about for each in diagnosis("web").findings] == ["service web"]


def test_a_name_that_is_not_declared_names_near_ones(engine: Engine) -> None:
    with pytest.raises(WrongUse, match="declares no service 'redsi'") as raised:
        diagnosis("redsi")
    assert raised.value.fix == "did you mean redis?"


def test_a_platform_that_is_not_deployed_is_one_finding(engine: Engine) -> None:
    engine.raw_services.clear()
    (finding,) = diagnosis().findings
    assert (finding.kind, finding.next) == ("not-deployed", "make up ENV=local")


@pytest.mark.parametrize(
    ("said", "kind", "next_"),
    [
        ("timed out", "no-engine", "systemctl status docker"),
        ("This node is not a swarm manager.", "no-swarm", "make up ENV=local"),
        ("rpc error: The swarm does not have a leader.", "no-quorum", "docker node ls"),
    ],
)
def test_an_engine_that_does_not_answer_is_a_finding(
    said: str, kind: str, next_: str, boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise OpsError(f"the engine at x does not answer: {said}")

    ops_doctor.connect(monkeypatch, Engine(), fails=fails)
    (finding,) = diagnosis().findings
    assert (finding.kind, finding.next) == (kind, next_)
    assert said in finding.evidence[0]


def test_what_cannot_be_asked_is_said_and_is_no_finding(
    engine: Engine, boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: object) -> None:
        raise OpsError("the state cannot be reached")

    monkeypatch.setattr(type(boundaries.services), "lock_holder", fails)
    found = diagnosis()
    assert (found.findings, found.unasked) == ((), ("the state's lock: the state cannot be reached",))
    assert "  ? not asked: the state's lock" in text.render(found)


def test_failures_of_long_ago_are_not_told(engine: Engine) -> None:
    engine.raw_tasks += [
        engine.task("web", "failed", seconds=each, error="x", code=1) for each in (3700, 3620)
    ]
    assert diagnosis().findings == ()


@pytest.mark.parametrize("scaled", [False, True])
def test_failures_from_before_a_service_was_changed_are_not_told(scaled: bool, engine: Engine) -> None:
    """Of a service that was scaled since, the engine has forgotten the update."""
    restarts(engine)
    assert [each.kind for each in diagnosis().findings] == ["crash"]
    update = {"UpdateStatus": {"State": "completed", "StartedAt": ago(10)}}
    engine.raw_services[1] |= {"UpdatedAt": ago(10)} if scaled else update
    assert diagnosis().findings == ()


def named(about: str, *follows: str) -> Finding:
    return Finding(kind="crash", about=about, cause="", next="", follows=follows)


def test_root_causes_come_first_over_any_number_of_steps() -> None:
    found = root_causes([named("alone"), named("c", "b"), named("b", "a"), named("a")])
    assert [(each.about, each.explains) for each in found] == [("a", ("c", "b")), ("alone", ())]


def test_of_a_circle_all_are_told() -> None:
    assert {each.about for each in root_causes([named("a", "b"), named("b", "a")])} == {"a", "b"}


def test_the_probe_says_what_resolves_and_what_takes_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as closed:
        open_port, closed_port = server.getsockname()[1], closed.getsockname()[1]
        closed.close()
        words = ["localhost", open_port, "localhost", closed_port, "localhost", 0, "nowhere.invalid", 80]
        command = ["/bin/sh", "-c", PROBE.read_text(), "probe", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert [line.split()[2:] for line in done.stdout.splitlines()] == [
        ["resolved", "connected"],
        ["resolved", "refused"],
        ["resolved", "unknown"],
        ["unresolved", "unknown"],
    ]


# -- the log -------------------------------------------------------------------------------------------------------

LOG = (
    "2026-11-28T04:00:02.000000000Z com.docker.swarm.node.id=n1,com.docker.swarm.task.id=task1 later\n"
    "2026-11-28T04:00:01.500000000Z com.docker.swarm.node.id=n1,com.docker.swarm.task.id=task1 with a=b, c\n"
)


def test_a_log_has_times_and_tasks(engine: Engine) -> None:
    engine.log = LOG
    log = ServiceLog(Swarm(engine), "web")  # type: ignore[arg-type]
    first, second = log.lines()
    assert first == Line(time="2026-11-28T04:00:01.500000000Z", task="web.1.task1", text="with a=b, c")
    assert second.text == "later"


def ended(patch: pytest.MonkeyPatch, *words: str) -> int:
    patch.setattr("sys.argv", ["ops", *words])
    with pytest.raises(SystemExit) as raised:
        app.main()
    return int(raised.value.code or 0)


def test_logs_of_an_unknown_service_name_near_ones(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, "logs", "wbe") == 2
    assert "did you mean web?" in capsys.readouterr().err


def test_grep_chooses_lines(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.log = LOG
    assert ended(monkeypatch, "logs", "web", "--grep", "lat.r$") == 0
    assert capsys.readouterr().out == "2026-11-28 04:00:02  later\n"


@pytest.mark.parametrize(
    ("words", "said"), [(["--since", "soon"], "no length of time"), (["--grep", "("], "no regular")]
)
def test_a_wrong_option_of_logs_is_refused(
    words: list[str],
    said: str,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended(monkeypatch, "logs", "web", *words) == 2
    assert said in capsys.readouterr().err


def test_lengths_of_time() -> None:
    assert [seconds_in(each) for each in ("30s", "10m", "2h", "1d")] == [30, 600, 7200, 86400]


# -- what the stack of the fixture does not have -------------------------------------------------------------------


def with_service(name: str, path: str, **more: Any) -> dict[str, Any]:
    document = stack()
    document["resource"]["docker_service"][name] = service(path, name=name, **more)
    return document


@pytest.mark.parametrize(
    ("ready", "consumers", "cause"),
    [(501, 2, "501 messages wait"), (101, 0, "101 messages wait"), (500, 1, ""), (100, 0, "")],
)
def test_a_queue_that_grows_is_a_finding(ready: int, consumers: int, cause: str, engine: Engine) -> None:
    engine.runs("rabbitmq")
    listed = [{"name": "core", "messages_ready": ready, "consumers": consumers}]
    call = "rabbitmqctl --quiet --formatter json"
    engine.answers["rabbitmq", f"{call} list_vhosts"] = (0, json.dumps([{"name": "/"}, {"name": "main"}]))
    engine.answers["rabbitmq", f"{call} list_queues -p / "] = (0, "[]")
    engine.answers["rabbitmq", f"{call} list_queues -p main "] = (0, json.dumps(listed))
    found = diagnosis(document=with_service("rabbitmq", "data/rabbitmq")).findings
    assert [each.kind for each in found] == (["queue-backlog"] if cause else [])
    assert all(cause in each.cause and "ops logs rabbitmq" in each.next for each in found)


def test_a_broker_that_does_not_list_its_queues_is_not_asked(engine: Engine) -> None:
    engine.runs("rabbitmq")
    engine.answers["rabbitmq", "rabbitmqctl"] = (69, "Error: unable to perform an operation on node")
    found = diagnosis(document=with_service("rabbitmq", "data/rabbitmq"))
    assert found.findings == ()
    assert found.unasked[0].startswith("queues: rabbitmqctl in rabbitmq ended with 69: Error: unable")


def test_a_dependency_that_a_service_reports_is_a_finding(engine: Engine) -> None:
    engine.answers["web", "cat /proc/net/tcp"] = (0, LISTENS)
    said = {
        "dependencies": {
            "database": {"target": "postgres:5432/core", "ok": False, "error": "no such database"}
        }
    }
    engine.answers["web", "/bin/sh -c command -v curl"] = (0, json.dumps(said))
    (finding,) = diagnosis().findings
    assert (finding.kind, finding.about) == ("dependency", "service web")
    assert finding.cause == "it cannot use database at postgres:5432/core"
    assert finding.evidence == ("its /healthz says: no such database",)


def test_pages_without_tls_are_one_finding(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **more: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("socket.create_connection", refuse)
    engine.runs("traefik")
    document = with_service("traefik", "ingress/traefik", port=443)
    (finding,) = diagnosis(document=document).findings
    assert (finding.kind, finding.about) == ("certificate", "page web.example.org")
    assert "Connection refused" in finding.cause
    is_one_that_there_is(finding.next)
    engine.ends("traefik", "task: non-zero exit (1)", code=1)
    (finding,) = diagnosis(document=document).findings
    assert (finding.about, finding.explains) == ("service traefik", ("page web.example.org",))


BACKUP_LABELS = {"backup.store": "redis", "backup.server": "redis", "backup.every": "24h"}


@pytest.mark.parametrize(
    ("age_s", "created_s", "cause"),
    [(30 * 3600, 7 * 86400, "late"), (3600, 7 * 86400, ""), (None, 7 * 86400, "no copy"), (None, 3600, "")],
)
def test_a_late_backup_is_a_finding_and_a_young_store_may_have_none(
    age_s: float | None, created_s: float, cause: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = (
        []
        if age_s is None
        else [Snapshot(id="a" * 64, name="redis", time=time.time() - age_s, bytes=1, sent_s=1)]
    )
    monkeypatch.setattr(World, "snapshots", lambda self: {"redis": copies} if copies else {})
    monkeypatch.setattr("ops.backup.spool.Spool.state", lambda self, name: {})
    engine.runs("redis-backup")
    engine.raw_services[-1]["CreatedAt"] = ago(created_s)
    document = with_service("redis_backup", "data/redis/backup", labels=BACKUP_LABELS)
    document["resource"]["docker_service"]["redis_backup"]["name"] = "redis-backup"
    found = diagnosis(document=document).findings
    assert [(each.kind, each.about) for each in found] == ([("backup", "backup of redis")] if cause else [])
    assert all(cause in each.cause for each in found)
    for each in found:
        is_one_that_there_is(each.next)


# -- status --------------------------------------------------------------------------------------------------------


def test_status_is_one_screen(engine: Engine) -> None:
    engine.answers["redis", "cat /proc/meminfo"] = (0, "MemTotal: 4000000 kB\nMemAvailable:   2000000 kB\n")
    engine.ends("web", "task: non-zero exit (3)", code=3)
    targets = replace(targets_of(LOCAL, of_services=stack()), cloud=None)
    found = status_of(targets, lambda said: None)
    shown = "\n".join(found.lines())
    assert shown.startswith("local: 1 of 2 services are well; why not: python -m ops doctor --env local\n")
    assert re.search(r"prod-app-1 +manager +ready +2\.0 GB of 4\.0 GB +41\.0 GB", shown)
    assert re.search(r"data +redis +1/1 +ok +8\.2 \(11111111\) +1 h +0", shown)
    assert re.search(r"platform +web +0/1 +ready +1\.2 \(11111111\) +- +2", shown)
    assert "last release: none\n" in shown
    assert "last backup: none: no store has any" in shown
    assert re.search(r"https://web\.example\.org +public", shown)
    assert json.loads(json.dumps(found.as_data()))["services"][1]["restarts"] == 2


def test_a_container_that_goes_meanwhile_is_not_asked(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(facts: object) -> list[Finding]:
        raise docker.errors.NotFound("404 Client Error: no such container")

    engine.ends("web", "task: non-zero exit (3)", code=3)
    rules = [replace(rule, find=gone) if rule.asks == "disks" else rule for rule in RULES]
    monkeypatch.setattr(run, "RULES", tuple(rules))
    found = diagnosis()
    assert [each.kind for each in found.findings] == ["crash"]
    assert found.unasked == ("disks: 404 Client Error: no such container",)
