"""The "internet" container, from the box's side. See `inside` for what runs there."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rehearsal.emulator import Record

from . import inside
from .addresses import BACKPLANE, INTERNET, METADATA, SPACES
from .engine import LABEL, PREFIX, docker, execute
from .inside.zones import address
from .networks import PUBLIC_NAME

NAME = f"{PREFIX}-internet"
REGIONS = ("ams3", "fra1", "nyc3", "sfo3", "sgp1")
PROGRAMS = Path(inside.__file__).parent


class Internet:
    """Writes what the container serves; the programs inside read each change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._zones: dict[str, list[dict[str, Any]]] = {
            SPACES: [{"type": "A", "name": "*", "data": INTERNET, "ttl": 60}]
        }
        self._metadata: dict[str, Mapping[str, object]] = {}

    @property
    def zones(self) -> dict[str, list[dict[str, Any]]]:
        with self._lock:
            return dict(self._zones)

    def start(
        self, image: str, registry_data: Path, registry_port: int, keys: Sequence[Mapping[str, object]]
    ) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / "resolv.conf").write_text(f"nameserver {INTERNET}\n")
        self._write("zones", self._zones)
        self._write("metadata", self._metadata)
        self.keys(keys)
        registry_data.mkdir(parents=True, exist_ok=True)
        environment = {
            "ADDRESS": INTERNET, "METADATA": METADATA, "BACKPLANE": BACKPLANE, "SPACES": SPACES,
            "REGISTRY_PORT": str(registry_port), "REGIONS": ",".join(REGIONS),
        }  # fmt: skip
        volumes = (
            f"{self._folder}:/var/lib/internet:ro",
            f"{self._folder}/resolv.conf:/etc/resolv.conf:ro",
            f"{PROGRAMS}:/opt/rehearsal/droplets/inside:ro",
            f"{registry_data}:/var/lib/registry:ro",
        )
        docker(
            "run", "--detach", "--name", NAME, "--hostname", "internet", "--label", LABEL,
            "--network", PUBLIC_NAME, "--ip", INTERNET, "--cap-add", "NET_ADMIN", "--tmpfs", "/var/lib/spaces",
            *(word for one in volumes for word in ("--volume", one)),
            *(word for name, value in environment.items() for word in ("--env", f"{name}={value}")), image,
        )  # fmt: skip

    def zone(self, domain: str, records: tuple[Record, ...] | None) -> None:
        with self._lock:
            if records is None:
                self._zones.pop(domain, None)
            else:
                self._zones[domain] = [vars(one) for one in records]
            self._write("zones", self._zones)

    def metadata(self, public_ip: str, document: Mapping[str, object] | None) -> None:
        with self._lock:
            if document is None:
                self._metadata.pop(public_ip, None)
            else:
                self._metadata[public_ip] = document
            self._write("metadata", self._metadata)

    def keys(self, identities: Sequence[Mapping[str, object]]) -> None:
        """Writes the keys of the object storage, in SeaweedFS's format."""
        self._write("spaces", {"identities": list(identities)})

    def resolve(self, name: str) -> str | None:
        """The IPv4 address that the box's DNS gives for a name."""
        return address(self.zones, name.rstrip(".").lower())

    def run(self, *words: str, stdin: str = "", timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return execute(NAME, *words, stdin=stdin, timeout=timeout)

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        path = self._folder / f"{name}.json"
        draft = path.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(content, out)
        draft.replace(path)
