"""Traefik and one page behind it, updated as the platform updates web. It stands in a copy of the repository, in place of main.py there."""

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
    Stop,
    SwarmApp,
    SwarmConfig,
    SwarmService,
    SwarmStack,
    UpdatePolicy,
)

from layers.platform.web import DRAIN

SMALL = Resources(cpu_limit=1.0, memory_limit="128MiB", cpu_reservation=0.01, memory_reservation="32MiB")
PORT = int(os.environ.get("TRY_PORT", "18080"))
SERVER = Path(__file__).with_name("server.py")


def image(variable: str) -> Image:
    """An image that a test names."""
    name, tag, digest = os.environ[variable].split()
    return Image(name=name, tag=tag, digest=digest)


def build(stack: SwarmStack) -> None:
    """Both services, with the settings of the layers that a rolling update depends on."""
    ingress, platform = Construct(stack, "ingress"), Construct(stack, "platform")
    gateway = Gateway(ingress, "gateway", name="try-edge", entry_point="web")
    traefik = SwarmService(
        ingress,
        "traefik",
        name="try-traefik",
        image=image("TRY_TRAEFIK"),
        command=("/entrypoint.sh", "traefik"),
        args=(
            "--entrypoints.web.address=:80",
            "--ping=true",
            "--providers.swarm.endpoint=unix:///var/run/docker.sock",
            "--providers.swarm.exposedbydefault=false",
            "--providers.swarm.refreshseconds=2",
        ),
        listens={"http": 80},
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
    gateway.answered_by(traefik)
    traefik.publishes(PORT, target="http")
    page = SwarmService(
        platform,
        "page",
        name="try-page",
        image=image("TRY_PAGE"),
        command=(
            "/bin/sh",
            "-c",
            f"trap 'sleep {DRAIN}; kill -TERM $!; wait $!' TERM INT; python3 /server.py & wait $!",
        ),
        listens={"http": 3000},
        health=HealthCheck.command(
            "python3", "-c", "import socket; socket.create_connection(('127.0.0.1', 3000), 2)"
        ).every("2s", timeout="5s", retries=3, start_period="20s"),
        resources=SMALL,
        update=UpdatePolicy.start_first().watched_for("5s"),
        stop=Stop(grace="30s"),
    )
    page.reads(
        SwarmConfig(page, "server", name="try-page-server", content=SERVER.read_text()), at="/server.py"
    )
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
