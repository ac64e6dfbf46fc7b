"""The registry and the repository of an image's name."""

from __future__ import annotations

from dataclasses import dataclass

HUB = "registry-1.docker.io"
"""Docker Hub, the registry of names without a host."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository in a registry: ``redis`` is library/redis on Docker Hub."""

    host: str
    path: str

    @classmethod
    def of(cls, name: str) -> Repository:
        """From a name in familiar form."""
        first, slash, rest = name.partition("/")
        if slash and ("." in first or ":" in first or first == "localhost"):
            return cls(host=first, path=rest)
        return cls(host=HUB, path=name if slash else f"library/{name}")

    @property
    def url(self) -> str:
        """Root URL of its API; plain HTTP on loopback."""
        return f"{'http' if self.is_loopback else 'https'}://{self.host}/v2/{self.path}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return self.host.split(":")[0] in ("127.0.0.1", "localhost")
