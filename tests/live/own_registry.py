"""A registry on loopback that belongs to the tests of a module, for images of their own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from ops.waiting import wait_until
from tests.live.s3_server import free_port


@dataclass(frozen=True)
class Registry:
    """A registry on loopback that can be stopped."""

    port: int
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """One for the tests of a module."""
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    config = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    (folder / "config.yml").write_text(json.dumps(config))
    words = ["docker-registry", "serve", str(folder / "config.yml")]
    with (folder / "log").open("w") as log:
        registry = Registry(port, subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT))
    try:
        assert wait_until(lambda: answers(port), 20), (folder / "log").read_text()
        yield registry
    finally:
        registry.stop()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/v2/").is_success
    except httpx.TransportError:
        return False
