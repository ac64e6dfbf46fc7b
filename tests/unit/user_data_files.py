"""Reads user data as a node gets it from Terraform, for the tests of its text."""

from __future__ import annotations

import base64
import re
from typing import Any

from ruamel.yaml import YAML

VALUES = {
    f"tls_private_key.{name}.{half}_key_openssh": text
    for name in ("host", "host_of_workers", "join_manager", "join_worker")
    for half, text in (
        (
            "private",
            f"-----BEGIN OPENSSH PRIVATE KEY-----\n{name}\nsecond: line\n-----END OPENSSH PRIVATE KEY-----\n",
        ),
        ("public", f"ssh-ed25519 AAAA{name}\n"),
    )
} | {"var.mesh": "tskey-auth-x", "var.ssh_key_ci": "ssh-ed25519 AAAAci ci\n"}
WORKER = {"name": "test-work-1", "pool": "work", "role": "worker", "is_first": False}


def evaluated(text: str) -> str:
    """What Terraform makes of the template: escapes undone, the two functions that we use applied."""

    def value(match: re.Match[str]) -> str:
        if match[0] in ("$${", "%%{"):
            return match[0][1:]
        assert not match[0].startswith("%{"), "a directive that nobody meant"
        function, _, rest = match[1].partition("(")
        plain = VALUES[rest.removesuffix(")")]
        return base64.b64encode(plain.encode()).decode() if function == "base64encode" else plain.strip()

    return re.sub(r"\$\$\{|%%\{|%\{|\$\{([^}]*)\}", value, text)


def config(text: str) -> dict[str, Any]:
    loaded = YAML(typ="safe").load(evaluated(text))
    assert isinstance(loaded, dict)
    return loaded


def files(text: str) -> dict[str, dict[str, str]]:
    return {entry["path"]: entry for entry in config(text)["write_files"]}


def content(entry: dict[str, str]) -> str:
    return base64.b64decode(entry["content"]).decode() if entry.get("encoding") == "b64" else entry["content"]
