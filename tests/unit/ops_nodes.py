"""The nodes of rehearsal-4, and a target that stands for it, for the tests of ops."""

from __future__ import annotations

from pathlib import Path

from layers.cloud.nodes import nodes_of
from layers.loading import load_environment
from ops.terraform.target import Target
from tests.unit.ops_cloud import cloud

SETTINGS = load_environment("rehearsal-4")
NODES = {node.pool: node for node in nodes_of(SETTINGS)}


def target(tmp_path: Path = Path("/nowhere")) -> Target:
    return Target(settings=SETTINGS, stack=SETTINGS.cloud_stack, document=cloud(), folder=tmp_path)
