"""Intent-level constructs for Docker swarm services and the cloud under them, over cdktf and its providers."""

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
