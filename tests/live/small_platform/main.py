"""A platform of two services for live tests of the command line: a store that checks its password, and a page.

It stands in a copy of the repository, in place of main.py there. Variables that start with TRY_ change it.
"""

import json
import os

from sprocket_constructs import (
    Access,
    Construct,
    Gateway,
    GeneratedSecret,
    HealthCheck,
    LocalVolume,
    Lock,
    NoBackup,
    NodeSelector,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    SwarmStack,
    TerraformOutput,
    UpdatePolicy,
)

from tests.live.platforms import HOST, TINY, image, synthesize

IMAGE = image(os.environ["TRY_IMAGE"])
QUICK = HealthCheck.shell("test -s /run/secrets/conf").every(
    "2s", timeout="3s", retries=3, start_period="10s"
)
ON_TERM = "" if os.environ.get("TRY_IGNORES_TERM") else "exit 0"
STORE = f"""trap "{ON_TERM}" TERM
{os.environ.get("TRY_FIRST", "")}
test -f /data/conf || cp /run/secrets/conf /data/conf
cmp /data/conf /run/secrets/conf || {{ echo the data was made with another password; exit 7; }}
while :; do sleep 1; done"""


def build(stack: SwarmStack) -> None:
    """Both services."""
    data, platform = Construct(stack, "data"), Construct(stack, "platform")
    gateway = Gateway(Construct(stack, "ingress"), "gateway", name="try-edge")
    password = GeneratedSecret(data, "password", name="store-password")
    store = SwarmService(
        data,
        "store",
        name="try-store",
        image=IMAGE,
        health=QUICK,
        resources=TINY,
        update=UpdatePolicy.stop_first().watched_for("5s"),
        listens={"store": 6379},
        command=["/bin/sh", "-c", STORE],
        converges_within=os.environ.get("TRY_WITHIN", "1m"),
    )
    secret = SwarmSecret(store, "conf", name="try-store-conf", content=f"requirepass {password}\n")
    store.reads(secret, at="/run/secrets/conf")
    volume = LocalVolume(store, "data", name="try-store", held_by=NodeSelector.managers())
    store.stores(volume, at="/data", backup=NoBackup(because="a test"), lock=Lock.by_shell())
    page = SwarmService(
        platform,
        "page",
        name="try-page",
        image=IMAGE,
        health=HealthCheck.shell("test -s /etc/page.conf").every(
            "2s", timeout="3s", retries=3, start_period="10s"
        ),
        resources=TINY,
        update=UpdatePolicy.start_first().watched_for("5s"),
        listens={"http": 3000},
        command=["/bin/sh", "-c", 'trap "exit 0" TERM; while :; do sleep 1; done'],
    )
    page.connect_to(store)
    page.reads(
        SwarmConfig(page, "conf", name="try-page-conf", content=os.environ.get("TRY_CONF", "a: 1\n")),
        at="/etc/page.conf",
    )
    page.expose_via(gateway, host=HOST, access=Access.public(because="a test"))
    addresses = json.dumps({HOST: "try-page, public"})
    TerraformOutput(stack, "addresses", value=addresses).override_logical_id("addresses")
    if os.environ.get("TRY_SPARE"):
        LocalVolume(data, "spare", name="try-spare", held_by=NodeSelector.managers())
    if os.environ.get("TRY_NETWORK"):
        store.reaches_internet(because="a test")


synthesize(build)
