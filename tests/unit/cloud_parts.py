"""Small cloud stacks for tests: declare, synthesize, look at the JSON that Terraform would get."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from sprocket_constructs import (
    CloudStack,
    Droplet,
    DropletKind,
    DropletPool,
    Firewall,
    NodeTag,
    PrivateNetwork,
    RootKey,
    SwarmApp,
)

from tests.synthesis import Json

KIND = DropletKind(size="s-2vcpu-4gb", image="debian-12-x64")


def new_cloud() -> CloudStack:
    """An empty stack in an app of its own."""
    return CloudStack(SwarmApp(outdir=tempfile.mkdtemp(prefix="sprocket-cloud-")), "test")


def document_of(stack: CloudStack) -> Json:
    """The stack as Terraform reads it."""
    app = stack.node.root
    assert isinstance(app, SwarmApp)
    app.synth()
    document: Json = json.loads((Path(app.outdir) / "stacks" / stack.node.id / "cdk.tf.json").read_text())
    return document


def resource(stack: CloudStack, kind: str, name: str) -> Json:
    """One resource by its address in Terraform, without cdktf's metadata."""
    found = document_of(stack)["resource"].get(kind, {})
    assert name in found, f"there is no {kind}.{name}; there are {', '.join(sorted(found))}"
    return {key: value for key, value in found[name].items() if key != "//"}


class Ground:
    """What a droplet needs around it."""

    def __init__(self, stack: CloudStack) -> None:
        self.stack = stack
        self.network = PrivateNetwork(stack, "network", name="test", region="fra1", addresses="10.20.0.0/20")
        self.tag = NodeTag(stack, "nodes", name="test")
        self.firewall = Firewall(stack, "firewall", name="test", protects=self.tag)
        self.key = RootKey(stack, "root_key", name="test-root")

    def options(self, **options: Any) -> dict[str, Any]:
        least = {
            "kind": KIND,
            "network": self.network,
            "root_key": self.key,
            "firewalls": [self.firewall],
            "tags": [self.tag],
        }
        return {**least, **options}

    def droplet(self, id_: str = "one", **options: Any) -> Droplet:
        return Droplet(
            self.stack, id_, **self.options(**{"name": id_, "user_data": "#cloud-config\n", **options})
        )

    def pool(self, id_: str, **options: Any) -> DropletPool:
        least = {"name": f"test-{id_}", "count": 1, "user_data": lambda number: f"#cloud-config {number}\n"}
        return DropletPool(self.stack, id_, **self.options(**{**least, **options}))
