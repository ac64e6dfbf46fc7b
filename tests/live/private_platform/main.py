"""One service whose image a registry gives away with a login only. It stands in a copy of the repository, in place of main.py there."""

import os
from pathlib import Path

from sprocket_constructs import (
    Construct,
    HealthCheck,
    Image,
    LocalBackend,
    Resources,
    SuppliedSecret,
    SwarmApp,
    SwarmService,
    SwarmStack,
    UpdatePolicy,
)

from layers.loading import load_environment

NAME, TAG, DIGEST = os.environ["TRY_PRIVATE"].split()


def build(stack: SwarmStack) -> None:
    """The service, and the login of the environment's file."""
    login = load_environment("local").platform.login
    assert login is not None
    token = SuppliedSecret(stack, "token", name="registry-token", description="may read packages")
    stack.logs_in(registry=login.registry, user=login.user, token=token)
    app = SwarmService(
        Construct(stack, "platform"),
        "app",
        name="try-app",
        image=Image(name=NAME, tag=TAG, digest=DIGEST),
        command=("redis-server", "--port", "6379", "--protected-mode", "no", "--save", ""),
        listens={"redis": 6379},
        health=HealthCheck.command("redis-cli", "ping").every(
            "2s", timeout="3s", retries=3, start_period="10s"
        ),
        resources=Resources(
            cpu_limit=0.5, memory_limit="64MiB", cpu_reservation=0.01, memory_reservation="16MiB"
        ),
        update=UpdatePolicy.stop_first().watched_for("5s"),
    )
    app.publishes(int(os.environ["TRY_PORT"]), target="redis")
    # A port of the host leads nowhere while all networks of the task are internal.
    app.reaches_internet(because="a test asks it through a port of its host")


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
