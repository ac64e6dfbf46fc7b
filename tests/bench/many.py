"""A stack of many services: in tens, each of one routed server and nine clients that read a config and a secret."""

import sys

from sprocket_constructs import (
    Access,
    Gateway,
    GeneratedSecret,
    HealthCheck,
    Image,
    Resources,
    SwarmApp,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    SwarmStack,
    UpdatePolicy,
)

IMAGE = Image(name="example.org/service", tag="1", digest="sha256:" + "0" * 64)
SMALL = Resources(cpu_limit=0.1, memory_limit="64MiB", cpu_reservation=0.01, memory_reservation="16MiB")


def service(stack: SwarmStack, number: int) -> SwarmService:
    """One service."""
    return SwarmService(
        stack,
        f"service-{number}",
        image=IMAGE,
        health=HealthCheck.http(3000),
        resources=SMALL,
        update=UpdatePolicy.start_first(),
        listens={"http": 3000},
    )


def build(app: SwarmApp, count: int) -> None:
    """The whole stack."""
    stack = SwarmStack(app, "many", docker_host="unix:///var/run/docker.sock")
    gateway = Gateway(stack, "gateway")
    password = GeneratedSecret(stack, "password", name="password")
    server = service(stack, 0)
    for number in range(count):
        if number % 10 == 0:
            server = server if number == 0 else service(stack, number)
            server.expose_via(
                gateway, host=f"s{number}.example.org", access=Access.public(because="a benchmark")
            )
            continue
        client = service(stack, number)
        endpoint = client.connect_to(server)
        client.reads(
            SwarmConfig(client, "config", name=f"config-{number}", content=f"at: {endpoint}\n"), at="/config"
        )
        secret = SwarmSecret(client, "secret", name=f"secret-{number}", content=f"password: {password}\n")
        client.reads(secret, at="/run/secrets/password")


app = SwarmApp(outdir=sys.argv[2])
build(app, int(sys.argv[1]))
app.synth()
