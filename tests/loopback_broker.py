"""RabbitMQ as a real program on loopback, started by the script that is rendered for it.

Left out of the rendered files is what the version of a machine's package does not know, and ports at all addresses.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from layers.data.rabbitmq import AS_DECLARED, DEFINITIONS, START
from tests.programs import program
from tests.stacks.synthesis import declared, text_at

ENVIRONMENT = "local"
DEBIAN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Not the one on the path, which changes to another user first."""
START_S = 180
CONF = "/etc/rabbitmq/conf.d/90-sprocket.conf"


@dataclass
class LoopbackBroker:
    """A node that keeps its data from one start to the next, with ports of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Its files, but for the definitions. The test is skipped where the program is not there."""
        server = DEBIAN if DEBIAN.exists() else program("rabbitmq", "rabbitmq-server")
        entry = self.folder / "docker-entrypoint.sh"
        entry.write_text(f'#!/bin/sh\ncommand="$1"\nshift\nexec {server.parent}/"$command" "$@"\n')
        entry.chmod(entry.stat().st_mode | stat.S_IXUSR)
        amqp, distribution, tools, epmd = _free(4)
        stack = declared(ENVIRONMENT)
        conf = text_at(stack, "rabbitmq", CONF).partition("\n# 4.3 denies both")[0]
        own = f"listeners.tcp.1 = 127.0.0.1:{amqp}\ndistribution.listener.interface = 127.0.0.1\n"
        (self.folder / "rabbitmq.conf").write_text(conf.replace(DEFINITIONS, str(self.definitions)) + own)
        (self.folder / "plugins").write_text("[].")
        start = text_at(stack, "rabbitmq", START).replace("/var/lib/rabbitmq", str(self.folder))
        start = start.replace(DEFINITIONS, str(self.definitions)).replace(AS_DECLARED, str(self.mark))
        (self.folder / "start.sh").write_text(start)
        self.environment = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(epmd),
            # Else it stays where a node that ended badly is still known to it.
            "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",
            "RABBITMQ_NODENAME": "trial@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CTL_DIST_PORT_MIN": str(tools),
            "RABBITMQ_CTL_DIST_PORT_MAX": str(tools + 10),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
        }

    @property
    def definitions(self) -> Path:
        return self.folder / "definitions.json"

    @property
    def mark(self) -> Path:
        """What the health check looks for."""
        return self.folder / "as-declared"

    @property
    def log(self) -> str:
        """All that was printed."""
        return (self.folder / "printed").read_text()

    @contextmanager
    def running(self, definitions: dict[str, Any]) -> Iterator[None]:
        """Starts it, and waits until everything is as declared."""
        self.definitions.write_text(json.dumps(definitions))
        self.mark.unlink(missing_ok=True)
        words = ["sh", str(self.folder / "start.sh")]
        with (self.folder / "printed").open("ab") as printed:
            process = subprocess.Popen(words, env=self.environment, stdout=printed, stderr=printed)
        try:
            deadline = time.monotonic() + START_S
            while not self.mark.exists():
                assert process.poll() is None and time.monotonic() < deadline, self.log[-3000:]
                time.sleep(0.5)
            yield
        finally:
            process.terminate()
            process.wait(60)
            # It outlives the node otherwise.
            subprocess.run(["epmd", "-kill"], env=self.environment, capture_output=True, check=False)

    def ctl(self, *words: str) -> str:
        """What ``rabbitmqctl`` says."""
        call = [str(self.folder / "docker-entrypoint.sh"), "rabbitmqctl", "-q", *words]
        done = subprocess.run(
            call, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rights(self) -> set[tuple[str, str, str]]:
        """Who may do something in which virtual host, and what may be read there."""
        found = json.loads(self.ctl("export_definitions", "-"))["permissions"]
        return {(one["user"], one["vhost"], one["read"]) for one in found}


def _free(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
