"""A node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ._cdktf import Construct, TerraformResourceLifecycle
from ._cdktf.cloud import DropletBackupPolicy, DropletResource, DropletTimeouts
from .block_volumes import BlockVolume
from .errors import ConstructError
from .firewall import Firewall
from .node_key import RootKey
from .node_tag import NodeTag
from .private_network import PrivateNetwork

Backups = Literal["none", "weekly", "daily"]

IGNORED = ("user_data", "ssh_keys", "image", "monitoring", "droplet_agent", "ipv6")
"""Arguments that would replace a droplet when they change, each of them part of everyday edits (or of a click on
DigitalOcean's pages). New droplets get them; a rebuild with them is asked for by name: ``-replace``."""

TIMEOUTS = {"create": "10m", "update": "20m", "delete": "10m"}
"""A new one is active within two minutes or never: the provider would wait for an hour. A resize waits for it to go down
and to come back. The default of a minute for the whole of a delete (shutdown, each volume, delete) is too short."""

LARGEST_USER_DATA = 65536
"""Limit of DigitalOcean, in bytes."""


@dataclass(frozen=True, kw_only=True)
class DropletKind:
    """What nodes of a kind have in common.

    Args:
        size: slug such as ``s-4vcpu-8gb``; another one powers the droplet off, resizes it and starts it again.
        image: slug or number of the system of new droplets.
        monitoring: DigitalOcean's agent on new droplets.
        backups: of the droplet's own disk.
    """

    size: str
    image: str
    monitoring: bool = True
    backups: Backups = "none"


class Droplet(Construct):
    """One droplet, on a private network, behind firewalls that are there before it.

    Its volumes belong to it (``volume_ids``), so that a destroy shuts it down before they are detached, and a new one
    finds them at its first boot.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        kind: DropletKind,
        network: PrivateNetwork,
        root_key: RootKey,
        firewalls: Sequence[Firewall],
        tags: Sequence[NodeTag],
        user_data: str,
        volumes: Sequence[BlockVolume] = (),
    ) -> None:
        super().__init__(scope, id_)
        self.name = name
        self._check(firewalls, tags, user_data)
        self.resource = DropletResource(
            self,
            "Resource",
            name=name,
            region=network.region,
            size=kind.size,
            image=kind.image,
            vpc_uuid=network.id,
            ssh_keys=[root_key.id],
            tags=[tag.reference for tag in tags],
            volume_ids=[volume.id for volume in volumes],
            user_data=user_data,
            # Always set: left out, a change on DigitalOcean's pages would replace the droplet.
            ipv6=False,
            monitoring=kind.monitoring,
            droplet_agent=False,
            backups=kind.backups != "none",
            backup_policy=_policy(kind.backups),
            # A larger disk could never be made smaller again.
            resize_disk=False,
            graceful_shutdown=True,
            timeouts=DropletTimeouts(**TIMEOUTS),
            depends_on=[firewall.resource for firewall in firewalls],
            lifecycle=TerraformResourceLifecycle(ignore_changes=list(IGNORED)),
        )
        # For people, who write: terraform apply -replace=digitalocean_droplet.app-1
        self.resource.override_logical_id(id_)
        self.private_address = self.resource.ipv4_address_private
        """Terraform's reference to its address on the private network."""

    def _check(self, firewalls: Sequence[Firewall], tags: Sequence[NodeTag], user_data: str) -> None:
        if not any(firewall.protects in tags for firewall in firewalls):
            raise ConstructError(
                self,
                "is behind no firewall: no firewall protects one of its tags",
                fix="pass the firewall of one of its tags",
            )
        length = len(user_data.encode())
        if length > LARGEST_USER_DATA:
            raise ConstructError(
                self,
                f"user data has {length} bytes and DigitalOcean accepts {LARGEST_USER_DATA}",
                fix="shorten it, or let the node download what is long",
            )


def _policy(backups: Backups) -> DropletBackupPolicy | None:
    if backups == "none":
        return None
    return DropletBackupPolicy(plan=backups, weekday="SUN" if backups == "weekly" else None, hour=4)
