"""Looking digests up, against a registry that is a function."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from ops.errors import OpsError
from ops.images import LockFile, resolve
from ops.registry import Registries, Repository
from tests.unit.ops_fixtures import DIGEST_1, DIGEST_2

Handler = Callable[[httpx.Request], httpx.Response]


def asking(handler: Handler, logins: Path = Path("/nowhere")) -> Registries:
    return Registries(transport=httpx.MockTransport(handler), logins=logins)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("redis", "https://registry-1.docker.io/v2/library/redis"),
        ("grafana/loki", "https://registry-1.docker.io/v2/grafana/loki"),
        ("ghcr.io/sprocketbot/web", "https://ghcr.io/v2/sprocketbot/web"),
        ("127.0.0.1:5000/sprocket/web", "http://127.0.0.1:5000/v2/sprocket/web"),
    ],
)
def test_a_familiar_name_leads_to_its_registry(name: str, url: str) -> None:
    assert Repository.of(name).url == url


def hub(request: httpx.Request) -> httpx.Response:
    """Docker Hub: a token first."""
    if request.url.host == "auth.docker.io":
        assert dict(request.url.params) == {
            "service": "registry.docker.io",
            "scope": "repository:library/redis:pull",
        }
        return httpx.Response(200, json={"token": "t0k"})
    if request.headers.get("Authorization") != "Bearer t0k":
        challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/redis:pull"'
        return httpx.Response(401, headers={"WWW-Authenticate": challenge})
    assert "manifest.list" in request.headers["Accept"]
    return httpx.Response(200, headers={"Docker-Content-Digest": DIGEST_1})


def test_a_token_is_fetched_where_the_registry_asks_for_one() -> None:
    with asking(hub) as registries:
        assert registries.digest("redis", "8.2") == DIGEST_1


def test_a_login_is_used_for_the_token(tmp_path: Path) -> None:
    seen: list[str] = []

    def private(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            seen.append(request.headers["Authorization"])
            return httpx.Response(200, json={"access_token": "t"})
        if "Authorization" not in request.headers:
            return httpx.Response(401, headers={"WWW-Authenticate": 'Bearer realm="https://ghcr.io/token"'})
        return httpx.Response(200, headers={"Docker-Content-Digest": DIGEST_1})

    login = base64.b64encode(b"me:pat").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"ghcr.io": {"auth": login}}}))
    with asking(private, tmp_path / "config.json") as registries:
        assert registries.digest("ghcr.io/org/app", "1") == DIGEST_1
    assert seen == [f"Basic {login}"]


def test_a_digest_that_is_not_told_is_computed() -> None:
    with asking(lambda request: httpx.Response(200, content=b"manifest")) as registries:
        assert registries.digest("x", "1") == f"sha256:{hashlib.sha256(b'manifest').hexdigest()}"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "redis:9: registry-1.docker.io has no such tag"),
        (
            403,
            "redis:9: registry-1.docker.io refuses (HTTP 403): it is private (docker login), or was deleted",
        ),
        (429, "redis:9: registry-1.docker.io has too many requests from here; try later, or docker login"),
        (500, "redis:9: registry-1.docker.io answers HTTP 500"),
    ],
)
def test_a_refusal_says_why(status: int, message: str) -> None:
    with asking(lambda request: httpx.Response(status)) as registries, pytest.raises(OpsError) as caught:
        registries.digest("redis", "9")
    assert str(caught.value) == message


def test_a_registry_that_does_not_answer_is_asked_once() -> None:
    asked: list[str] = []

    def silent(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        raise httpx.ConnectError("no route")

    with asking(silent) as registries:
        for name in ("redis", "postgres"):
            with pytest.raises(OpsError, match=r"registry registry-1.docker.io cannot be reached: no route"):
                registries.digest(name, "1")
    assert len(asked) == 1


LOCK = f"""\
# Pinned.
images:
  redis: {{name: redis, tag: "8.2", digest: unresolved}}
  # Says why.
  minio:
    name: quay.io/minio/minio
    tag: R1
    digest: {DIGEST_2}

application:
  rabbitmq:
    namespace: ghcr.io/org
    tag: v1
    images:
      core: {{digest: unresolved}}
promoted:
  prod:
    redis: {{name: redis, tag: "8.1", digest: unresolved}}
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "images.lock.yaml"
    path.write_text(LOCK)
    return path


def test_only_what_is_unresolved_is_looked_up_and_the_file_keeps_its_look(lock: Path) -> None:
    file = LockFile(lock)
    with asking(
        lambda request: httpx.Response(200, headers={"Docker-Content-Digest": DIGEST_1})
    ) as registries:
        result = resolve(file, registries)
    assert list(result.found) == ["redis:8.2", "ghcr.io/org/core:v1", "redis:8.1"]
    assert file.save()
    assert lock.read_text() == LOCK.replace("unresolved", DIGEST_1)


def test_again_looks_everything_up(lock: Path) -> None:
    with asking(
        lambda request: httpx.Response(200, headers={"Docker-Content-Digest": DIGEST_1})
    ) as registries:
        result = resolve(LockFile(lock), registries, again=True)
    assert result.found["quay.io/minio/minio:R1"] == (DIGEST_2, DIGEST_1)


def test_what_cannot_be_looked_up_stays_unresolved_and_is_never_invented(lock: Path) -> None:
    file = LockFile(lock)
    with asking(lambda request: httpx.Response(404)) as registries:
        result = resolve(file, registries)
    assert result.failed["redis:8.2"] == "redis:8.2: registry-1.docker.io has no such tag"
    assert not file.save()
    assert lock.read_text() == LOCK
