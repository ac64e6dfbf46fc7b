"""Who else can read a state: what is asked of the server, and what is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from layers.loading import load_environment
from ops.errors import OpsError
from ops.state import privacy
from ops.state.create import create

PROD, STAGING = load_environment("prod"), load_environment("staging")
EVERYBODY = {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
KEY = ("limited", "secret")


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "Get")


class Server:
    """Two buckets, and who is let in.

    Attributes:
        policy: of the bucket of prod; none where it is None.
        grants: of the bucket of prod.
        versions: whether it keeps versions.
        opens: buckets that list their objects, by access key; None is anybody.
        public: objects that anybody may read.
        settings_for: the only access key that may read settings; any where it is empty.
        fails: the error code of all that is asked about access.
    """

    def __init__(self) -> None:
        self.policy: object = None
        self.grants: list[dict[str, Any]] = []
        self.versions = True
        self.public: set[str] = set()
        self.settings_for = ""
        self.fails = ""
        self.opens: dict[str | None, set[str]] = {KEY[0]: {"sprocket-prod-state"}, None: set()}

    def client(self, service: str, *, aws_access_key_id: str | None, **_: Any) -> Client:
        assert service == "s3"
        return Client(self, aws_access_key_id)


class Client:
    """boto3's, as far as it is used here."""

    def __init__(self, server: Server, key: str | None) -> None:
        self._server = server
        self._key = key

    def head_bucket(self, **_: Any) -> None: ...

    def put_bucket_acl(self, **_: Any) -> None:
        self._server.grants = []

    def put_bucket_versioning(self, **_: Any) -> None: ...

    def _require_full(self) -> None:
        if self._server.fails:
            raise refused(self._server.fails)
        if self._server.settings_for not in ("", self._key):
            raise refused("AccessDenied")

    def get_bucket_versioning(self, **_: Any) -> dict[str, Any]:
        self._require_full()
        return {"Status": "Enabled"} if self._server.versions else {}

    def get_bucket_acl(self, **_: Any) -> dict[str, Any]:
        self._require_full()
        return {"Owner": {"ID": "ours"}, "Grants": self._server.grants}

    def get_bucket_policy(self, **_: Any) -> dict[str, Any]:
        if self._server.policy is None:
            raise refused("NoSuchBucketPolicy")
        return {"Policy": json.dumps(self._server.policy)}

    def head_object(self, **words: Any) -> None:
        if words["Key"] not in self._server.public:
            raise refused("403")

    def list_objects_v2(self, **words: Any) -> dict[str, Any]:
        if self._server.fails:
            raise refused(self._server.fails)
        if words["Bucket"] not in self._server.opens.get(self._key, set()):
            raise refused("AccessDenied")
        return {}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY[1])
    found = Server()
    monkeypatch.setattr(boto3.session, "Session", lambda: found)
    return found


def findings() -> list[str]:
    return [each.what for each in privacy.findings(PROD, [PROD, STAGING, load_environment("local")])]


def test_a_private_bucket_with_a_key_of_its_own_is_fine(server: Server) -> None:
    assert findings() == []


def statement(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", **more}


@pytest.mark.parametrize(
    ("statements", "public"),
    [
        ([statement()], ["s3:GetObject"]),
        (statement(), ["s3:GetObject"]),
        (
            [statement(Principal={"AWS": "*"}, Action=["s3:GetObject", "s3:ListBucket"])],
            ["s3:GetObject, s3:ListBucket"],
        ),
        ([statement(Principal={"AWS": ["arn:aws:iam::1:user/ci", "*"]})], ["s3:GetObject"]),
        ([statement(Action=None, NotAction="s3:DeleteObject")], ["all but some actions"]),
        ([statement(Effect="Deny")], []),
        ([statement(NotPrincipal={"AWS": "x"}, Principal=None)], ["s3:GetObject"]),
        ([], []),
    ],
)
def test_a_policy_that_lets_everybody_in_is_found(
    server: Server, statements: object, public: list[str]
) -> None:
    server.policy = {"Statement": statements}
    assert findings() == [
        f"bucket sprocket-prod-state has a policy that lets {who} do {actions}"
        for actions in public
        for who in ["everybody but some" if "NotPrincipal" in str(statements) else "everybody"]
    ]


def test_other_accounts_are_others_too(server: Server) -> None:
    server.policy = {"Statement": statement(Principal={"AWS": ["arn:aws:iam::1:user/ci"]})}
    server.grants = [
        {"Permission": "FULL_CONTROL", "Grantee": {"ID": "ours"}},
        {"Permission": "WRITE", "Grantee": {"ID": "17", "DisplayName": "another team"}},
    ]
    assert findings() == [
        "bucket sprocket-prod-state grants WRITE to another team",
        "bucket sprocket-prod-state has a policy that lets arn:aws:iam::1:user/ci do s3:GetObject",
    ]


def test_an_object_can_be_public_by_itself(server: Server) -> None:
    server.public = {"prod-services.tfstate"}
    assert findings() == ["bucket sprocket-prod-state gives prod-services.tfstate to anybody, without a key"]


@pytest.mark.parametrize("code", ["SlowDown", "500", "RequestTimeTooSkewed"])
def test_a_server_that_fails_has_not_answered(server: Server, code: str) -> None:
    server.fails = code
    found = findings()
    assert found and all(each.startswith("not asked: bucket sprocket-") for each in found)


def test_a_limited_key_is_asked_for_states_and_the_full_one_for_settings(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Spaces, a key that is limited to a bucket may not read its access list."""
    server.settings_for = "full"
    assert [each for each in findings() if not each.startswith("not asked: ")] == []
    assert len(findings()) == 2, "versions, and who has access"
    monkeypatch.setenv("SPACES_ACCESS_KEY_ID", "full")
    monkeypatch.setenv("SPACES_SECRET_ACCESS_KEY", "secret")
    assert findings() == []


def test_each_other_way_is_found(server: Server) -> None:
    server.grants = [{"Permission": "READ", "Grantee": EVERYBODY}]
    server.versions = False
    server.opens = {KEY[0]: {"sprocket-prod-state", "sprocket-staging-state"}, None: {"sprocket-prod-state"}}
    assert findings() == [
        "bucket sprocket-prod-state keeps no versions: a state that is written wrongly cannot be restored",
        "bucket sprocket-prod-state grants READ to everybody",
        "bucket sprocket-prod-state lists its objects for anybody, without a key",
        "the key for the state of prod also opens bucket sprocket-staging-state, which has the state of staging",
    ]


def test_a_bucket_is_not_taken_while_its_policy_makes_it_public(server: Server) -> None:
    server.grants = [{"Permission": "READ", "Grantee": EVERYBODY}]
    server.policy = {"Statement": statement()}
    with pytest.raises(
        OpsError, match="is not private: it has a policy that lets everybody do s3:GetObject"
    ) as caught:
        create(PROD)
    assert server.grants == [], "what can be taken back is taken back"
    assert "remove its policy" in str(caught.value)


def test_a_state_in_a_file_is_for_its_owner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(privacy, "STATE", tmp_path)
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    local = load_environment("local")
    assert list(privacy.findings(local, [])) == []
    folder.chmod(0o755)
    (found,) = privacy.findings(local, [])
    assert found.what == f"other users of this machine may read the states in {folder}"
