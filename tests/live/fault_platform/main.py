"""A platform for deploys that fail: a server that is updated start-first, and a store beside it that asks it all the time.

It stands in a copy of the repository, in place of main.py there. Variables that start with TRY_ change it:
``TRY_VERSION`` is what the server answers, ``TRY_FAULT`` what is wrong with it, ``TRY_SERVER`` an image of its own that has
its program at /serve.
"""

import os

from sprocket_constructs import (
    Construct,
    HealthCheck,
    Image,
    Resources,
    SuppliedSecret,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    SwarmStack,
    UpdatePolicy,
)

from tests.live.platforms import image as named
from tests.live.platforms import synthesize

NAME, TAG, DIGEST = os.environ["TRY_IMAGE"].split()
OWN = os.environ.get("TRY_SERVER", "")
FAULT = os.environ.get("TRY_FAULT", "")
VERSION = os.environ.get("TRY_VERSION", "1")
PORT = int(os.environ.get("TRY_PORT", "0"))
SLOW = os.environ.get("TRY_SLOW", "2")
CLIENTS = int(os.environ.get("TRY_CLIENTS", "0"))


def image(*, exists: bool = True) -> Image:
    """Redis, or a digest that no registry has."""
    return Image(name=NAME, tag=TAG, digest=DIGEST if exists else "sha256:" + "f" * 64)


def image_of_server() -> Image:
    """Its own where it has one."""
    if not OWN:
        return image(exists=FAULT != "digest")
    return named(OWN)


def resources(*, memory: str = "16MiB") -> Resources:
    """Little, unless no node has as much."""
    limit = "64MiB" if memory == "16MiB" else memory
    return Resources(cpu_limit=0.5, memory_limit=limit, cpu_reservation=0.01, memory_reservation=memory)


SERVE = f"""trap "exit 0" TERM
redis-server --port 3000 --protected-mode no --save '' --loglevel warning &
sleep 1
redis-cli -p 3000 set version {VERSION}
wait"""
COMMANDS = {
    "crash": "echo cannot read the settings of version 2; exit 3",
    "memory": "exec tail /dev/zero",
    "late": SERVE.replace("wait", "sleep 5; exit 4"),
}
HEALTH = {"unhealthy": "echo answers 500; exit 1"}


def health(text: str, *, start_period: str = "2s") -> HealthCheck:
    """Quick."""
    return HealthCheck.shell(text).every("1s", timeout="3s", retries=3, start_period=start_period)


def build(stack: SwarmStack) -> None:
    """The store, the server, and services that are slow to come, for who wants to be cut off."""
    data, platform = Construct(stack, "data"), Construct(stack, "platform")
    store = SwarmService(
        data,
        "store",
        name="try-store",
        image=image(),
        health=health("redis-cli -p 6379 ping"),
        resources=resources(),
        update=UpdatePolicy.stop_first().watched_for("5s"),
        listens={"store": 6379},
        command=[
            "/bin/sh",
            "-c",
            "echo no disk; exit 5"
            if FAULT == "dependency"
            else "exec redis-server --save '' --protected-mode no",
        ],
        converges_within=os.environ.get("TRY_WITHIN", "25s"),
    )
    store.reaches_internet(because="a port is published on a way out only")
    if PORT:
        store.publishes(PORT)
    server = SwarmService(
        platform,
        "server",
        name="try-server",
        image=image_of_server(),
        health=health(HEALTH.get(FAULT, "redis-cli -p 3000 get version | grep -q .")),
        resources=resources(memory="1024GiB" if FAULT == "unschedulable" else "16MiB"),
        update=UpdatePolicy.start_first().watched_for("5s"),
        listens={"redis": 3000},
        command=["/serve"] if OWN else ["/bin/sh", "-c", COMMANDS.get(FAULT, SERVE)],
        converges_within=os.environ.get("TRY_WITHIN", "25s"),
    )
    server.connect_to(store)
    server.reads(
        SwarmConfig(server, "conf", name="try-server-conf", content=f"version: {VERSION}\n"), at="/etc/conf"
    )
    if FAULT == "mount":
        server.binds("/of/no/node", at="/data", read_only=True, because="a test")
    if FAULT == "secret":
        key = SuppliedSecret(server, "key", name="try-key", description="a key that nobody gives")
        server.reads(SwarmSecret(server, "file", name="try-key", content=f"{key}\n"), at="/run/secrets/key")
    for number in range(CLIENTS):
        client = SwarmService(
            platform,
            f"client-{number}",
            name=f"try-client-{number}",
            image=image(),
            health=health(
                f"test $(( $(date +%s) - $(stat -c %Y /proc/1) )) -ge {SLOW if number else 1}",
                start_period="50s",
            ),
            resources=resources(),
            update=UpdatePolicy.start_first().watched_for("5s"),
            command=["/bin/sh", "-c", 'trap "exit 0" TERM; while :; do sleep 1; done'],
            converges_within="1m",
        )
        client.connect_to(server)


synthesize(build)
