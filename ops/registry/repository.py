"""Where an image's name leads."""

from __future__ import annotations

from dataclasses import dataclass

HUB = "registry-1.docker.io"
"""Docker Hub, whose name no image's name carries."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """Where an image's name leads: ``redis`` is library/redis on Docker Hub."""

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
        """Root of its API; loopback speaks plain HTTP."""
        return f"{'http' if self.is_loopback else 'https'}://{self.host}/v2/{self.path}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return self.host.split(":")[0] in ("127.0.0.1", "localhost")
