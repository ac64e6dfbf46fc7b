"""Asks container registries for the digest behind a tag (OCI distribution API, version 2)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import httpx

from ops.errors import OpsError

TIMEOUT_S = 20.0
_HUB = "registry-1.docker.io"
_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


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
        return cls(host=_HUB, path=name if slash else f"library/{name}")

    @property
    def url(self) -> str:
        """Root of its API; loopback speaks plain HTTP."""
        plain = self.host.split(":")[0] in ("127.0.0.1", "localhost")
        return f"{'http' if plain else 'https'}://{self.host}/v2/{self.path}"


class Registries:
    """Looks digests up, remembering tokens and which registries do not answer."""

    def __init__(self, transport: httpx.BaseTransport | None = None, logins: Path | None = None) -> None:
        self._client = httpx.Client(timeout=TIMEOUT_S, follow_redirects=True, transport=transport)
        self._logins = logins or Path.home() / ".docker" / "config.json"
        self._silent: dict[str, str] = {}

    def __enter__(self) -> Registries:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def digest(self, name: str, tag: str) -> str:
        """The digest of the manifest (for several platforms: of their list) that a tag means now.

        Raises:
            OpsError: the registry cannot be reached, does not know the tag, or wants a login.
        """
        repository = Repository.of(name)
        if repository.host in self._silent:
            raise OpsError(self._silent[repository.host])
        try:
            answer = self._manifest(repository, tag)
        except httpx.TransportError as error:
            self._silent[repository.host] = f"registry {repository.host} cannot be reached: {_short(error)}"
            raise OpsError(self._silent[repository.host]) from None
        if answer.status_code == 200:
            return (
                answer.headers.get("Docker-Content-Digest")
                or f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
            )
        raise OpsError(_refusal(repository, name, tag, answer))

    def _manifest(self, repository: Repository, tag: str) -> httpx.Response:
        url = f"{repository.url}/manifests/{tag}"
        headers = {"Accept": _ACCEPT}
        answer = self._client.get(url, headers=headers)
        challenge = answer.headers.get("WWW-Authenticate", "")
        if answer.status_code != 401 or not challenge.lower().startswith("bearer "):
            return answer
        token = self._token(repository, dict(_CHALLENGE.findall(challenge)))
        if token is None:
            return answer
        return self._client.get(url, headers={**headers, "Authorization": f"Bearer {token}"})

    def _token(self, repository: Repository, challenge: dict[str, str]) -> str | None:
        """A token for reading; anonymous unless ``docker login`` left a login for this registry."""
        if "realm" not in challenge:
            return None
        asked = {"scope": f"repository:{repository.path}:pull"} | {
            key: challenge[key] for key in ("service", "scope") if key in challenge
        }
        answer = self._client.get(challenge["realm"], params=asked, auth=self._login(repository.host))
        if answer.status_code != 200:
            return None
        granted = answer.json()
        token = granted.get("token") or granted.get("access_token")
        return str(token) if token else None

    def _login(self, host: str) -> tuple[str, str] | None:
        key = "https://index.docker.io/v1/" if host == _HUB else host
        try:
            stored = json.loads(self._logins.read_text())["auths"][key]["auth"]
            user, _, password = base64.b64decode(stored).decode().partition(":")
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return user, password


def _refusal(repository: Repository, name: str, tag: str, answer: httpx.Response) -> str:
    code = answer.status_code
    if code == 404:
        return f"{name}:{tag}: {repository.host} has no such tag"
    if code in (401, 403):
        return f"{name}:{tag}: {repository.host} refuses (HTTP {code}): it is private (docker login), or was deleted"
    if code == 429:
        return f"{name}:{tag}: {repository.host} has too many requests from here; try later, or docker login"
    return f"{name}:{tag}: {repository.host} answers HTTP {code}"


def _short(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
