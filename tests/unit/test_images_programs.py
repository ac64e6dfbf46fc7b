"""What the object store's and the socket proxy's images decide, without a container."""

from __future__ import annotations

import importlib
import json
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from images.builder.paths import RECIPES
from images.recipes.minio.objectstore.access import Access, Refused, actions
from images.recipes.minio.objectstore.sigv4 import is_signed_by, sign

# The example keys and signatures of Amazon's own page on signature version 4 for S3.
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
HOST = "https://examplebucket.s3.amazonaws.com"


class TestSignature:
    @pytest.mark.parametrize(
        ("query", "signature"),
        [
            ("lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            ("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
        ],
    )
    def test_is_the_published_one(self, query: str, signature: str) -> None:
        headers = sign("GET", f"{HOST}/?{query}", b"", KEY, SECRET, "20130524T000000Z")
        assert headers["authorization"].endswith(f"Signature={signature}")

    def test_changed_requests_are_not_signed(self) -> None:
        headers = sign("PUT", f"{HOST}/minio/admin/user/app", b"body", KEY, SECRET)
        assert is_signed_by("PUT", "/minio/admin/user/app", headers, b"body", KEY, SECRET)
        assert not is_signed_by("PUT", "/minio/admin/user/root", headers, b"body", KEY, SECRET)
        assert not is_signed_by("PUT", "/minio/admin/user/app", headers, b"other", KEY, SECRET)
        assert not is_signed_by("PUT", "/minio/admin/user/app", headers, b"body", KEY, "another")
        assert not is_signed_by("PUT", "/minio/admin/user/app", {}, b"body", KEY, SECRET)

    def test_old_requests_are_not_replayed(self) -> None:
        old = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 1000))
        headers = sign("PUT", f"{HOST}/x", b"", KEY, SECRET, old)
        assert not is_signed_by("PUT", "/x", headers, b"", KEY, SECRET)


