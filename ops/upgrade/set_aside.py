"""Sets what a store has aside, so that an older version, which cannot open it, starts empty.

A container of the server's own image does it, on the server's node and with its mount: the server must not run meanwhile, and
nothing else has the directory.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import docker.errors
import requests

from ops.errors import OpsError
from ops.lines import text_of
from ops.model.service import Service
from ops.swarm.containers import Tasks

PREFIX = ".set-aside-"
LONGEST_S = 120

# Renames on one file system: at once, however large it is. What earlier tries set aside stays.
_MOVE = """cd "$1"
if command -v flock > /dev/null; then exec 9< .; flock -n 9 || { echo "error: a server has $1 open"; exit 1; }; fi
mkdir "$2"
for path in * .[!.]*; do
    case "$path" in .set-aside-*) continue ;; esac
    if [ -e "$path" ] || [ -L "$path" ]; then mv "$path" "$2/"; fi
done
"""
_REMOVE = f'cd "$1" && rm -rf {PREFIX}*'


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a server that ran has its data.

    Args:
        engine: the API of its node.
        source: volume, or directory of the node.
        at: path in the container.
        image: id of its image.
    """

    engine: Any
    source: str
    at: str
    image: str


def place_of(tasks: Tasks, server: Service) -> Place:
    """Where a running server has its data.

    Raises:
        OpsError: it does not run, or has not exactly one mount of its own.
    """
    container = tasks.container(server.name)
    if container is None:
        raise OpsError(
            f"{server.name} has no running task, so where its data is cannot be told",
            fix=f"docker service ps --no-trunc {server.name} says why",
        )
    engine = tasks.engine(container)
    about = engine.inspect_container(container)
    own = _directory(server)
    (mount,) = [each for each in about["Mounts"] if each["Destination"] == own]
    return Place(engine=engine, source=mount.get("Name") or mount["Source"], at=own, image=about["Image"])


def set_aside(place: Place, version: str) -> str:
    """Moves everything into a directory beside it, and returns the directory's name.

    Raises:
        OpsError: a server has it open, or the container failed.
    """
    name = f"{PREFIX}{version}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
    try:
        config = place.engine.create_host_config(binds=[f"{place.source}:{place.at}"], network_mode="none")
        made = place.engine.create_container(
            place.image,
            entrypoint=["/bin/sh", "-euc", _MOVE, "set-aside", place.at, name],
            command=[],
            user="0:0",
            host_config=config,
        )
        try:
            place.engine.start(made["Id"])
            code = place.engine.wait(made["Id"], timeout=LONGEST_S)["StatusCode"]
            said = text_of(place.engine.logs(made["Id"])).strip()
        finally:
            place.engine.remove_container(made["Id"], force=True)
    except (docker.errors.APIError, requests.RequestException) as error:
        raise OpsError(f"what is in {place.at} was not set aside: {error}") from None
    if code:
        raise OpsError(f"what is in {place.at} was not set aside: {said}")
    return name


def remove(tasks: Tasks, server: Service) -> None:
    """Removes all that was set aside of a running server's data."""
    container = tasks.container(server.name)
    if container is None:
        raise OpsError(f"{server.name} has no running task; what was set aside stays")
    done = tasks.run(container, "/bin/sh", "-euc", _REMOVE, "remove", _directory(server))
    if done.code:
        raise OpsError(f"what was set aside of {server.name} was not removed: {done.output.strip()}")


def _directory(server: Service) -> str:
    own = [
        mount.target
        for mount in server.mounts
        if not mount.read_only and (mount.type == "volume" or mount.source.startswith("/mnt/"))
    ]
    if len(own) != 1:
        raise OpsError(
            f"{server.name} has {len(own)} directories of its own, and not one: {', '.join(own) or 'none'}"
        )
    return own[0]
