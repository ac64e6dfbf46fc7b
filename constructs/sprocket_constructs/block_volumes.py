"""Block storage that outlives the nodes it is attached to."""

from __future__ import annotations

from dataclasses import dataclass

from ._cdktf import Construct, TerraformResourceLifecycle
from ._cdktf.cloud import BlockVolumeResource
from .errors import ConstructError

DEVICE = "/dev/disk/by-id/scsi-0DO_Volume_"
"""What DigitalOcean puts before a volume's name."""


@dataclass(frozen=True, kw_only=True)
class BlockVolume:
    """One volume: what it is for, and Terraform's references to it."""

    key: str
    name: str
    id: str
    urn: str

    @property
    def device(self) -> str:
        """Path of its device on the node."""
        return DEVICE + self.name


class BlockVolumes(Construct):
    """All volumes of a stack.

    They cannot be destroyed or renamed (refused in the plan), only grow (DigitalOcean refuses less, in the plan too).
    They are instances of one resource, so that taking one out of the settings is refused as well. The node formats
    them, not DigitalOcean: its settings for that would replace a volume when they change.
    """

    def __init__(self, scope: Construct, id_: str, *, region: str) -> None:
        super().__init__(scope, id_)
        self._address = f"digitalocean_volume.{id_}"
        self._known: dict[str, BlockVolume] = {}
        self._resource = BlockVolumeResource(
            self,
            "Resource",
            name="${each.value.name}",
            region=region,
            size=1,
            lifecycle=TerraformResourceLifecycle(
                prevent_destroy=True,
                ignore_changes=[
                    "description",
                    "snapshot_id",
                    "initial_filesystem_type",
                    "initial_filesystem_label",
                ],
            ),
        )
        self._resource.override_logical_id(id_)
        self._resource.add_override("size", "${each.value.size}")
        self._resource.add_override("for_each", {})

    def add(self, key: str, *, name: str, gibibytes: int) -> BlockVolume:
        """A volume.

        Args:
            key: what it is for; part of its address in Terraform.
            name: unique in the account and region.
            gibibytes: size, 1 to 16384.
        """
        if key in self._known:
            raise ConstructError(
                self, f"volume {key} is declared twice", fix="declare it once and pass it around"
            )
        if not 1 <= gibibytes <= 16384:
            raise ConstructError(self, f"volume {key} has {gibibytes} GiB", fix="use 1 to 16384")
        self._resource.add_override(f"for_each.{key}", {"name": name, "size": gibibytes})
        address = f'{self._address}["{key}"]'
        volume = BlockVolume(key=key, name=name, id=f"${{{address}.id}}", urn=f"${{{address}.urn}}")
        self._known[key] = volume
        return volume

    @property
    def all(self) -> list[BlockVolume]:
        """All of them, in the order they were declared."""
        return list(self._known.values())
