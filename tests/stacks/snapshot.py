"""A stack in a form that people can review: sorted, without what differs by machine or by image build."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from tests.stacks.synthesis import Synthesized

_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64}|unresolved)$")


def as_json(found: Synthesized[Any]) -> str:
    """Terraform's JSON without backend and versions, digests left out, configs as the text that they are.

    Digests are left out because each image bump would be a diff of every snapshot; the policy tests look at them.
    """
    document = {key: value for key, value in found.document.items() if key not in ("//", "terraform")}
    return json.dumps(_readable(document), indent=1, sort_keys=True) + "\n"


def as_tree(found: Synthesized[Any]) -> str:
    """Every construct's path and class. A path is part of Terraform's address: moving one is a destroy and a create."""
    root = len(found.stack.node.path) + 1
    lines = [f"{each.node.path[root:]} {type(each).__name__}" for each in found.stack.node.find_all()]
    return "\n".join(sorted(line for line in lines if not line.startswith(" "))) + "\n"


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        plain = {key: _readable(inner) for key, inner in value.items() if key != "//"}
        data = plain.get("data")
        if isinstance(data, str) and "${" not in data:
            plain["data"] = base64.b64decode(data).decode().splitlines()
        if "user_data" in plain:
            # The text is the node layer's, which has tests of its own; each edit of it would be a diff of every snapshot.
            plain["user_data"] = "by layers/node"
        return plain
    if isinstance(value, list):
        return [_readable(inner) for inner in value]
    return _DIGEST.sub("@digest", value) if isinstance(value, str) else value
