"""Traefik with TLS and one public page, which is healthy whatever it answers. It stands in a copy of the repository, in place of main.py there."""

import os
from pathlib import Path

from sprocket_constructs import (
    Access,
    Construct,
    Gateway,
    HealthCheck,
    Image,
    LocalBackend,
    Resources,
    SwarmApp,
    SwarmConfig,
    SwarmService,
    SwarmStack,
    UpdatePolicy,
)

SMALL = Resources(cpu_limit=1.0, memory_limit="128MiB", cpu_reservation=0.01, memory_reservation="32MiB")
CHAIN = (
    "http:\n  middlewares:\n    public:\n      headers:\n        customResponseHeaders: {x-public: 'yes'}\n"
)
PAGE = """
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(%s)
        self.end_headers()

HTTPServer(("", 3000), Handler).serve_forever()
"""


def image(variable: str) -> Image:
    """An image that a test names."""
    name, tag, digest = os.environ[variable].split()
    return Image(name=name, tag=tag, digest=digest)


def build(stack: SwarmStack) -> None:
    """Both services; TRY_STATUS is what the page answers."""
    ingress, platform = Construct(stack, "ingress"), Construct(stack, "platform")
    gateway = Gateway(
        ingress, "gateway", name="try-edge", entry_point="websecure", public_middlewares=("public@file",)
    )
    traefik = SwarmService(
        ingress,
        "traefik",
        name="try-traefik",
        image=image("TRY_TRAEFIK"),
        command=("/entrypoint.sh", "traefik"),
        args=(
            "--entrypoints.websecure.address=:443",
            "--entrypoints.websecure.http.tls=true",
            "--ping=true",
            "--providers.file.filename=/etc/traefik/chains.yml",
            "--providers.swarm.endpoint=unix:///var/run/docker.sock",
            "--providers.swarm.exposedbydefault=false",
            "--providers.swarm.refreshseconds=2",
        ),
        listens={"https": 443},
        health=HealthCheck.command("traefik", "healthcheck", "--ping").every(
            "2s", timeout="5s", retries=5, start_period="30s"
        ),
        resources=SMALL,
        update=UpdatePolicy.stop_first(),
    )
    traefik.binds(
        os.environ["TRY_ENGINE"].removeprefix("unix://"),
        at="/var/run/docker.sock",
        read_only=True,
        because="a test: the real one asks a proxy",
    )
    traefik.reads(
        SwarmConfig(traefik, "chains", name="try-chains", content=CHAIN), at="/etc/traefik/chains.yml"
    )
    gateway.answered_by(traefik)
    traefik.publishes(443, target="https")
    page = SwarmService(
        platform,
        "page",
        name="try-page",
        image=image("TRY_PAGE"),
        command=("python3", "/page.py"),
        listens={"http": 3000},
        health=HealthCheck.command(
            "python3", "-c", "import socket; socket.create_connection(('127.0.0.1', 3000), 2)"
        ).every("2s", timeout="5s", retries=3, start_period="20s"),
        resources=SMALL,
        update=UpdatePolicy.start_first().watched_for("5s"),
    )
    content = PAGE % os.environ.get("TRY_STATUS", "200")
    page.reads(SwarmConfig(page, "program", name="try-program", content=content), at="/page.py")
    page.expose_via(gateway, host="page.sprocket.localhost", access=Access.public(because="a test"))


def main() -> None:
    """Synthesizes local-services."""
    app = SwarmApp()
    stack = SwarmStack(app, "local-services", docker_host=os.environ["TRY_ENGINE"])
    state = Path(__file__).resolve().parent / ".sprocket" / "state" / "local-services.tfstate"
    LocalBackend(stack, path=str(state))
    build(stack)
    stack.finish()
    if os.environ.get("SPROCKET_POWER") == "off":
        stack.switch_off()
    app.synth()


main()
