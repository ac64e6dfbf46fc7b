"""One service whose image a registry gives away with a login only. It stands in a copy of the repository, in place of main.py there."""

import os

from sprocket_constructs import (
    Construct,
    HealthCheck,
    SuppliedSecret,
    SwarmService,
    SwarmStack,
    UpdatePolicy,
)

from layers.loading import load_environment
from tests.live.platforms import TINY, image, synthesize


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
        image=image(os.environ["TRY_PRIVATE"]),
        command=("redis-server", "--port", "6379", "--protected-mode", "no", "--save", ""),
        listens={"redis": 6379},
        health=HealthCheck.command("redis-cli", "ping").every(
            "2s", timeout="3s", retries=3, start_period="10s"
        ),
        resources=TINY,
        update=UpdatePolicy.stop_first().watched_for("5s"),
    )
    app.publishes(int(os.environ["TRY_PORT"]), target="redis")
    # A port of the host leads nowhere while all networks of the task are internal.
    app.reaches_internet(because="a test asks it through a port of its host")


synthesize(build)
