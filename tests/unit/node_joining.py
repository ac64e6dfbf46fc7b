"""A machine on which sprocket-join runs: peers answer by a fake ssh, names by a fake resolver."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tests.serving import serving
from tests.unit.node_scene import DOMAIN, MANAGERS, Scene

TOKEN = "SWMTKN-1-3x-secret"
SECOND, THIRD = MANAGERS[1:]
DOCKER = f"""
case "$*" in
    info*) cat $state/swarm 2>/dev/null ;;
    "swarm init"*) echo '{{"LocalNodeState":"active","NodeID":"new"}}' >$state/swarm; echo "join with {TOKEN}" ;;
    "swarm leave"*) echo '{{"LocalNodeState":"inactive","NodeID":""}}' >$state/swarm ;;
esac
"""
# The last but one argument is user@host; the answer stands in a file of that host and verb.
SSH = """
for word; do host=$words; words=$word; done
file=$state/peer.${host#join@}.${words%% *}
[ -e $file ] || { echo "ssh: connect to host ${host#join@} port 22: Connection timed out" >&2; exit 255; }
cat $file
"""
# `socket.getaddrinfo` of the script: names of tests are in no DNS.
RESOLVER = """
import os, socket
real = socket.getaddrinfo
def getaddrinfo(name, *rest, **named):
    for line in open(os.environ["NAMES"]):
        if line.split()[0] == name:
            if line.split()[1][0].isdigit():
                return [(2, 1, 6, "", (address, 22)) for address in line.split()[1].split(",")]
            raise socket.gaierror(getattr(socket, line.split()[1]), "")
    return [] if name.endswith(".test") else real(name, *rest, **named)
socket.getaddrinfo = getaddrinfo
"""


class Metadata(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.path == "/metadata/v1/interfaces/private/0/ipv4/address"
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(b"10.124.0.9" if known else b"")

    def log_message(self, format: str, *args: object) -> None:
        """Tests print nothing."""


@contextmanager
def joining(folder: Path) -> Iterator[Scene]:
    """The first of three managers, in no swarm; the others do not answer."""
    scene = Scene(folder)
    scene.fake("docker", DOCKER)
    scene.fake("ssh", SSH)
    scene.fake("admit")
    (scene.state / "swarm").write_text('{"LocalNodeState":"inactive","NodeID":""}')
    (scene.state / "names").write_text("")
    site = scene.state / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(RESOLVER)
    scene.extra |= {
        "PYTHONPATH": str(site),
        "NAMES": str(scene.state / "names"),
        "SPROCKET_ADMIT": str(scene.bin / "admit"),
    }
    with serving(HTTPServer(("127.0.0.1", 0), Metadata)) as server:
        scene.extra["SPROCKET_METADATA"] = f"http://127.0.0.1:{server.server_port}"
        yield scene


def peer(scene: Scene, name: str, **answers: str) -> None:
    for verb, answer in answers.items():
        (scene.state / f"peer.{name}.{verb}").write_text(answer + "\n")


def names(scene: Scene, answer: str, *unknown: str) -> None:
    (scene.state / "names").write_text("".join(f"{name} {answer}\n" for name in unknown))


def published(scene: Scene, *addresses: str) -> None:
    with (scene.state / "names").open("a") as file:
        file.write(f"managers.nodes.{DOMAIN} {','.join(addresses)}\n")


def join(scene: Scene) -> subprocess.CompletedProcess[str]:
    run = scene.run("sprocket-join")
    assert TOKEN not in run.stdout + run.stderr
    assert not any(TOKEN in call for call in scene.calls)
    assert not run.stderr, run.stderr
    return run


def inits(scene: Scene) -> list[str]:
    return [call for call in scene.calls if "swarm init" in call]