def policy(**changes: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:aws:s3:::replays/*"],
        **changes,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


class TestPolicy:
    def test_actions_are_limited_to_their_buckets(self) -> None:
        resources = ["arn:aws:s3:::replays", "arn:aws:s3:::replays/*"]
        assert actions(policy(Action=["s3:GetObject", "s3:PutObject"], Resource=resources)) == [
            "Read:replays",
            "Write:replays",
        ]
        assert actions(policy(Action="s3:*")) == [
            "List:replays",
            "Read:replays",
            "Tagging:replays",
            "Write:replays",
        ]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"Effect": "Deny"}, "policy: Statement/0/Effect: this stand-in knows Allow only"),
            ({"Condition": {}}, "policy: Statement/0: this stand-in does not know Condition"),
            (
                {"Action": "s3:GetBucketPolicy"},
                "policy: Statement/0/Action: s3:GetBucketPolicy: this stand-in knows s3:",
            ),
            (
                {"Resource": "arn:aws:s3:::*"},
                "policy: Statement/0/Resource: arn:aws:s3:::*: this stand-in knows",
            ),
            (
                {"Resource": "arn:aws:s3:::a/b/*"},
                "policy: Statement/0/Resource: arn:aws:s3:::a/b/*: this stand-in",
            ),
        ],
    )
    def test_what_cannot_be_kept_is_refused(self, changes: dict[str, Any], words: str) -> None:
        with pytest.raises(Refused) as refused:
            actions(policy(**changes))
        assert str(refused.value).startswith(words)

    def test_a_user_without_a_policy_may_do_nothing(self, tmp_path: Path) -> None:
        access = Access(tmp_path, "root", "root-password")
        access.add_user("app", "app-secret")
        identities = {
            entry["name"]: entry for entry in json.loads(access.identities.read_text())["identities"]
        }
        assert identities["app"]["actions"] == []
        assert identities["anonymous"]["actions"] == []
        assert access.identities.stat().st_mode & 0o077 == 0

    def test_state_outlives_the_process_and_a_new_secret_keeps_policies(self, tmp_path: Path) -> None:
        access = Access(tmp_path, "root", "root-password")
        access.add_user("app", "app-secret")
        access.put_policy("p", policy())
        access.attach("p", "app")
        again = Access(tmp_path, "root", "root-password")
        again.add_user("app", "other-secret")
        identities = {
            entry["name"]: entry for entry in json.loads(again.identities.read_text())["identities"]
        }
        assert identities["app"]["actions"] == ["Read:replays"]
        assert identities["app"]["credentials"][0]["secretKey"] == "other-secret"
        with pytest.raises(Refused, match="already in effect"):
            again.attach("p", "app")


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The socket proxy's package, which lies in a folder that is no package name."""
    monkeypatch.syspath_prepend(str(RECIPES / "socket-proxy"))
    importlib.import_module("socket_proxy.settings")
    return importlib.import_module("socket_proxy.proxy")


def settings(*words: str, **environment: str) -> Any:
    return importlib.import_module("socket_proxy.settings").parse(words, environment)


@pytest.mark.usefixtures("proxy")
class TestProxySettings:
    def test_rules_are_anchored_and_per_method(self) -> None:
        rules = settings(r"-allowGET=(/v1\.[0-9]{1,2})?/(_ping|nodes/.*)")
        assert rules.allows("GET", "/v1.41/nodes/x") and rules.allows("GET", "/_ping")
        assert not rules.allows("GET", "/x/_ping") and not rules.allows("GET", "/_ping/x")
        assert not rules.allows("POST", "/_ping")

    def test_further_rules_come_from_the_environment(self) -> None:
        rules = settings("-allowGET=/a", SP_ALLOW_GET="/b", SP_ALLOW_GET_2="/c")
        assert [path for path in ("/a", "/b", "/c", "/d") if rules.allows("GET", path)] == ["/a", "/b", "/c"]

    def test_words_win_over_the_environment(self) -> None:
        assert settings("-proxyport=1", SP_PROXYPORT="2").proxyport == 1
        assert settings(SP_PROXYPORT="2").proxyport == 2

    def test_only_this_host_is_served_unless_told_otherwise(self) -> None:
        assert (settings().listenip, settings().allowfrom) == ("127.0.0.1", ("127.0.0.1/32",))

    @pytest.mark.parametrize(
        ("word", "words"),
        [
            ("-allowFETCH=/x", "-allowFETCH=/x: not known here"),
            ("-proxyport=0", "-proxyport=0: should be a number from 1 to 65535"),
            ("-allowGET=(", "-allowGET: missing"),
            ("-listenip=here", "-listenip=here: should be an IP address"),
            ("-loglevel=loud", "-loglevel=loud: allowed: DEBUG"),
        ],
    )
    def test_what_is_not_understood_is_refused(self, word: str, words: str) -> None:
        with pytest.raises(Exception, match=r".") as refused:
            settings(word)
        assert type(refused.value).__name__ == "Wrong"
        assert str(refused.value).startswith(words)


class TestProxyRequests:
    @pytest.mark.parametrize(
        ("target", "path"),
        [
            ("/v1.41/tasks?filters=%7B%7D", "/v1.41/tasks"),
            ("/services/%2e%2e/info", None),
            ("/services/../info", None),
            ("//services", None),
            ("services", None),
        ],
    )
    def test_paths_that_could_be_read_in_two_ways_are_refused(
        self, proxy: ModuleType, target: str, path: str | None
    ) -> None:
        assert proxy.clean(target) == path

    @pytest.mark.parametrize(
        ("headers", "length"),
        [
            (b"Host: x", 0),
            (b"Content-Length: 12", 12),
            (b"Content-Length: 1\r\nContent-Length: 2", None),
            (b"Transfer-Encoding: chunked", None),
            (b"Content-Length: -1", None),
        ],
    )
    def test_a_body_has_one_plain_length(self, proxy: ModuleType, headers: bytes, length: int | None) -> None:
        assert proxy.body_length(b"POST / HTTP/1.1\r\n" + headers + b"\r\n\r\n") == length


def test_dns_for_the_acme_authority_answers_every_name() -> None:
    from images.recipes.pebble.authority import answer

    query = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + b"\4core\x09localhost\0" + b"\0\1\0\1"
    reply = answer(query, bytes([10, 0, 0, 5]))
    assert reply[:2] == b"\x12\x34" and reply[3] & 15 == 0
    assert reply.endswith(b"\0\4" + bytes([10, 0, 0, 5]))
    assert answer(query.replace(b"\0\1\0\1", b"\0\x1c\0\1"), bytes(4))[6:8] == b"\0\0", "no IPv6 address"
    assert answer(query, None)[3] & 15 == 2, "SERVFAIL while the host has no address"
