"""Intent-level constructs for Docker swarm services and the cloud under them, over cdktf and its providers.

A name is loaded when it is first asked for: who only reads a duration does not wait for cdktf, whose bindings and their Node
process take a second, nor a swarm's stack for DigitalOcean's.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from ._cdktf import (
        Construct,
        LocalBackend,
        S3Backend,
        S3BackendEndpointConfig,
        TerraformOutput,
        TerraformStack,
    )
    from .access import Access
    from .alarms import Alarms
    from .backup import BackupJob, Retention, Stops
    from .block_volumes import BlockVolume, BlockVolumes
    from .buckets import Bucket, BucketKey, Buckets
    from .cloud_project import CloudProject
    from .cloud_stack import CloudStack
    from .dns_zone import DnsZone
    from .droplet import Droplet, DropletKind
    from .droplet_pool import DropletPool
    from .endpoint import Endpoint
    from .errors import ConstructError
    from .file import SwarmConfig, SwarmFile, SwarmSecret
    from .firewall import ANYWHERE, Firewall
    from .gateway import Gateway, Route
    from .graph import sharing
    from .health import HealthCheck
    from .image import UNRESOLVED, Image, version_in
    from .lock import Lock, LockHolder
    from .logs import LogRotation
    from .managed_postgres import ManagedPostgres, PostgresSize
    from .network import OverlayNetwork
    from .node_key import NodeKey, RootKey
    from .node_tag import NodeTag
    from .operator import Operator
    from .placement import NodeSelector, Scale
    from .private_network import PrivateNetwork
    from .public_address import PublicAddress
    from .resources import Resources
    from .restart import RestartPolicy
    from .secret_value import GeneratedSecret, SecretValue, SuppliedSecret
    from .service import SwarmService
    from .stack import SwarmApp, SwarmStack
    from .stop import Stop
    from .units import duration, mebibytes, seconds, size
    from .update import UpdateOrder, UpdatePolicy
    from .volume import Backup, LocalVolume, NoBackup, NodeDirectory, Storage

_HOMES = {
    "_cdktf": (
        "Construct",
        "LocalBackend",
        "S3Backend",
        "S3BackendEndpointConfig",
        "TerraformOutput",
        "TerraformStack",
    ),
    "access": ("Access",),
    "alarms": ("Alarms",),
    "backup": ("BackupJob", "Retention", "Stops"),
    "block_volumes": ("BlockVolume", "BlockVolumes"),
    "buckets": ("Bucket", "BucketKey", "Buckets"),
    "cloud_project": ("CloudProject",),
    "cloud_stack": ("CloudStack",),
    "dns_zone": ("DnsZone",),
    "droplet": ("Droplet", "DropletKind"),
    "droplet_pool": ("DropletPool",),
    "endpoint": ("Endpoint",),
    "errors": ("ConstructError",),
    "file": ("SwarmConfig", "SwarmFile", "SwarmSecret"),
    "firewall": ("ANYWHERE", "Firewall"),
    "gateway": ("Gateway", "Route"),
    "graph": ("sharing",),
    "health": ("HealthCheck",),
    "image": ("UNRESOLVED", "Image", "version_in"),
    "lock": ("Lock", "LockHolder"),
    "logs": ("LogRotation",),
    "managed_postgres": ("ManagedPostgres", "PostgresSize"),
    "network": ("OverlayNetwork",),
    "node_key": ("NodeKey", "RootKey"),
    "node_tag": ("NodeTag",),
    "operator": ("Operator",),
    "placement": ("NodeSelector", "Scale"),
    "private_network": ("PrivateNetwork",),
    "public_address": ("PublicAddress",),
    "resources": ("Resources",),
    "restart": ("RestartPolicy",),
    "secret_value": ("GeneratedSecret", "SecretValue", "SuppliedSecret"),
    "service": ("SwarmService",),
    "stack": ("SwarmApp", "SwarmStack"),
    "stop": ("Stop",),
    "units": ("duration", "mebibytes", "seconds", "size"),
    "update": ("UpdateOrder", "UpdatePolicy"),
    "volume": ("Backup", "LocalVolume", "NoBackup", "NodeDirectory", "Storage"),
}
"""The names of each module."""

__all__ = [
    "ANYWHERE",
    "UNRESOLVED",
    "Access",
    "Alarms",
    "Backup",
    "BackupJob",
    "BlockVolume",
    "BlockVolumes",
    "Bucket",
    "BucketKey",
    "Buckets",
    "CloudProject",
    "CloudStack",
    "Construct",
    "ConstructError",
    "DnsZone",
    "Droplet",
    "DropletKind",
    "DropletPool",
    "Endpoint",
    "Firewall",
    "Gateway",
    "GeneratedSecret",
    "HealthCheck",
    "Image",
    "LocalBackend",
    "LocalVolume",
    "Lock",
    "LockHolder",
    "LogRotation",
    "ManagedPostgres",
    "NoBackup",
    "NodeDirectory",
    "NodeKey",
    "NodeSelector",
    "NodeTag",
    "Operator",
    "OverlayNetwork",
    "PostgresSize",
    "PrivateNetwork",
    "PublicAddress",
    "Resources",
    "RestartPolicy",
    "Retention",
    "RootKey",
    "Route",
    "S3Backend",
    "S3BackendEndpointConfig",
    "Scale",
    "SecretValue",
    "Stop",
    "Stops",
    "Storage",
    "SuppliedSecret",
    "SwarmApp",
    "SwarmConfig",
    "SwarmFile",
    "SwarmSecret",
    "SwarmService",
    "SwarmStack",
    "TerraformOutput",
    "TerraformStack",
    "UpdateOrder",
    "UpdatePolicy",
    "duration",
    "mebibytes",
    "seconds",
    "sharing",
    "size",
    "version_in",
]


if not typing.TYPE_CHECKING:  # it would be the answer to every wrong name, too

    def __getattr__(name: str) -> object:
        """Loads the module of a name, and keeps the name."""
        for module, names in _HOMES.items():
            if name in names:
                found: object = getattr(importlib.import_module(f".{module}", __name__), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
