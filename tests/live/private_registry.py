"""A real registry (Debian's docker-registry) on loopback that wants a login, and takes back logins while it runs."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

USERS = {
    "bot": ("pa55word", "$2b$05$abcdefghijklmnopqrstuur.ZxEKly2fYX6K.hrvYXsoEaKgtr95a"),
    "anna": ("ghp-first-token", "$2b$05$abcdefghijklmnopqrstuu3eHiQgsbtWC1vZQbgiHU0PTsw.5gkx6"),
    "ben": ("ghp-second-token", "$2b$05$abcdefghijklmnopqrstuubrwBVlICBK4OztoOHNHy47sP4Ba3uaS"),
}
"""Each with a password and its bcrypt hash."""


class PrivateRegistry:
    """One that runs at ``host``."""

    def __init__(self, folder: Path, host: str) -> None:
        self.host = host
        self._logins = folder / "htpasswd"

    def lets_in(self, *users: str) -> None:
        """These and no others, from the next request on."""
        self._logins.write_text("".join(f"{user}:{USERS[user][1]}\n" for user in users))


@contextmanager
def private_registry(folder: Path) -> Iterator[PrivateRegistry]:
    """It runs until the block ends, and lets ``bot`` in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    registry = PrivateRegistry(folder, host)
    registry.lets_in("bot")
    config = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": host},
        "auth": {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}},
    }
    (folder / "config.yml").write_text(json.dumps(config))
    with (folder / "log").open("w") as log:
        run = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "config.yml")], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(host, run, folder / "log")
        yield registry
    finally:
        run.terminate()
        run.wait(timeout=20)


def _wait_for(host: str, run: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and run.poll() is None:
        try:
            httpx.get(f"http://{host}/v2/")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"docker-registry did not come up at {host}:\n{log.read_text()[-2000:]}")
