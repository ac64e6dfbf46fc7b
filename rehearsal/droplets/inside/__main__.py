"""The supervisor: starts all services of the internet container, and stops when one of them stops."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import urllib.request
from pathlib import Path

from . import dns, metadata
from .watched import Watched

STATE = Path("/var/lib/internet")  # written by the box
REGISTRY_DATA = Path("/var/lib/registry")  # of the machine's registry, read-only
SPACES_DATA = Path("/var/lib/spaces")
WATCH_SECONDS = 0.2
REGISTRY_CONFIG = """version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {data}}}
  maintenance: {{readonly: {{enabled: true}}}}
http: {{addr: "{address}:{port}"}}
"""


def main() -> None:
    """Starts all services; the box sets their addresses in environment variables."""
    own, link_local = os.environ["ADDRESS"], os.environ["METADATA"]
    backplane, port = os.environ["BACKPLANE"], os.environ["REGISTRY_PORT"]
    for address in (link_local, backplane):
        subprocess.run(["ip", "address", "replace", f"{address}/32", "dev", "eth0"], check=True, timeout=10)
    config = Path("/etc/registry.yml")
    config.write_text(REGISTRY_CONFIG.format(data=REGISTRY_DATA, address=backplane, port=port))
    asyncio.run(_run(own, link_local, str(config)))


async def _run(own: str, link_local: str, registry: str) -> None:
    await dns.serve(own, 53, Watched(STATE / "zones.json"))
    await metadata.serve(link_local, 80, Watched(STATE / "metadata.json"))
    store = await asyncio.create_subprocess_exec(*_spaces(own))
    images = await asyncio.create_subprocess_exec("docker-registry", "serve", registry)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    tasks = [
        asyncio.create_task(one)
        for one in (stopping.wait(), store.wait(), images.wait(), _keep_keys(own, store))
    ]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for child in (store, images):
        if child.returncode is None:
            child.kill()  # all is thrown away with the box
    raise SystemExit(0 if stopping.is_set() else 1)


def _spaces(own: str) -> list[str]:
    domains = ",".join(f"{region}.{os.environ['SPACES']}" for region in os.environ["REGIONS"].split(","))
    return [
        "weed", "-logtostderr=true", "-v=0", "server", f"-dir={SPACES_DATA}",
        "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-master.volumeSizeLimitMB=256",
        "-master.electionTimeout=1s", "-volume.max=0", "-filer", "-s3", f"-s3.ip.bind={own}", "-s3.port=80",
        f"-s3.config={STATE / 'spaces.json'}", "-s3.iam=false", f"-s3.domainName={domains}",
        "-s3.autoCreateBucket=false", "-s3.allowDeleteBucketNotEmpty=false", "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ]  # fmt: skip


async def _keep_keys(own: str, store: asyncio.subprocess.Process) -> None:
    """Makes the store read its keys again when they change; before it listens, the signal would end it."""
    keys = Watched(STATE / "spaces.json")
    assert keys.value
    while not await asyncio.to_thread(_answers, f"http://{own}/healthz"):
        await asyncio.sleep(WATCH_SECONDS)
    while store.returncode is None:
        if keys.changed() and keys.value:
            store.send_signal(signal.SIGHUP)
        await asyncio.sleep(WATCH_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    main()
