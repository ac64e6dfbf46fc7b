"""Looks up digests of tags in container registries (OCI distribution API, version 2)."""

from __future__ import annotations

import base64
import difflib
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal

import httpx

from ops.errors import OpsError
from ops.http_retry import PASSING, send_with_retries
from ops.registry.login import Login, Logins
from ops.registry.repository import Repository

TIMEOUT_S = 20.0
PAUSES_S = (1.0, 4.0, 10.0)
"""Between attempts, where a registry does not say how long to wait."""
PLATFORM = "linux/amd64"
"""The platform of our nodes."""

_TOO_MANY = 429
_TAGS_PER_PAGE = 1000
_TAG_PAGES = 50
_NEARBY = 5
_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')

Verdict = Literal["unknown tag", "needs login", "unreachable", "other platform", "refused"]


class RegistryError(OpsError):
    """Why there is no digest: a verdict, and a sentence that names the registry."""

    def __init__(self, verdict: Verdict, problem: str) -> None:
        self.verdict: Verdict = verdict
        super().__init__(problem)


class ImageGone(RegistryError):
    """The registry let the login in, and has no such image (any more)."""


class Registries:
    """Looks tags up, remembering tokens and which registries do not answer.

    Args:
        logins: by registry; they take precedence over those of ``docker login`` on this machine.
        sleep: waits that many seconds before another attempt; for tests.
    """

    def __init__(
        self,
        logins: Mapping[str, Login] | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = httpx.Client(timeout=TIMEOUT_S, follow_redirects=True, transport=transport)
        self._logins = Logins(logins or {})
        self._sleep = sleep
        self._authorization: dict[Repository, str] = {}
        self._silent: dict[str, str] = {}

    def __enter__(self) -> Registries:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def digest(self, name: str, tag: str) -> str:
        """The digest of a tag now: that of the image index, if there is one, which must have our platform.

        Raises:
            RegistryError: there is no digest, or no image for our nodes; the verdict says which.
        """
        repository = Repository.of(name)
        answer = self._ask(repository, f"{repository.url}/manifests/{tag}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise RegistryError("unknown tag", self._similar_tags(repository, tag))
        self._expect_ok(repository, answer)
        digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
        told = answer.headers.get("Docker-Content-Digest", digest)
        if told != digest:
            raise RegistryError(
                "refused", f"{repository.host} reports digest {told}, but its content has {digest}"
            )
        self._expect_our_platform(repository, _parsed(repository, answer))
        return digest

    def has(self, name: str, digest: str) -> bool:
        """Whether the registry still has that digest, so that it can be pulled."""
        repository = Repository.of(name)
        answer = self._ask(repository, f"{repository.url}/manifests/{digest}", method="HEAD")
        return answer.status_code == httpx.codes.OK

    def lets_pull(self, name: str, reference: str) -> bool | None:
        """Whether the login may read an image; ``None`` where everybody may, and the registry did not ask for it.

        Args:
            reference: a digest or a tag.

        Raises:
            ImageGone: the registry does not have it, which says nothing about the login.
            RegistryError: the registry cannot be reached, or says neither.
        """
        repository = Repository.of(name)
        answer = self._ask(repository, f"{repository.url}/manifests/{reference}", method="HEAD")
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            return False
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise ImageGone("refused", f"{repository.host} has no image {name} {reference} any more")
        self._expect_ok(repository, answer)
        return True if repository in self._authorization else None

    # -- what a manifest says ------------------------------------------------------------------------------

    def _expect_our_platform(self, repository: Repository, manifest: Mapping[str, Any]) -> None:
        if "manifests" not in manifest:
            config = str(manifest.get("config", {}).get("digest"))
            answer = self._ask(repository, f"{repository.url}/blobs/{config}")
            self._expect_ok(repository, answer)
            self._expect_in(repository, {_platform(_parsed(repository, answer))})
            return
        offered = {
            _platform(entry.get("platform") or {}): entry.get("digest") for entry in manifest["manifests"]
        }
        self._expect_in(repository, set(offered))
        ours = f"{repository.url}/manifests/{offered[PLATFORM]}"
        if self._ask(repository, ours, method="HEAD").status_code == httpx.codes.NOT_FOUND:
            raise RegistryError(
                "other platform", f"{repository.host} lists {PLATFORM} for the tag, but does not have it"
            )

    @staticmethod
    def _expect_in(repository: Repository, offered: set[str]) -> None:
        if PLATFORM not in offered:
            have = ", ".join(sorted(offered - {"unknown/unknown"})) or "no platform"
            raise RegistryError(
                "other platform", f"{repository.host} has the tag for {have}, not for {PLATFORM}"
            )

    def _similar_tags(self, repository: Repository, tag: str) -> str:
        host = repository.host
        try:
            tags = self._tags(repository)
        except RegistryError as error:
            return f"{host} does not know the tag, and does not list its tags: {error.problem}"
        if tags is None:
            return f"{host} has no repository {repository.path}"
        if not tags:
            return f"{host} does not know the tag, nor any other of {repository.path}"
        near = difflib.get_close_matches(tag, tags, n=_NEARBY, cutoff=0.7)
        if near:
            return f"{host} does not know the tag; similar tags: {', '.join(near)}"
        return (
            f"{host} does not know the tag, nor a similar one; the last of its {len(tags)} tags: "
            + ", ".join(tags[-_NEARBY:])
        )

    def _tags(self, repository: Repository) -> list[str] | None:
        """All tags, from all pages; ``None`` if there is no such repository."""
        found: list[str] = []
        url = httpx.URL(f"{repository.url}/tags/list", params={"n": _TAGS_PER_PAGE})
        for _ in range(_TAG_PAGES):
            answer = self._ask(repository, str(url))
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            self._expect_ok(repository, answer)
            found += _parsed(repository, answer).get("tags") or []
            following = answer.url.join(answer.links.get("next", {}).get("url", ""))
            if following == answer.url or following.host != answer.url.host:
                break
            url = following
        return found

    # -- asking --------------------------------------------------------------------------------------------

    def _ask(self, repository: Repository, url: str, *, method: str = "GET") -> httpx.Response:
        """The answer to a request, after signing in if the registry asks for that."""
        host = repository.host
        if host in self._silent:
            raise RegistryError("unreachable", self._silent[host])
        try:
            answer = self._send(method, url, headers=self._headers(repository))
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                challenge = answer.headers.get("WWW-Authenticate", "")
                authorization = self._sign_in(repository, challenge)
                if authorization:
                    self._authorization[repository] = authorization
                    answer = self._send(method, url, headers=self._headers(repository))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._silent[host] = f"{host} cannot be reached: {_short(error)}"
            raise RegistryError("unreachable", self._silent[host]) from None
        return answer

    def _headers(self, repository: Repository) -> dict[str, str]:
        known = self._authorization.get(repository)
        return {"Accept": _ACCEPT, **({"Authorization": known} if known else {})}

    def _send(self, method: str, url: str, **options: Any) -> httpx.Response:
        return send_with_retries(
            lambda: self._client.request(method, url, **options),
            pauses_s=PAUSES_S,
            sleep=self._sleep,
            final=(httpx.ConnectError,),
        )

    def _sign_in(self, repository: Repository, challenge: str) -> str | None:
        """The Authorization header for the repository; anonymous without a login."""
        scheme, _, rest = challenge.partition(" ")
        parts = dict(_CHALLENGE.findall(rest))
        login = self._logins.of(repository)
        if scheme.lower() == "basic" and login:
            return f"Basic {base64.b64encode(f'{login.user}:{login.password}'.encode()).decode()}"
        realm = parts.get("realm", "")
        if scheme.lower() != "bearer" or not (realm.startswith("https://") or repository.is_loopback):
            return None
        asked = {"scope": f"repository:{repository.path}:pull"} | {
            key: parts[key] for key in ("service", "scope") if key in parts
        }
        auth = (login.user, login.password) if login else None
        answer = self._send("GET", realm, params=asked, auth=auth)
        if answer.status_code in PASSING:
            self._expect_ok(repository, answer)
        if answer.status_code != httpx.codes.OK:
            return None
        granted = _parsed(repository, answer)
        token = granted.get("token") or granted.get("access_token")
        return f"Bearer {token}" if token else None

    def _expect_ok(self, repository: Repository, answer: httpx.Response) -> None:
        code, host = answer.status_code, repository.host
        if code == httpx.codes.OK:
            return
        if code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise RegistryError("needs login", self._who_may(repository, code))
        if code == _TOO_MANY:
            raise RegistryError(
                "refused",
                f"{host} received too many requests from this address; try later, or run docker login",
            )
        raise RegistryError("refused", f"{host} answers HTTP {code}")

    def _who_may(self, repository: Repository, code: int) -> str:
        host, login = repository.host, self._logins.of(repository)
        if login:
            return (
                f"{host} refuses {login.user} (HTTP {code}, {login.origin}): the login is wrong, it may not read "
                f"{repository.path}, or there is no such repository"
            )
        return (
            f"{host} requires a login for {repository.path} (HTTP {code}), or there is no such repository: "
            f"docker login {host}, or platform/login in the environment's file and TF_VAR_registry_token"
        )


def _parsed(repository: Repository, answer: httpx.Response) -> dict[str, Any]:
    try:
        parsed = answer.json()
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise RegistryError(
            "refused", f"{repository.host} answers {answer.url.path} with something other than a JSON object"
        )
    return parsed


def _platform(of: Mapping[str, Any]) -> str:
    return f"{of.get('os')}/{of.get('architecture')}"


def _short(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
