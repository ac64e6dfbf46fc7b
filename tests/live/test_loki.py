"""The real Loki with the file that the platform gives it: what it was told is on the disk, and goes when its time is over."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from layers.data.loki import FOLDER
from tests.programs import program
from tests.stacks.synthesis import declared, text_at

pytestmark = pytest.mark.live(needs=[])
READY_S = 90.0
HOUR_NS = 3600 * 10**9


class Loki:
    """One run after the other on the same folder."""

    def __init__(self, binary: Path, folder: Path, *, compaction_s: int | None = None) -> None:
        self._binary = binary
        self.folder = folder / "loki"
        self.folder.mkdir()
        self._port, grpc = _free_port(), _free_port()
        text = text_at(declared("local"), "loki", "/etc/loki/local-config.yaml")
        config: dict[str, Any] = YAML(typ="safe").load(text.replace(f"{FOLDER}/", f"{self.folder}/"))
        config["common"]["path_prefix"] = str(self.folder)
        config["server"] |= {
            "http_listen_address": "127.0.0.1",
            "http_listen_port": self._port,
            "grpc_listen_address": "127.0.0.1",
            "grpc_listen_port": grpc,
        }
        if compaction_s is not None:
            config["limits_config"]["retention_period"] = "24h"
            config["compactor"] |= {
                "compaction_interval": f"{compaction_s}s",
                "retention_delete_delay": f"{compaction_s}s",
            }
        self._file = folder / "config.yaml"
        YAML().dump(config, self._file)
        self._log = folder / "log"

    @contextmanager
    def running(self, *, end: signal.Signals = signal.SIGTERM) -> Iterator[httpx.Client]:
        """A client of the running program, which is ended afterwards as ``end`` says."""
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [self._binary, f"-config.file={self._file}"], stdout=log, stderr=log, cwd=self.folder
            )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=20) as client:
                deadline = time.monotonic() + READY_S
                while not _is_ready(client):
                    assert process.poll() is None and time.monotonic() < deadline, self._log.read_text()[
                        -2000:
                    ]
                    time.sleep(0.5)
                yield client
        finally:
            process.send_signal(end)
            process.wait(timeout=60)

    def chunks(self) -> set[Path]:
        """Files with log lines in them, on the volume."""
        return {path for path in (self.folder / "objects" / "fake").rglob("*") if path.is_file()}


def test_a_flushed_line_outlives_the_task_and_its_write_ahead_log(tmp_path: Path) -> None:
    loki = Loki(program("loki", "loki"), tmp_path)
    with loki.running(end=signal.SIGKILL) as client:
        _push(client, time.time_ns(), "the marker")
        _flush(client)
        assert "loki_ingester_chunks_flush_failures_total 0" in client.get("/metrics").text
    shutil.rmtree(loki.folder / "wal")
    with loki.running() as client:
        assert _found(client) == ["the marker"]


def test_lines_go_when_their_time_is_over(tmp_path: Path) -> None:
    loki = Loki(program("loki", "loki"), tmp_path, compaction_s=2)
    with loki.running() as client:
        _push(client, time.time_ns() - 50 * HOUR_NS, "two days old")
        _flush(client)
        (old,) = loki.chunks()
        _push(client, time.time_ns(), "new")
        _flush(client)
        assert len(loki.chunks()) == 2
    # It would be read back into memory, and queries look there too.
    shutil.rmtree(loki.folder / "wal")
    with loki.running() as client:
        deadline = time.monotonic() + 120
        while old in loki.chunks():
            assert time.monotonic() < deadline, "the old chunk is still on the disk"
            time.sleep(1)
        assert _found(client) == ["new"]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/ready").status_code == 200
    except httpx.TransportError:
        return False


def _push(client: httpx.Client, at_ns: int, line: str) -> None:
    stream = {"stream": {"service": "probe"}, "values": [[str(at_ns), line]]}
    client.post("/loki/api/v1/push", json={"streams": [stream]}).raise_for_status()


def _flush(client: httpx.Client) -> None:
    """Asks for what is in memory to be stored; the answer comes before it is."""
    client.post("/flush").raise_for_status()
    time.sleep(3)


def _found(client: httpx.Client) -> list[str]:
    answer = client.get(
        "/loki/api/v1/query_range",
        params={"query": '{service="probe"}', "start": time.time_ns() - 60 * HOUR_NS, "limit": 10},
    )
    streams = json.loads(answer.text)["data"]["result"]
    return [line for stream in streams for _, line in stream["values"]]
