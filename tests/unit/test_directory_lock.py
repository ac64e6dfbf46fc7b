"""The lock on a directory of data: what is rendered, what the shells make of it, what is refused, and what each store has."""

from __future__ import annotations

import inspect
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sprocket_constructs import (
    ConstructError,
    Lock,
    LockHolder,
    NoBackup,
    NodeDirectory,
    NodeSelector,
    Stop,
    SwarmService,
    SwarmStack,
    seconds,
)

from tests.stacks.synthesis import declared, text_at
from tests.synthesis import declare, every, only, synth

IMAGE_STARTS = ("docker-entrypoint.sh",)
SHELLS = {
    "flock-dash": ("dash",),
    "flock-bash": ("bash", "--posix"),
    "flock-busybox": ("busybox", "sh"),
    "pipe-dash": ("dash",),
    "pipe-bash": ("bash", "--posix"),
}
"""What ``/bin/sh`` is on Debian, on Red Hat's line and on Alpine; BusyBox has flock, so no pipe is needed there."""
WAIT_S = 2


def storing(
    stack: SwarmStack, name: str, *, at: str = "/data", lock: Lock, **options: object
) -> SwarmService:
    service = declare(stack, name, **options)
    directory = NodeDirectory(path=f"/mnt/{name}", held_by=NodeSelector.managers())
    service.stores(directory, at=at, backup=NoBackup(because="test"), lock=lock)
    return service


# -- what is rendered ----------------------------------------------------------------------------------------


def test_a_store_has_to_say_what_locks_it() -> None:
    lock = inspect.signature(SwarmService.stores).parameters["lock"]
    assert lock.default is inspect.Parameter.empty


def test_the_shell_takes_the_lock_before_the_image_starts(stack: SwarmStack) -> None:
    storing(stack, "redis", lock=Lock.by_shell(), command=IMAGE_STARTS, args=("redis-server",))
    spec = only(synth(stack), "docker_service")["task_spec"]["container_spec"]
    assert spec["command"] == ["/bin/sh", "/run/take-lock", "flock", "/data", "20", "docker-entrypoint.sh"]
    assert spec["args"] == ["redis-server"]
    (config,) = spec["configs"]
    assert (config["file_name"], config["file_mode"]) == ("/run/take-lock", 0o444)


@pytest.mark.parametrize(("grace", "wait"), [("10s", "20"), ("2m", "130")])
def test_it_waits_as_long_as_a_server_may_take_to_stop(stack: SwarmStack, grace: str, wait: str) -> None:
    store = storing(stack, "store", lock=Lock.by_shell(), command=IMAGE_STARTS, stop=Stop(grace=grace))
    assert store.entry_point[4] == wait


def test_the_lock_is_taken_before_variables_are_read(stack: SwarmStack) -> None:
    n8n = storing(stack, "n8n", lock=Lock.by_shell(), command=IMAGE_STARTS)
    n8n.reads_environment({"A": "1"})
    assert n8n.entry_point[:5] == ("/bin/sh", "/run/take-lock", "flock", "/data", "20")
    assert n8n.entry_point[5:8] == ("/bin/sh", "-c", 'set -ea; . /run/environment; exec "$@"')


def test_all_stores_of_a_stack_share_one_script(stack: SwarmStack) -> None:
    for name in ("redis", "postgres"):
        storing(stack, name, lock=Lock.by_shell(), command=IMAGE_STARTS)
    assert len(every(synth(stack), "docker_config")) == 1


@pytest.mark.parametrize("lock", [Lock.by_program(because="it locks its file"), Lock.none(because="test")])
def test_where_no_shell_holds_the_lock_the_image_starts_as_it_is(stack: SwarmStack, lock: Lock) -> None:
    service = storing(stack, "loki", lock=lock)
    assert service.entry_point == ()
    assert service.file_mounts == ()


# -- what is refused -----------------------------------------------------------------------------------------


def test_a_shell_in_front_needs_to_know_what_the_image_starts(stack: SwarmStack) -> None:
    with pytest.raises(ConstructError) as caught:
        storing(stack, "redis", lock=Lock.by_shell())
    assert str(caught.value) == (
        "test/redis: locks /data, but the shell that holds the lock needs to know what the image starts; "
        "pass command=(...), the image's ENTRYPOINT followed by its CMD, as docker image inspect shows them"
    )


def test_a_second_directory_is_refused(stack: SwarmStack) -> None:
    redis = storing(stack, "redis", lock=Lock.by_shell(), command=IMAGE_STARTS)
    more = NodeDirectory(path="/mnt/more", held_by=NodeSelector.managers())
    with pytest.raises(ConstructError) as caught:
        redis.stores(more, at="/more", backup=NoBackup(because="test"), lock=Lock.by_shell())
    assert str(caught.value) == (
        "test/redis: locks /data and /more, the shell holds one lock; keep both below one directory"
    )


