"""Traefik and one page behind it, updated as the platform updates web. It stands in a copy of the repository, in place of main.py there."""

import os
from pathlib import Path

from sprocket_constructs import Construct, Stop, SwarmStack

from layers.platform.web import DRAIN
from tests.live.platforms import page, synthesize, traefik

PORT = int(os.environ.get("TRY_PORT", "18080"))
SERVER = Path(__file__).with_name("server.py")
COMMAND = f"trap 'sleep {DRAIN}; kill -TERM $!; wait $!' TERM INT; python3 /server.py & wait $!"


def build(stack: SwarmStack) -> None:
    """Both services, with the settings of the layers that a rolling update depends on."""
    gateway, _ = traefik(Construct(stack, "ingress"), entry_point="web", port=80, published=PORT)
    page(
        Construct(stack, "platform"),
        gateway,
        program=SERVER.read_text(),
        at="/server.py",
        command=("/bin/sh", "-c", COMMAND),
        stop=Stop(grace="30s"),
    )


synthesize(build)
