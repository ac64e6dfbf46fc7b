"""The local platform cut down to a few stores and what backs them up, as the layers declare them, and a client of the first that only connects.

It stands in a copy of the repository, in place of main.py there. TRY_STORES names the stores; Redis and Postgres where it is not set.
"""

import copy
import json
import os
from pathlib import Path
from typing import Any

from layers.services import synthesize

STACK = "local-services"
STORES = os.environ.get("TRY_STORES", "redis,postgres").split(",")
OF_EACH = ("", "-backup", "-keeper")
SERVICES = {"backup-sender", "backup-store", *(f"{store}{part}" for store in STORES for part in OF_EACH)}

Block = dict[str, dict[str, Any]]


def cut(document: dict[str, Any]) -> None:
    """Leaves those services, and all that they refer to."""
    resources: dict[str, Block] = document["resource"]
    known = {
        f"{type_}.{name}": values for type_, block in resources.items() for name, values in block.items()
    }
    locals_ = {f"local.{name}": values for name, values in document.get("locals", {}).items()}
    left = [
        address
        for address, values in known.items()
        if not address.startswith("docker_service.") or values["name"] in SERVICES
    ]
    for address in left:
        known[address]["depends_on"] = [
            other for other in known[address].get("depends_on", []) if other in left
        ]
    wanted = [address for address in left if address.startswith("docker_service.")]
    for address in wanted:
        text = json.dumps((known | locals_)[address])
        wanted += [other for other in [*left, *locals_] if other not in wanted and other in text]
    document["resource"] = {
        type_: kept
        for type_, block in resources.items()
        if (kept := {name: values for name, values in block.items() if f"{type_}.{name}" in wanted})
    }
    document["locals"] = {
        name: values for name, values in document.get("locals", {}).items() if f"local.{name}" in wanted
    }


def add_client(services: dict[str, Any], store: str) -> None:
    """A service of the platform on the server's network: what must not run while a copy is read back."""
    name = f"{store}-client"
    job, sender = (
        next(values for values in services.values() if values["name"] == each)
        for each in (f"{store}-backup", "backup-sender")
    )
    client = copy.deepcopy(job)
    client["//"]["metadata"]["path"] = f"{STACK}/platform/main/{name}/Resource"
    client |= {"name": name, "labels": [], "depends_on": []}
    task = client["task_spec"]
    for network in task["networks_advanced"]:
        network.pop("aliases", None)
    task["container_spec"] |= {
        # An image that no change of the store's version touches.
        "image": sender["task_spec"]["container_spec"]["image"],
        "command": ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"],
        "healthcheck": {**task["container_spec"]["healthcheck"], "test": ["CMD", "true"]},
        **{key: [] for key in ("configs", "secrets", "mounts")},
    }
    services[name] = client


def main() -> None:
    """Synthesizes local-services."""
    off = os.environ.get("SPROCKET_POWER") == "off"
    synthesize("local", off=off)
    file = Path("cdktf.out") / "stacks" / STACK / "cdk.tf.json"
    document = json.loads(file.read_text())
    if not off:
        cut(document)
        add_client(document["resource"]["docker_service"], STORES[0])
    file.write_text(json.dumps(document))


main()
