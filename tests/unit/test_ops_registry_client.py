"""Looking tags up: at a small registry on loopback, and for what only other hosts do, at one that is a function."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from ops.registry.client import PAUSES_S, Registries, RegistryError
from ops.registry.login import Login
from ops.registry.repository import Repository
from tests.unit.fake_registry import FakeRegistry, Fault, serving

Handler = Callable[[httpx.Request], httpx.Response]
LOGIN = Login(user="bot", password="pa55", origin="TF_VAR_registry_token")


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with serving(FakeRegistry()) as registry:
        yield registry


@pytest.fixture
def private() -> Iterator[FakeRegistry]:
    with serving(FakeRegistry(user="bot", password="pa55")) as registry:
        yield registry


@pytest.fixture(autouse=True)
def no_docker_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A docker configuration without logins, whatever this machine has."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    return tmp_path / "config.json"


def asking(handler: Handler, paused: list[float] | None = None) -> Registries:
    waits = paused if paused is not None else []
    return Registries(transport=httpx.MockTransport(handler), sleep=waits.append)


def refused(registries: Registries, name: str, tag: str) -> tuple[str, str]:
    with pytest.raises(RegistryError) as caught:
        registries.digest(name, tag)
    return caught.value.verdict, caught.value.problem


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


# -- what a tag means --------------------------------------------------------------------------------------


def test_the_digest_of_a_list_is_kept_and_our_platform_in_it_is_looked_up(registry: FakeRegistry) -> None:
    digest = registry.index("org/app", "1", "linux/arm64", "linux/amd64")
    with Registries() as registries:
        assert registries.digest(f"{registry.host}/org/app", "1") == digest
    assert [line.split()[0] for line in registry.asked] == ["GET", "HEAD"]


def test_a_list_without_our_platform_is_refused(registry: FakeRegistry) -> None:
    registry.index("org/app", "1", "linux/arm64", "windows/amd64")
    with Registries() as registries:
        assert refused(registries, f"{registry.host}/org/app", "1") == (
            "other platform",
            f"{registry.host} has the tag for linux/arm64, windows/amd64, not for linux/amd64",
        )


def test_a_list_whose_image_is_gone_is_refused(registry: FakeRegistry) -> None:
    digest = registry.index("org/app", "1", "linux/amd64")
    registry.contents = {digest: registry.contents[digest]}
    with Registries() as registries:
        assert refused(registries, f"{registry.host}/org/app", "1") == (
            "other platform",
            f"{registry.host} lists linux/amd64 for the tag, but does not have it",
        )


def test_an_image_without_a_list_says_its_platform_itself(registry: FakeRegistry) -> None:
    digest = registry.image("org/app", "1")
    registry.image("org/app", "arm", platform="linux/arm64")
    with Registries() as registries:
        assert registries.digest(f"{registry.host}/org/app", "1") == digest
        assert refused(registries, f"{registry.host}/org/app", "arm")[0] == "other platform"


def test_a_digest_that_does_not_fit_its_content_is_refused() -> None:
    told = "sha256:" + "0" * 64
    with asking(
        lambda request: httpx.Response(200, json={}, headers={"Docker-Content-Digest": told})
    ) as asked:
        verdict, problem = refused(asked, "redis", "1")
    assert (verdict, problem.split(",")[0]) == ("refused", f"registry-1.docker.io reports digest {told}")


@pytest.mark.parametrize("body", [b"<html>", b"[]"])
def test_what_is_no_manifest_is_refused(body: bytes) -> None:
    with asking(lambda request: httpx.Response(200, content=body)) as registries:
        assert refused(registries, "redis", "1") == (
            "refused",
            "registry-1.docker.io answers /v2/library/redis/manifests/1 with something other than a JSON object",
        )


def test_whether_a_digest_is_still_there(registry: FakeRegistry) -> None:
    old = registry.image("org/app", "1", build=1)
    registry.image("org/app", "1", build=2)
    with Registries() as registries:
        assert registries.has(f"{registry.host}/org/app", old)
        assert not registries.has(f"{registry.host}/org/app", "sha256:" + "0" * 64)


# -- tags that are not known -------------------------------------------------------------------------------


def test_an_unknown_tag_names_those_nearby_from_all_pages(registry: FakeRegistry) -> None:
    for tag in ("latest", "nightly", "v3.7.13", "v3.7.14", "v2.11.0"):
        registry.image("org/app", tag)
    with Registries() as registries:
        verdict, problem = refused(registries, f"{registry.host}/org/app", "v3.7.15")
    assert verdict == "unknown tag"
    assert problem == f"{registry.host} does not know the tag; similar tags: v3.7.14, v3.7.13"


def test_a_commit_that_nothing_is_like_shows_the_end_of_the_list(registry: FakeRegistry) -> None:
    tags = [f"sha-{digit * 40}" for digit in "abc"]
    for tag in tags:
        registry.image("org/app", tag)
    with Registries() as registries:
        _, problem = refused(registries, f"{registry.host}/org/app", "sha-" + "0" * 40)
    assert problem == (
        f"{registry.host} does not know the tag, nor a similar one; the last of its 3 tags: {', '.join(tags)}"
    )


def test_an_unknown_repository_is_called_so(registry: FakeRegistry) -> None:
    with Registries() as registries:
        assert refused(registries, f"{registry.host}/org/nothing", "1") == (
            "unknown tag",
            f"{registry.host} has no repository org/nothing",
        )


def test_a_list_of_tags_is_not_followed_to_another_host() -> None:
    seen: set[str] = set()

    def answer(request: httpx.Request) -> httpx.Response:
        seen.add(request.url.host)
        if request.url.path.endswith("/tags/list"):
            elsewhere = '<https://elsewhere.example/v2/library/redis/tags/list>; rel="next"'
            return httpx.Response(200, json={"tags": ["8.1"]}, headers={"Link": elsewhere})
        return httpx.Response(404)

    with asking(answer) as registries:
        assert refused(registries, "redis", "8.2")[0] == "unknown tag"
    assert seen == {"registry-1.docker.io"}


# -- signing in --------------------------------------------------------------------------------------------


def test_the_environments_login_opens_a_private_registry(private: FakeRegistry) -> None:
    digest = private.image("org/app", "1")
    private.image("org/app", "2", build=2)
    with Registries({private.host: LOGIN}) as registries:
        assert registries.digest(f"{private.host}/org/app", "1") == digest
        registries.digest(f"{private.host}/org/app", "2")
    assert private.asked.count("GET /token") == 1, "the token is kept"


def test_a_login_may_pull_or_not_and_where_everybody_may_it_says_neither(
    private: FakeRegistry, registry: FakeRegistry
) -> None:
    name, digest = f"{private.host}/org/app", private.image("org/app", "1")
    wrong = Login(user="bot", password="s3cret", origin="TF_VAR_registry_token")
    assert Registries({private.host: LOGIN}).lets_pull(name, digest) is True
    assert Registries({private.host: wrong}).lets_pull(name, digest) is False
    with pytest.raises(RegistryError, match=r"has no image .* any more"):
        Registries({private.host: LOGIN}).lets_pull(f"{private.host}/org/other", digest)
    assert (
        Registries({registry.host: LOGIN}).lets_pull(
            f"{registry.host}/org/app", registry.image("org/app", "1")
        )
        is None
    )


def test_the_login_of_docker_is_used_where_the_environment_has_none(
    private: FakeRegistry, no_docker_login: Path
) -> None:
    digest = private.image("org/app", "1")
    stored = {"auth": base64.b64encode(b"bot:pa55").decode()}
    no_docker_login.write_text(json.dumps({"auths": {private.host: stored}}))
    with Registries() as registries:
        assert registries.digest(f"{private.host}/org/app", "1") == digest


def test_without_a_login_the_way_to_one_is_named(private: FakeRegistry) -> None:
    with Registries() as registries:
        assert refused(registries, f"{private.host}/org/app", "1") == (
            "needs login",
            f"{private.host} requires a login for org/app (HTTP 401), or there is no such repository: docker login "
            f"{private.host}, or platform/login in the environment's file and TF_VAR_registry_token",
        )


def test_a_wrong_login_is_named_without_its_password(private: FakeRegistry) -> None:
    wrong = Login(user="bot", password="s3cret", origin="TF_VAR_registry_token")
    with Registries({private.host: wrong}) as registries:
        verdict, problem = refused(registries, f"{private.host}/org/app", "1")
    assert verdict == "needs login"
    assert problem.startswith(f"{private.host} refuses bot (HTTP 401, TF_VAR_registry_token): ")
    assert "s3cret" not in problem + repr(wrong)


def test_a_login_goes_to_no_realm_in_the_clear() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(401, headers={"WWW-Authenticate": 'Bearer realm="http://ghcr.io/token"'})

    registries = Registries({"ghcr.io": LOGIN}, transport=httpx.MockTransport(answer))
    assert refused(registries, "ghcr.io/org/app", "1")[0] == "needs login"
    assert seen == ["https://ghcr.io/v2/org/app/manifests/1"]


# -- answers that pass -------------------------------------------------------------------------------------


def test_what_passes_by_itself_is_asked_again_as_late_as_the_registry_wants(registry: FakeRegistry) -> None:
    digest = registry.image("org/app", "1")
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    registry.faults = [Fault(429, {"Retry-After": "7"}), Fault(503), Fault(503, {"Retry-After": at})]
    waits: list[float] = []
    with Registries(sleep=waits.append) as registries:
        assert registries.digest(f"{registry.host}/org/app", "1") == digest
    assert waits[:2] == [7, PAUSES_S[1]]
    assert 25 < waits[2] <= 30


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (
            429,
            "registry-1.docker.io received too many requests from this address; try later, or run docker login",
        ),
        (500, "registry-1.docker.io answers HTTP 500"),
    ],
)
def test_attempts_are_bounded(status: int, message: str) -> None:
    waits: list[float] = []
    with asking(lambda request: httpx.Response(status), waits) as registries:
        assert refused(registries, "redis", "9") == ("refused", message)
    assert waits == list(PAUSES_S)


def test_a_registry_that_wants_an_hour_is_not_waited_for() -> None:
    waits: list[float] = []
    too_many = httpx.Response(429, headers={"Retry-After": "3600"})
    with asking(lambda request: too_many, waits) as registries:
        assert refused(registries, "redis", "9")[0] == "refused"
    assert waits == []


def test_an_answer_that_is_late_once_is_asked_for_again(registry: FakeRegistry) -> None:
    digest = registry.image("org/app", "1")
    late = [True]

    class LateOnce(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if late:
                late.pop()
                raise httpx.ReadTimeout("timed out", request=request)
            return super().handle_request(request)

    with Registries(transport=LateOnce(), sleep=lambda s: None) as registries:
        assert registries.digest(f"{registry.host}/org/app", "1") == digest


def test_a_registry_where_nobody_is_is_asked_once() -> None:
    asked: list[str] = []

    def silent(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        raise httpx.ConnectError("no route")

    waits: list[float] = []
    with asking(silent, waits) as registries:
        for name in ("redis", "postgres"):
            assert refused(registries, name, "1") == (
                "unreachable",
                "registry-1.docker.io cannot be reached: no route",
            )
    assert (len(asked), waits) == (1, [])
