"""Intent-level constructs for Docker swarm services, over cdktf and the Docker provider."""

from ._cdktf import Construct, LocalBackend, S3Backend, S3BackendEndpointConfig, TerraformOutput
from .errors import ConstructError
from .file import SwarmConfig, SwarmFile, SwarmSecret
from .gateway import Access, Gateway, Route
from .graph import sharing
from .health import HealthCheck
from .image import UNRESOLVED, Image
from .logs import LogRotation
from .network import OverlayNetwork
from .placement import NodeSelector, Scale
from .resources import Resources
from .restart import RestartPolicy
from .secret_value import GeneratedSecret, SecretValue, SuppliedSecret
from .service import Endpoint, SwarmService
from .stack import SwarmApp, SwarmStack
from .stop import Stop
from .units import duration, mebibytes, seconds, size
from .update import UpdateOrder, UpdatePolicy
from .volume import Backup, LocalVolume, NodeDirectory, Storage

__all__ = [
    "UNRESOLVED",
    "Access",
    "Backup",
    "Construct",
    "ConstructError",
    "Endpoint",
    "Gateway",
    "GeneratedSecret",
    "HealthCheck",
    "Image",
    "LocalBackend",
    "LocalVolume",
    "LogRotation",
    "NodeDirectory",
    "NodeSelector",
    "OverlayNetwork",
    "Resources",
    "RestartPolicy",
    "Route",
    "S3Backend",
    "S3BackendEndpointConfig",
    "Scale",
    "SecretValue",
    "Stop",
    "Storage",
    "SuppliedSecret",
    "SwarmApp",
    "SwarmConfig",
    "SwarmFile",
    "SwarmSecret",
    "SwarmService",
    "SwarmStack",
    "TerraformOutput",
    "UpdateOrder",
    "UpdatePolicy",
    "duration",
    "mebibytes",
    "seconds",
    "sharing",
    "size",
]
