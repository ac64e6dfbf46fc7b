"""One bucket on Spaces, or on any server that speaks S3."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import boto3  # type: ignore[import-untyped]  # it has no types of its own
import botocore  # type: ignore[import-untyped]
import botocore.config  # type: ignore[import-untyped]
import botocore.exceptions  # type: ignore[import-untyped]

from layers.settings.environment import Environment
from ops.errors import OpsError, WrongUse

CREDENTIALS = (
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("SPACES_ACCESS_KEY_ID", "SPACES_SECRET_ACCESS_KEY"),
)
"""Terraform's backend prefers the first, so it comes first here, too."""

TIMEOUT_S = 15
_EVERYBODY = "http://acs.amazonaws.com/groups/global/"
_SHUT = (
    *("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    *("404", "NoSuchBucket", "NoSuchKey"),
)
"""Error codes for what is closed to the one who asks, or not there."""

_EXCLUDED = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
"""Error codes of S3 servers for an object that exists, or is being written by another client."""


def credentials(environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Key and secret, from environment variables only.

    Raises:
        WrongUse: there are none.
    """
    for key, secret in CREDENTIALS:
        if environment.get(key) and environment.get(secret):
            return environment[key], environment[secret]
    raise WrongUse(
        "no credentials for Spaces: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set",
        fix="create a Spaces key (control panel, API, Spaces Keys) and export both; docs/runbooks/state.md",
    )


ENDPOINT = "SPROCKET_STATE_ENDPOINT_URL"
"""Sends the bucket's commands to another server, for tests. Terraform's backend does not read it."""


def endpoint_of(settings: Environment, environment: Mapping[str, str] = os.environ) -> str:
    """URL of the server, the same as the backend's. ``SPACES_ENDPOINT_URL`` is the provider's, for other buckets."""
    return environment.get(ENDPOINT) or f"https://{settings.state.endpoint}"


class Bucket:
    """A bucket by name.

    Args:
        endpoint: URL of the server.
        key: access key and its secret; none to ask as anybody could.
    """

    def __init__(self, name: str, *, endpoint: str, key: tuple[str, str] | None) -> None:
        self.name = name
        self.endpoint = endpoint
        try:
            self._s3 = _client(endpoint, key)
        except ValueError:
            raise WrongUse(
                f"{endpoint!r} is not the URL of a server",
                fix=f"check state/endpoint in the environment's file, and {ENDPOINT} where that is set",
            ) from None

    def exists(self) -> bool:
        """Whether the bucket exists and is ours.

        Raises:
            OpsError: it belongs to somebody else, or the server does not answer.
        """
        try:
            self._s3.head_bucket(Bucket=self.name)
        except botocore.exceptions.ClientError as error:
            code = _code(error)
            if code in ("404", "NoSuchBucket"):
                return False
            raise self._failed("check whether it exists", error) from None
        except botocore.exceptions.BotoCoreError as error:
            raise self._failed("check whether it exists", error) from None
        return True

    def create(self) -> None:
        """Creates it, private."""
        self._do("create it", self._s3.create_bucket, Bucket=self.name, ACL="private")

    def keep_versions(self) -> None:
        """Turns on versioning, so that a state that was written wrongly can be restored."""
        self._do(
            "turn versioning on",
            self._s3.put_bucket_versioning,
            Bucket=self.name,
            VersioningConfiguration={"Status": "Enabled"},
        )

    def keeps_versions(self) -> bool:
        """Whether it does."""
        found = self._do("read its versioning", self._s3.get_bucket_versioning, Bucket=self.name)
        return bool(found.get("Status") == "Enabled")

    def grants_to_others(self) -> list[str]:
        """What its access list lets others do than its owner, one sentence each."""
        found = self._do("read who has access", self._s3.get_bucket_acl, Bucket=self.name)
        owner = found.get("Owner", {}).get("ID")
        return [
            f"grants {grant['Permission']} to {_grantee(grant.get('Grantee', {}))}"
            for grant in found.get("Grants", [])
            if owner is None or grant.get("Grantee", {}).get("ID") != owner
        ]

    def policy_for_others(self) -> list[str]:
        """What its policy lets others do, one sentence each."""
        try:
            text = self._s3.get_bucket_policy(Bucket=self.name)["Policy"]
        except botocore.exceptions.ClientError as error:
            if _code(error) in ("404", "NoSuchBucketPolicy", "NotImplemented"):
                return []
            raise self._failed("read its policy", error) from None
        except botocore.exceptions.BotoCoreError as error:
            raise self._failed("read its policy", error) from None
        statements = json.loads(text).get("Statement", [])
        return [
            f"has a policy that lets {_principals(each)} do {', '.join(_list(each.get('Action'))) or 'all but some actions'}"
            for each in (statements if isinstance(statements, list) else [statements])
            if each.get("Effect") == "Allow"
        ]

    def lists_for(self, key: tuple[str, str] | None) -> bool:
        """Whether its objects are listed for another key, or for anybody."""
        there = Bucket(self.name, endpoint=self.endpoint, key=key)
        return there._may("list it", there._s3.list_objects_v2, MaxKeys=1)

    def gives_to_anybody(self, key: str) -> bool:
        """Whether anybody may read an object of it."""
        there = Bucket(self.name, endpoint=self.endpoint, key=None)
        return there._may(f"read {key}", there._s3.head_object, Key=key)

    def _may(self, what: str, call: Any, **words: Any) -> bool:
        try:
            call(Bucket=self.name, **words)
        except botocore.exceptions.ClientError as error:
            # Anything else, such as a server that is overloaded, is no answer.
            if _code(error) in _SHUT:
                return False
            raise self._failed(what, error) from None
        except botocore.exceptions.BotoCoreError as error:
            raise self._failed(what, error) from None
        return True

    def make_private(self) -> None:
        """Revokes every public grant."""
        self._do("make it private", self._s3.put_bucket_acl, Bucket=self.name, ACL="private")

    def write_if_absent(self, key: str, text: str) -> bool:
        """Writes an object that must not exist; returns whether this writer created it."""
        try:
            self._s3.put_object(Bucket=self.name, Key=key, Body=text.encode(), IfNoneMatch="*")
        except botocore.exceptions.ClientError as error:
            if _code(error) in _EXCLUDED:
                return False
            raise self._failed(f"write {key}", error) from None
        except botocore.exceptions.BotoCoreError as error:
            raise self._failed(f"write {key}", error) from None
        return True

    def write(self, key: str, content: bytes) -> None:
        """Writes an object, private like the bucket."""
        self._do(f"write {key}", self._s3.put_object, Bucket=self.name, Key=key, Body=content)

    def read(self, key: str) -> bytes | None:
        """An object's content; none where there is none."""
        try:
            content: bytes = self._s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        except botocore.exceptions.ClientError as error:
            if _code(error) in ("404", "NoSuchKey"):
                return None
            raise self._failed(f"read {key}", error) from None
        except botocore.exceptions.BotoCoreError as error:
            raise self._failed(f"read {key}", error) from None
        return content

    def keys(self, prefix: str) -> list[str]:
        """Keys of all objects that begin with a prefix, sorted."""
        found: list[str] = []
        words: dict[str, str] = {}
        while True:
            listed = self._do(
                f"list {prefix}", self._s3.list_objects_v2, Bucket=self.name, Prefix=prefix, **words
            )
            found += [str(each["Key"]) for each in listed.get("Contents", [])]
            if not listed.get("IsTruncated"):
                return sorted(found)
            words = {"ContinuationToken": listed["NextContinuationToken"]}

    def delete(self, key: str) -> None:
        """Removes an object with all its versions."""
        self._do(f"remove {key}", self._s3.delete_object, Bucket=self.name, Key=key)
        listed = self._do("list versions", self._s3.list_object_versions, Bucket=self.name, Prefix=key)
        for kind in ("Versions", "DeleteMarkers"):
            for version in listed.get(kind, []):
                if version["Key"] == key:
                    self._do(
                        f"remove {key}",
                        self._s3.delete_object,
                        Bucket=self.name,
                        Key=key,
                        VersionId=version["VersionId"],
                    )

    def _do(self, what: str, call: Any, **words: Any) -> Any:
        try:
            return call(**words)
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            raise self._failed(what, error) from None

    def _failed(self, what: str, error: Exception) -> OpsError:
        reason = str(error).splitlines()[0]
        fix = "check the key's grants: it must be allowed to create and configure buckets (full access)"
        if isinstance(error, botocore.exceptions.EndpointConnectionError):
            fix = f"check state/endpoint in the environment's file; tried {self.endpoint}"
        elif isinstance(error, botocore.exceptions.ClientError) and _code(error) in ("403", "AccessDenied"):
            fix = "the name may be another team's (names are unique in a region), or the key lacks the grant"
        return OpsError(f"bucket {self.name}: cannot {what}: {reason}", fix=fix)


def _list(value: object) -> list[str]:
    return [str(each) for each in (value if isinstance(value, list) else [value]) if each]


def _principals(statement: Mapping[str, Any]) -> str:
    if "NotPrincipal" in statement:
        return "everybody but some"
    value = statement.get("Principal")
    names = [
        each for part in (value.values() if isinstance(value, dict) else [value]) for each in _list(part)
    ]
    return "everybody" if "*" in names else ", ".join(names)


def _grantee(grantee: Mapping[str, Any]) -> str:
    if str(grantee.get("URI", "")).startswith(_EVERYBODY):
        return "everybody"
    return str(grantee.get("DisplayName") or grantee.get("ID") or grantee.get("URI") or "somebody")


def _client(endpoint: str, key: tuple[str, str] | None) -> Any:
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=key[0] if key else None,
        aws_secret_access_key=key[1] if key else None,
        # Spaces takes the region from the host name; the signature has this one, as Terraform's does.
        region_name="us-east-1",
        config=botocore.config.Config(
            signature_version=None if key else botocore.UNSIGNED,
            connect_timeout=TIMEOUT_S,
            read_timeout=TIMEOUT_S,
            # A retry of a write that succeeded would be refused, and look like a lost race.
            retries={"max_attempts": 0},
            s3={"addressing_style": "path"},
            # Spaces does not know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