# -- what shells make of it ----------------------------------------------------------------------------------

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(params=SHELLS)
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Starts a server behind the script, under each shell; what still runs is killed afterwards."""
    shell = SHELLS[request.param]
    if shutil.which(shell[0]) is None:
        pytest.skip(f"this machine has no {shell[0]}")
    script = tmp_path / "take-lock"
    script.write_text(_script())
    (tmp_path / "data").mkdir()
    began: list[subprocess.Popen[str]] = []

    def started(*server: str, wait_s: int = WAIT_S, path: str = os.environ["PATH"]) -> subprocess.Popen[str]:
        kind = request.param.partition("-")[0]
        program = shutil.which(shell[0]) or ""
        command = (program, *shell[1:], str(script), kind, str(tmp_path / "data"), str(wait_s))
        process = subprocess.Popen(
            (*command, *server),
            env={"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        began.append(process)
        return process

    yield started
    for process in began:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_the_second_says_at_once_that_it_waits_and_ends_without_starting(
    start: Start, tmp_path: Path
) -> None:
    _up(start(*_server()))
    second = start("touch", str(tmp_path / "data" / "opened"))
    out, err = second.communicate(timeout=20)
    data = tmp_path / "data"
    assert (second.returncode, out) == (1, "")
    assert err.splitlines() == [
        f"warning: {data}: another server has it; waits up to {WAIT_S} s for its end",
        f"error: {data}: another server has it, after {WAIT_S} s too, and only one may; nothing was opened. "
        f"Look for it on this node: docker ps --filter volume={data}",
    ]
    assert not (data / "opened").exists()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_second_starts_when_the_first_ends(start: Start, end: signal.Signals) -> None:
    first = _up(start(*_server()))
    second = start(*_server(), wait_s=20)
    assert second.stderr is not None and "waits up to 20 s" in second.stderr.readline()
    first.send_signal(end)
    _up(second)
    assert first.wait(timeout=10) == -end


def test_a_child_that_outlives_the_server_keeps_the_lock(start: Start) -> None:
    first = _up(start("sh", "-c", "sleep 60 & echo up; wait"))
    first.kill()
    first.wait(timeout=10)
    second = start("true", wait_s=0)
    assert second.wait(timeout=10) == 1
    os.killpg(first.pid, signal.SIGKILL)
    assert start("true", wait_s=5).wait(timeout=10) == 0


def test_the_one_that_waits_can_be_stopped(start: Start) -> None:
    _up(start(*_server()))
    second = start("true", wait_s=60)
    assert second.stderr is not None and second.stderr.readline()
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=5) == 128 + signal.SIGTERM


@pytest.mark.parametrize(("kind", "lacks"), [("flock", "flock"), ("pipe", "dd")])
def test_an_image_without_the_program_is_refused(tmp_path: Path, kind: str, lacks: str) -> None:
    script = tmp_path / "take-lock"
    script.write_text(_script())
    image = subprocess.run(
        ("/bin/sh", str(script), kind, str(tmp_path), "0", "true"),
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    assert image.returncode == 1
    assert (
        image.stderr
        == f"error: {tmp_path}: cannot be locked, the image has no {lacks}; use an image that has it\n"
    )


def test_of_many_that_start_at_once_one_at_a_time_serves(start: Start, tmp_path: Path) -> None:
    alone = f'mkdir "{tmp_path}/serving" || exit 3; sleep 0.05; rmdir "{tmp_path}/serving"'
    servers = [start("sh", "-c", alone, wait_s=60) for _ in range(8)]
    assert [server.wait(timeout=100) for server in servers] == [0] * len(servers)


def test_pipes_of_servers_that_were_killed_are_removed(start: Start, tmp_path: Path) -> None:
    for _ in range(3):
        server = _up(start(*_server()))
        server.kill()
        server.wait(timeout=10)
    assert len(list((tmp_path / "data").glob(".lock/*"))) <= 1


def test_a_directory_that_is_not_there_is_refused(start: Start, tmp_path: Path) -> None:
    (tmp_path / "data").rmdir()
    server = start("echo", "started")
    out, err = server.communicate(timeout=10)
    assert (server.returncode, out) == (1, "")
    assert (
        err == f"error: {tmp_path}/data: is not there, so there is nothing to lock; mount the store there\n"
    )


def test_words_with_spaces_and_quotes_stay_whole(start: Start) -> None:
    words = ("a b", "it's", "$HOME", "", "*")
    out, _ = start("printf", "%s\n", *words).communicate(timeout=10)
    assert out == "".join(f"{word}\n" for word in words)


# -- what each store has -------------------------------------------------------------------------------------


def test_what_locks_each_store() -> None:
    holders = {
        service.name: mount.lock.holder
        for service in declared("staging").services
        for mount in service.data_mounts
        if mount.lock is not None
    }
    assert {name: holders[name] for name in sorted(holders) if not name.startswith("dev-")} == {
        "grafana": LockHolder.SHELL,
        "influxdb": LockHolder.PROGRAM,
        "loki": LockHolder.PROGRAM,
        "minio": LockHolder.SHELL,
        "postgres": LockHolder.SHELL,
        "rabbitmq": LockHolder.SHELL,
        "redis": LockHolder.SHELL,
        "traefik": LockHolder.SHELL,
    }


@pytest.mark.parametrize("environment", ["local", "staging", "prod"])
def test_a_check_lets_a_waiting_server_say_why_it_gives_up(environment: str) -> None:
    waits = {}
    for service in declared(environment).services:
        if service.entry_point[:2] == ("/bin/sh", "/run/take-lock"):
            health = service.health
            allowed = seconds(health.start_period) + health.retries * seconds(health.interval)
            waits[service.name] = (int(service.entry_point[4]), allowed)
    assert waits
    assert {name: times for name, times in waits.items() if times[0] >= times[1]} == {}


def test_loki_makes_the_part_first_that_locks() -> None:
    config = text_at(declared("local"), "loki", "/etc/loki/local-config.yaml")
    assert "target: compactor,all" in config.splitlines()


def _script() -> str:
    (text,) = {
        mount.file.text
        for service in declared("local").services
        for mount in service.file_mounts
        if mount.at == "/run/take-lock"
    }
    return text


def _server() -> tuple[str, ...]:
    return ("sh", "-c", "echo up; exec sleep 60")


def _up(server: subprocess.Popen[str]) -> subprocess.Popen[str]:
    assert server.stdout is not None and server.stdout.readline() == "up\n"
    return server
