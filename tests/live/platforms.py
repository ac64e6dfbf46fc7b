"""What the platforms of live tests share: their stack, images that a test names, and a page behind Traefik.

It stands beside them in a copy of the repository (checkout.py), so it knows nothing of the tests.
"""

import os
from collections.abc import Callable, Sequence
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

ROOT = Path(__file__).resolve().parents[2]
SMALL = Resources(cpu_limit=1.0, memory_limit="128MiB", cpu_reservation=0.01, memory_reservation="32MiB")
TINY = Resources(cpu_limit=0.5, memory_limit="64MiB", cpu_reservation=0.01, memory_reservation="16MiB")
HOST = "page.sprocket.localhost"


def image(text: str) -> Image:
    """The image that a test names: repository, tag and digest."""
    name, tag, digest = text.split()
    return Image(name=name, tag=tag, digest=digest)


def traefik(
    ingress: Construct,
    *,
    entry_point: str,
    port: int,
    published: int,
    args: Sequence[str] = (),
    public_middlewares: Sequence[str] = (),
) -> tuple[Gateway, SwarmService]:
    """Traefik of TRY_TRAEFIK, which asks the engine of TRY_ENGINE itself, and the gateway that it answers for.

    Args:
        port, published: of the entry point, inside and on the node.
        args: further ones of its own.
    """
    gateway = Gateway(
        ingress,
        "gateway",
        name="try-edge",
        entry_point=entry_point,
        public_middlewares=tuple(public_middlewares),
    )
    service = SwarmService(
        ingress,
        "traefik",
        name="try-traefik",
        image=image(os.environ["TRY_TRAEFIK"]),
        command=("/entrypoint.sh", "traefik"),
        args=(
            f"--entrypoints.{entry_point}.address=:{port}",
            *args,
            "--ping=true",
            "--providers.swarm.endpoint=unix:///var/run/docker.sock",
            "--providers.swarm.exposedbydefault=false",
            "--providers.swarm.refreshseconds=2",
        ),
        listens={entry_point: port},
        health=HealthCheck.command("traefik", "healthcheck", "--ping").every(
            "2s", timeout="5s", retries=5, start_period="30s"
        ),
        resources=SMALL,
        update=UpdatePolicy.stop_first(),
    )
    service.binds(
        os.environ["TRY_ENGINE"].removeprefix("unix://"),
        at="/var/run/docker.sock",
        read_only=True,
        because="a test: the real one asks a proxy",
    )
    gateway.answered_by(service)
    service.publishes(published, target=entry_point)
    return gateway, service


def page(
    platform: Construct, gateway: Gateway, *, program: str, at: str, command: Sequence[str], stop: Stop
) -> SwarmService:
    """A public page of TRY_PAGE at :data:`HOST`, healthy as soon as it listens on port 3000.

    Args:
        program: Python, and where it is in the container.
    """
    service = SwarmService(
        platform,
        "page",
        name="try-page",
        image=image(os.environ["TRY_PAGE"]),
        command=tuple(command),
        listens={"http": 3000},
        health=HealthCheck.command(
            "python3", "-c", "import socket; socket.create_connection(('127.0.0.1', 3000), 2)"
        ).every("2s", timeout="5s", retries=3, start_period="20s"),
        resources=SMALL,
        update=UpdatePolicy.start_first().watched_for("5s"),
        stop=stop,
    )
    service.reads(SwarmConfig(service, "program", name="try-page-program", content=program), at=at)
    service.expose_via(gateway, host=HOST, access=Access.public(because="a test"))
    return service


def synthesize(build: Callable[[SwarmStack], object]) -> None:
    """Synthesizes local-services for the engine of TRY_ENGINE, its state in the copy, or in the folder TRY_STATE."""
    app = SwarmApp()
    stack = SwarmStack(app, "local-services", docker_host=os.environ["TRY_ENGINE"])
    folder = Path(os.environ.get("TRY_STATE") or ROOT / ".sprocket" / "state")
    LocalBackend(stack, path=str(folder / "local-services.tfstate"))
    build(stack)
    stack.finish()
    if os.environ.get("SPROCKET_POWER") == "off":
        stack.switch_off()
    app.synth()
