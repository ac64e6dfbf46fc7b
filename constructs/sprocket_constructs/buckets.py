"""Object storage that DigitalOcean runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ._cdktf import Construct, TerraformResourceLifecycle
from ._cdktf.cloud import (
    SpacesBucket,
    SpacesBucketLifecycleRule,
    SpacesBucketLifecycleRuleNoncurrentVersionExpiration,
    SpacesBucketVersioning,
    SpacesKey,
    SpacesKeyGrant,
)
from .errors import ConstructError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
Permission = Literal["read", "readwrite"]


@dataclass(frozen=True, kw_only=True)
class BucketKey:
    """Terraform's references to the halves of an access key; keep both out of sight."""

    access_key: str
    secret_key: str


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket by its name, with Terraform's references to it."""

    name: str
    urn: str
    reference: str


class Buckets(Construct):
    """All buckets of a stack, private, with versions: what was overwritten or deleted can be brought back for a while.

    They cannot be destroyed, and what makes one is its name: the provider would change a name in state alone. They
    are instances of one resource, so that taking one out of the settings is refused in the plan.

    Args:
        keep_deleted_days: how long what was overwritten or deleted can be brought back.
    """

    def __init__(self, scope: Construct, id_: str, *, region: str, keep_deleted_days: int) -> None:
        super().__init__(scope, id_)
        self._known: dict[str, Bucket] = {}
        self._resource = SpacesBucket(
            self,
            "Resource",
            name="${each.key}",
            region=region,
            acl="private",
            force_destroy=False,
            versioning=SpacesBucketVersioning(enabled=True),
            lifecycle_rule=[
                SpacesBucketLifecycleRule(
                    id="old-versions",
                    enabled=True,
                    abort_incomplete_multipart_upload_days=7,
                    noncurrent_version_expiration=SpacesBucketLifecycleRuleNoncurrentVersionExpiration(
                        days=keep_deleted_days
                    ),
                )
            ],
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
        )
        self._resource.override_logical_id(id_)
        self._resource.add_override("for_each", {})

    def add(self, name: str) -> Bucket:
        """A bucket; its name is unique in the whole region, not only in the account."""
        if not _NAME.fullmatch(name):
            raise ConstructError(
                self, f"bucket name {name!r} is not allowed", fix="use 3 to 63 of a-z, 0-9 and inner dashes"
            )
        if name in self._known:
            raise ConstructError(self, f"bucket {name} is declared twice", fix="give each its own name")
        self._resource.add_override(f"for_each.{name}", name)
        address = f'digitalocean_spaces_bucket.{self.node.id}["{name}"]'
        bucket = Bucket(name=name, urn=f"${{{address}.urn}}", reference=f"${{{address}.name}}")
        self._known[name] = bucket
        return bucket

    def key(
        self, id_: str, *, name: str, opens: Sequence[Bucket], permission: Permission = "readwrite"
    ) -> BucketKey:
        """An access key for these buckets and no other.

        Args:
            name: in the account's list of keys.
            permission: ``read``, or also write and delete.
        """
        if not opens:
            raise ConstructError(self, f"key {name} opens no bucket", fix="name its buckets")
        resource = SpacesKey(
            self,
            f"key-{id_}",
            name=name,
            grant=[SpacesKeyGrant(bucket=bucket.reference, permission=permission) for bucket in opens],
        )
        resource.override_logical_id(id_)
        return BucketKey(access_key=resource.access_key, secret_key=resource.secret_key)

    @property
    def all(self) -> list[Bucket]:
        """All of them, in the order they were declared."""
        return list(self._known.values())
