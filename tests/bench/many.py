"""A stack of many services: in tens, each of one routed server and nine clients that read a config and a secret.

By itself, ``many.py COUNT OUT`` synthesizes it. In a copy of the repository it is deployed by ``main.py`` of this folder.
"""

import sys

from sprocket_constructs import (
    Access,
    Gateway,
    GeneratedSecret,
    HealthCheck,
    Image,
    Resources,
    Scale,
    SwarmApp,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    SwarmStack,
    UpdatePolicy,
)

IMAGE = Image(name="example.org/service", tag="1", digest="sha256:" + "0" * 64)
PREFIX = "sprocket-bench-"


def service(stack: SwarmStack, number: int, *, image: Image, scale: Scale) -> SwarmService:
    """One service."""
    return SwarmService(
        stack,
        f"service-{number}",
        name=f"{PREFIX}service-{number}",
        image=image,
        health=HealthCheck.http(3000),
        resources=Resources(
            cpu_limit=0.1, memory_limit="64MiB", cpu_reservation=0.01, memory_reservation="16MiB"
        ),
        update=UpdatePolicy.start_first(),
        scale=scale,
        listens={"http": 3000},
    )


def build(stack: SwarmStack, count: int, *, image: Image = IMAGE, scale: Scale = Scale()) -> None:
    """All of it.

    Args:
        scale: of every service.
    """
    gateway = Gateway(stack, "gateway", name=f"{PREFIX}edge")
    password = GeneratedSecret(stack, "password", name=f"{PREFIX}password")
    for first in range(0, count, 10):
        server = service(stack, first, image=image, scale=scale)
        server.expose_via(gateway, host=f"s{first}.example.org", access=Access.public(because="a benchmark"))
        for number in range(first + 1, min(first + 10, count)):
            client = service(stack, number, image=image, scale=scale)
            endpoint = client.connect_to(server)
            config = SwarmConfig(
                client, "config", name=f"{PREFIX}config-{number}", content=f"at: {endpoint}\n"
            )
            client.reads(config, at="/config")
            secret = SwarmSecret(
                client, "secret", name=f"{PREFIX}secret-{number}", content=f"password: {password}\n"
            )
            client.reads(secret, at="/run/secrets/password")


def main() -> None:
    """Synthesizes it."""
    app = SwarmApp(outdir=sys.argv[2])
    build(SwarmStack(app, "many", docker_host="unix:///var/run/docker.sock"), int(sys.argv[1]))
    app.synth()


if __name__ == "__main__":
    main()
