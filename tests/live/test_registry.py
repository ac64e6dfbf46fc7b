"""Looking tags up at a real registry (Debian's docker-registry) on loopback, with a login, tags and lists of platforms."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops.registry.client import Registries, RegistryError
from ops.registry.login import Login
from tests.live.private_registry import USERS, private_registry

pytestmark = pytest.mark.live(needs=["docker-registry"])

USER = "bot"
PASSWORD, _ = USERS[USER]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


class Pusher:
    """Puts images into a registry as any client does."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._client = httpx.Client(base_url=f"http://{host}", auth=(USER, PASSWORD), timeout=20)

    def image(self, repository: str, tag: str, platform: str) -> dict[str, Any]:
        """An empty image for one platform; its entry for a list."""
        system, _, machine = platform.partition("/")
        config = self._blob(repository, {"os": system, "architecture": machine})
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
        pushed = self._manifest(repository, tag, manifest)
        return {**pushed, "platform": {"os": system, "architecture": machine}}

    def index(self, repository: str, tag: str, *platforms: str) -> str:
        """A list of platforms; its digest."""
        entries = [self.image(repository, f"{tag}-{p.replace('/', '-')}", p) for p in platforms]
        content = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
        return str(self._manifest(repository, tag, content)["digest"])

    def _blob(self, repository: str, content: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(content).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        upload = self._client.post(f"/v2/{repository}/blobs/uploads/").raise_for_status()
        place = httpx.URL(upload.headers["Location"]).copy_merge_params({"digest": digest})
        self._client.put(place, content=body).raise_for_status()
        return {"mediaType": CONFIG, "digest": digest, "size": len(body)}

    def _manifest(self, repository: str, tag: str, content: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(content).encode()
        kind = str(content["mediaType"])
        answer = self._client.put(
            f"/v2/{repository}/manifests/{tag}", content=body, headers={"Content-Type": kind}
        ).raise_for_status()
        return {"mediaType": kind, "digest": answer.headers["Docker-Content-Digest"], "size": len(body)}

    def close(self) -> None:
        self._client.close()


@pytest.fixture(scope="module")
def pusher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pusher]:
    """A registry of our own that wants a login, with somebody who may push."""
    with private_registry(tmp_path_factory.mktemp("registry")) as registry:
        pusher = Pusher(registry.host)
        yield pusher
        pusher.close()


@pytest.fixture
def registries(pusher: Pusher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registries]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    login = Login(user=USER, password=PASSWORD, origin="the test")
    with Registries({pusher.host: login}) as registries:
        yield registries


def refused(registries: Registries, name: str, tag: str) -> tuple[str, str]:
    with pytest.raises(RegistryError) as caught:
        registries.digest(name, tag)
    return caught.value.verdict, caught.value.problem


def test_the_digest_of_a_list_is_the_one_that_the_registry_gave_it(
    pusher: Pusher, registries: Registries
) -> None:
    digest = pusher.index("org/list", "1", "linux/arm64", "linux/amd64")
    assert registries.digest(f"{pusher.host}/org/list", "1") == digest


def test_an_image_alone_is_known_by_its_configuration(pusher: Pusher, registries: Registries) -> None:
    digest = pusher.image("org/alone", "1", "linux/amd64")["digest"]
    assert registries.digest(f"{pusher.host}/org/alone", "1") == digest
    pusher.image("org/alone", "arm", "linux/arm64")
    assert refused(registries, f"{pusher.host}/org/alone", "arm")[0] == "other platform"


def test_an_old_digest_is_still_there_after_the_tag_has_moved(pusher: Pusher, registries: Registries) -> None:
    name = f"{pusher.host}/org/moved"
    old = pusher.index("org/moved", "1", "linux/amd64")
    new = pusher.index("org/moved", "1", "linux/amd64", "linux/arm64")
    assert registries.digest(name, "1") == new != old
    assert registries.has(name, old)
    assert not registries.has(name, "sha256:" + "0" * 64)


def test_an_unknown_tag_names_those_nearby(pusher: Pusher, registries: Registries) -> None:
    for tag in ("v3.7.13", "v3.7.14", "v2.11.0"):
        pusher.image("org/tags", tag, "linux/amd64")
    assert refused(registries, f"{pusher.host}/org/tags", "v3.7.15") == (
        "unknown tag",
        f"{pusher.host} does not know the tag; similar tags: v3.7.14, v3.7.13",
    )
    assert refused(registries, f"{pusher.host}/org/none", "1") == (
        "unknown tag",
        f"{pusher.host} has no repository org/none",
    )


def test_without_a_login_it_opens_nothing(
    pusher: Pusher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    pusher.image("org/closed", "1", "linux/amd64")
    with Registries() as anonymous:
        assert refused(anonymous, f"{pusher.host}/org/closed", "1")[0] == "needs login"
    with Registries({pusher.host: Login(user=USER, password="wrong", origin="the test")}) as wrong:
        verdict, problem = refused(wrong, f"{pusher.host}/org/closed", "1")
    assert (verdict, problem.split(":")[2]) == (
        "needs login",
        " the login is wrong, it may not read org/closed, or there is no such repository",
    )
