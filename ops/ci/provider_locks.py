"""Writes and checks the lock files of Terraform's providers (``providers/``, docs/runbooks/ci.md).

python -m ops.ci.provider_locks write    asks the registry; PROVIDER_MIRROR=FOLDER asks a mirror in a folder instead
python -m ops.ci.provider_locks check    1 where a provider is not locked for every platform
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from layers.provider_locks import FOLDER, lock_of
from ops.errors import OpsError
from ops.terraform.runner import program
from ops.terraform.synth import synthesize

PLATFORMS = ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64")
"""Runners and servers; the machines of those who deploy."""
ENVIRONMENT = "prod"
"""Its two stacks have every provider that any environment's have."""
TIMEOUT_S = 600

_ENTRY = re.compile(r'^provider "(?P<source>[^"]+)" \{\n(?P<body>.*?)^\}', re.S | re.M)

Providers = Mapping[str, Mapping[str, str]]
"""A stack's required_providers."""


def required() -> dict[str, Providers]:
    """The providers that each stack asks for."""
    with tempfile.TemporaryDirectory(prefix="sprocket-locks-") as out:
        stacks = synthesize(ENVIRONMENT, out=Path(out)).stacks
    return {name: document["terraform"]["required_providers"] for name, document in stacks.items()}


def write(
    stacks: Mapping[str, Providers],
    *,
    folder: Path = FOLDER,
    platforms: Sequence[str] = PLATFORMS,
    mirror: str | None = None,
) -> None:
    """Asks for the checksums of each stack's providers on each platform, and keeps them.

    Raises:
        OpsError: Terraform could not; the message is its own.
    """
    folder.mkdir(exist_ok=True)
    for stack, providers in stacks.items():
        with tempfile.TemporaryDirectory(prefix="sprocket-locks-") as work:
            document: dict[str, Any] = {"terraform": {"required_providers": providers}}
            Path(work, "main.tf.json").write_text(json.dumps(document))
            words = [
                program(),
                "providers",
                "lock",
                "-no-color",
                *(f"-platform={each}" for each in platforms),
            ]
            words += [f"-fs-mirror={mirror}"] if mirror else []
            run = subprocess.run(
                words, cwd=work, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
            if run.returncode:
                reason = " ".join(line.strip("│╷╵ \t") for line in run.stderr.splitlines()).strip()
                raise OpsError(
                    f"{program()} providers lock of {stack}: {reason}",
                    fix="run it where Terraform's registry is reached",
                )
            lock_of(stack, folder).write_text(Path(work, ".terraform.lock.hcl").read_text())


def problems(
    stacks: Mapping[str, Providers], *, folder: Path = FOLDER, platforms: Sequence[str] = PLATFORMS
) -> list[str]:
    """What is missing, a line each.

    A registry signs one checksum for each archive (``zh:``), whatever the platform; Terraform adds one for each platform
    that was asked for (``h1:``).
    """
    found = []
    for stack, providers in stacks.items():
        file = lock_of(stack, folder)
        if not file.is_file():
            found.append(f"providers/{file.name} is missing: nothing says which providers {stack} may run")
            continue
        locked = {
            entry["source"].partition("/")[2]: entry["body"] for entry in _ENTRY.finditer(file.read_text())
        }
        for provider in providers.values():
            body = locked.get(provider["source"], "")
            checksums = len(set(re.findall(r'"h1:[^"]+"', body)))
            exact = provider["version"].strip()
            if not body:
                found.append(f"providers/{file.name} has no {provider['source']}")
            elif re.fullmatch(r"[\d.]+", exact) and f'"{exact}"' not in body:
                found.append(
                    f"providers/{file.name} has another version of {provider['source']} than {exact}"
                )
            elif checksums < len(platforms):
                found.append(
                    f"providers/{file.name} has {checksums} checksums of {provider['source']}, not one for each of {', '.join(platforms)}"
                )
    return found


def main(words: list[str]) -> int:
    """Runs one of the two."""
    if words not in (["write"], ["check"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        stacks = required()
        if words == ["write"]:
            write(stacks, mirror=os.environ.get("PROVIDER_MIRROR"))
    except OpsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    found = problems(stacks)
    for each in found:
        print(f"error: {each}\n  run make lock-providers where Terraform's registry is reached, and commit providers/", file=sys.stderr)  # fmt: skip
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
