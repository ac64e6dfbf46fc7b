"""State on disk, the log without secrets, orphans, the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from rehearsal.emulator import Emulator, EmulatorError, Settings
from rehearsal.emulator.settings import Seconds
from rehearsal.emulator.store import Store
from tests.unit.do_shapes.box import DROPLET, Box, boxed

COMMAND = [sys.executable, "-m", "rehearsal.emulator"]
HEADERS = {"Authorization": "Bearer any"}


def run(*words: str, expect: int = 0) -> str:
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def serve(folder: Path, *words: str) -> tuple[subprocess.Popen[str], str]:
    """A process of its own, and its URL."""
    command = [*COMMAND, "serve", "--state", str(folder), *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+?(?=,)", process.stdout.readline())
    assert found
    return process, found[0]


def end(process: subprocess.Popen[str], with_signal: int = signal.SIGTERM) -> int:
    process.send_signal(with_signal)
    process.communicate(timeout=30)
    return process.returncode


def ask(url: str, method: str, path: str, body: Any = None) -> Any:
    return httpx.request(
        method, f"{url}{path}", json=body, headers=HEADERS, trust_env=False, timeout=20
    ).json()


def test_what_exists_outlives_a_kill_and_actions_go_on(tmp_path: Path) -> None:
    process, url = serve(tmp_path, "--seconds", "create=30")
    number = ask(url, "POST", "/v2/droplets", DROPLET)["droplet"]["id"]
    end(process, signal.SIGKILL)
    process, url = serve(tmp_path)
    assert ask(url, "GET", f"/v2/droplets/{number}")["droplet"]["status"] == "new"
    assert ask(url, "GET", f"/v2/droplets/{number}/actions")["actions"][0]["status"] == "in-progress"
    assert end(process) == 0
    store = Store(tmp_path)
    (action,) = store.all("action")
    store.put("action", action["id"], {**action, "_due": 0})  # as if its time had come meanwhile
    store.close()
    with boxed(tmp_path) as box:
        box.done()
        assert box.ask("GET", f"/v2/droplets/{number}")["droplet"]["status"] == "active"


def test_only_one_emulator_runs_on_a_state(tmp_path: Path) -> None:
    with boxed(tmp_path), pytest.raises(EmulatorError, match="already runs on this state"):
        Emulator(tmp_path)


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    with boxed(tmp_path / "one") as box:
        port = int(box.emulator.url.rpartition(":")[2])
        with pytest.raises(EmulatorError, match=f"port {port} on 127.0.0.1 cannot be used"):
            Emulator(tmp_path / "two", port=port)


def test_many_clients_at_once_lose_nothing(tmp_path: Path) -> None:
    with boxed(tmp_path) as box:
        threads = [
            threading.Thread(target=ask, args=(box.emulator.url, "POST", "/v2/droplets", DROPLET))
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        droplets = box.ask("GET", "/v2/droplets?per_page=200")["droplets"]
        assert len({one["id"] for one in droplets}) == 20
        assert len({one["networks"]["v4"][0]["ip_address"] for one in droplets}) == 20


def test_secrets_are_in_no_log(tmp_path: Path) -> None:
    with boxed(tmp_path) as box:
        box.droplet(user_data="token-in-user-data")
        id = box.cluster()
        cluster = box.ask("GET", f"/v2/databases/{id}")["database"]
        body = {"name": "a", "grants": [{"bucket": "", "permission": "fullaccess"}]}
        key = box.ask("POST", "/v2/spaces/keys", body, 201)["key"]
        log = json.dumps(box.emulator.log())
    for secret in (cluster["connection"]["password"], key["secret_key"], "token-in-user-data"):
        assert secret not in log
    assert "(hidden)" in log


def states(folder: Path, *known: tuple[str, str]) -> list[Path]:
    """The same as a state file, and as terraform show prints it."""
    kept = [{"type": type, "instances": [{"attributes": {"id": id}}]} for type, id in known]
    shown = [{"type": type, "values": {"id": id}} for type, id in known]
    module = {"resources": shown[:1], "child_modules": [{"resources": shown[1:]}]}
    files = {"kept.json": {"version": 4, "resources": kept}}
    files["shown.json"] = {"format_version": "1.0", "values": {"root_module": module}}
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    return [folder / name for name in files]


def _one_of_some(box: Box) -> tuple[str, int]:
    box.ask("POST", "/v2/domains", {"name": "a.example"}, 201)
    cluster, number = box.cluster(), box.droplet(tags=["a"])
    box.ask("POST", f"/v2/databases/{cluster}/users", {"name": "app"}, 201)
    return cluster, number


def test_orphans_are_what_no_state_knows(tmp_path: Path) -> None:
    with boxed(tmp_path / "cloud") as box:
        cluster, number = _one_of_some(box)
        known = [
            ("digitalocean_domain", "a.example"),
            ("digitalocean_database_cluster", cluster),
            ("digitalocean_database_user", f"{cluster}/user/app"),
            ("digitalocean_tag", "a"),
        ]
        for path in states(tmp_path, *known):
            assert [(one.type, one.id) for one in box.emulator.orphans(path)] == [
                ("digitalocean_droplet", str(number))
            ]
            (left,) = run("orphans", "--state", f"{tmp_path}/cloud", str(path), expect=1).splitlines()
            assert left == f"digitalocean_droplet  {number}  one"
        for path in states(tmp_path, *known, ("digitalocean_droplet", str(number))):
            assert run("orphans", "--state", f"{tmp_path}/cloud", str(path)) == ""


def test_what_is_no_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    with boxed(tmp_path / "cloud") as box:
        with pytest.raises(EmulatorError, match="neither a Terraform state file"):
            box.emulator.orphans(tmp_path / "x.json")
        with pytest.raises(EmulatorError, match="cannot read a Terraform state"):
            box.emulator.orphans(tmp_path / "y.json")


def test_the_command_line(tmp_path: Path) -> None:
    state = f"--state={tmp_path}"
    process, url = serve(tmp_path, "--fault", "GET /v2/tags 500 x1")
    assert run("fault", state) == "GET /v2/tags 500 x1\n"
    ask(url, "GET", "/v2/tags")
    ask(url, "POST", "/v2/tags", {"name": "a"})
    assert run("fault", state, "POST /v2/tags reset") == "POST /v2/tags reset\n"
    assert run("fault", state, "--clear") == ""
    first, second = run("log", state).splitlines()
    assert "GET    /v2/tags  500  injected fault: 500  [fault: GET /v2/tags 500 x1]" in first
    assert "POST   /v2/tags  201" in second
    assert json.loads(run("log", state, "--json", "--after=1"))["answer"]["tag"]["name"] == "a"
    assert run("orphans", state, expect=1) == "digitalocean_tag  a  a\n"
    assert json.loads(run("orphans", state, "--json", expect=1))[0]["id"] == "a"
    run("reset", state)
    assert ask(url, "GET", "/v2/tags")["tags"] == []
    assert end(process, signal.SIGINT) == 0
    assert not (tmp_path / "endpoint").exists()
    run("reset", state)
    assert run("log", state) == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["log", "--state=nowhere"], "is not an emulator's state folder"),
        (["serve", "--state=new", "--fault=x"], "METHOD PATH KIND"),
        (["serve", "--state=new", "--seconds=naps=1"], "unknown operation; use one of create, action"),
        (["serve", "--state=new", "--seconds=create"], "give a number of seconds"),
    ],
)
def test_wrong_use_is_a_sentence(tmp_path: Path, words: list[str], message: str) -> None:
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_emulators_own_mistakes_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("rehearsal.emulator.resources.ssh_keys.fingerprint", broken)
    with boxed(tmp_path, settings=Settings(Seconds())) as box:
        body = {"name": "a", "public_key": "x"}
        assert "see its log" in box.refused("POST", "/v2/account/keys", body, status=500)
        assert any("ZeroDivisionError" in one.get("problem", "") for one in box.emulator.log())
