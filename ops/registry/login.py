"""Logins for registries: given ones, then those of ``docker login``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from docker.auth import load_config
from docker.errors import DockerException

from ops.registry.repository import HUB, Repository


@dataclass(frozen=True, kw_only=True)
class Login:
    """A user and a password or token; ``origin`` is their source, for messages."""

    user: str
    password: str
    origin: str

    def __repr__(self) -> str:
        return f"Login(user={self.user!r}, origin={self.origin!r})"


class Logins:
    """Logins by registry. Those of docker come from its configuration or its credential helper."""

    def __init__(self, given: Mapping[str, Login]) -> None:
        self._given = given

    def of(self, repository: Repository) -> Login | None:
        """The login for a repository; ``None`` without one."""
        host = repository.host
        if host in self._given:
            return self._given[host]
        try:
            stored = load_config().resolve_authconfig("docker.io" if host == HUB else host)
        except (DockerException, OSError, ValueError):
            return None
        words = {key.lower(): str(value) for key, value in (stored or {}).items() if value}
        if not {"username", "password"} <= words.keys():
            return None
        return Login(user=words["username"], password=words["password"], origin="docker login")
