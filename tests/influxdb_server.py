"""A real InfluxDB on loopback, of the pinned version or of the 1.x line that has the same query language."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

READY_S = 60.0
BATCH = 5000
TOKEN = "a-token-of-a-test"


class InfluxDB:
    """One running server with an empty bucket.

    Args:
        version: such as ``2.9.1``, by the program itself.
    """

    def __init__(self, client: httpx.Client, version: str, bucket: str) -> None:
        self._client = client
        self.version = version
        self._bucket = bucket

    def write(self, lines: Iterable[str]) -> None:
        """Points in line protocol with their time in seconds."""
        every = list(lines)
        url = "/write" if self.version.startswith("1.") else "/api/v2/write"
        asked = {"db": self._bucket} if url == "/write" else {"org": "test", "bucket": self._bucket}
        for first in range(0, len(every), BATCH):
            body = "\n".join(every[first : first + BATCH])
            answer = self._client.post(url, params={**asked, "precision": "s"}, content=body.encode())
            assert answer.is_success, answer.text

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Series of the answer to a query in InfluxQL."""
        answer = self._client.post("/query", params={"db": self._bucket}, data={"q": query})
        (result,) = answer.json()["results"]
        assert "error" not in result, f"{query}: {result['error']}"
        return list(result.get("series", []))


@contextmanager
def running(binary: Path, folder: Path, *, bucket: str) -> Iterator[InfluxDB]:
    """Starts it with an empty folder, and ends it."""
    said = subprocess.run([binary, "version"], capture_output=True, text=True, timeout=60, check=True).stdout
    version = (re.search(r"v(\d+\.\d+\.\d+)", said) or re.search(r"(\d+\.\d+\.\d+)", said))[1]  # type: ignore[index]
    old = version.startswith("1.")
    port = _free_port()
    arguments = _old_arguments(folder, port) if old else _arguments(folder, port)
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [binary, *arguments], stdout=log, stderr=log, cwd=folder, env={"HOME": str(folder)}
        )
    try:
        headers = {} if old else {"Authorization": f"Token {TOKEN}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
            _wait(client, process, folder / "log")
            _set_up(client, bucket, old=old)
            yield InfluxDB(client, version, bucket)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _set_up(client: httpx.Client, bucket: str, *, old: bool) -> None:
    if old:
        made = client.post("/query", data={"q": f'CREATE DATABASE "{bucket}"'})
    else:
        made = client.post(
            "/api/v2/setup",
            json={
                "username": "test",
                "password": "not-a-secret-1",
                "org": "test",
                "bucket": bucket,
                "token": TOKEN,
            },
        )
    assert made.is_success, made.text


def _arguments(folder: Path, port: int) -> list[str]:
    return [
        f"--bolt-path={folder}/influxd.bolt",
        f"--engine-path={folder}/engine",
        f"--sqlite-path={folder}/influxd.sqlite",
        f"--http-bind-address=127.0.0.1:{port}",
        "--reporting-disabled",
    ]


def _old_arguments(folder: Path, port: int) -> list[str]:
    (folder / "influxdb.conf").write_text(
        f"""
reporting-disabled = true
bind-address = "127.0.0.1:{_free_port()}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
[monitor]
store-enabled = false
"""
    )
    return ["-config", f"{folder}/influxdb.conf"]


def _wait(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        try:
            if client.get("/ping").is_success:
                return
        except httpx.TransportError:
            pass
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-2000:]
        time.sleep(0.3)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
