"""The only module that imports cdktf and the generated provider bindings.

cdktf was archived on 2025-12-10; its successor is published as ``cdktn``. Everything else in this
repository imports these names from here, so the move to it changes this module,
``requirements.txt`` and ``cdktf.json`` and nothing else (docs/decisions/0001-cdktf-behind-one-module.md).
"""

from cdktf import (
    App,
    LocalBackend,
    S3Backend,
    S3BackendEndpointConfig,
    TerraformOutput,
    TerraformResource,
    TerraformResourceLifecycle,
    TerraformStack,
    TerraformVariable,
    TerraformVariableValidationConfig,
    Token,
)
from cdktf_cdktf_provider_digitalocean.database_cluster import (
    DatabaseCluster,
    DatabaseClusterMaintenanceWindow,
)
from cdktf_cdktf_provider_digitalocean.database_connection_pool import DatabaseConnectionPool
from cdktf_cdktf_provider_digitalocean.database_db import DatabaseDb
from cdktf_cdktf_provider_digitalocean.database_firewall import DatabaseFirewall, DatabaseFirewallRule
from cdktf_cdktf_provider_digitalocean.database_user import DatabaseUser
from cdktf_cdktf_provider_digitalocean.domain import Domain
from cdktf_cdktf_provider_digitalocean.droplet import Droplet as DropletResource
from cdktf_cdktf_provider_digitalocean.droplet import DropletBackupPolicy, DropletTimeouts
from cdktf_cdktf_provider_digitalocean.firewall import Firewall as FirewallResource
from cdktf_cdktf_provider_digitalocean.firewall import FirewallInboundRule, FirewallOutboundRule
from cdktf_cdktf_provider_digitalocean.monitor_alert import MonitorAlert, MonitorAlertAlerts
from cdktf_cdktf_provider_digitalocean.project import Project
from cdktf_cdktf_provider_digitalocean.project_resources import ProjectResources
from cdktf_cdktf_provider_digitalocean.provider import DigitaloceanProvider
from cdktf_cdktf_provider_digitalocean.record import Record
from cdktf_cdktf_provider_digitalocean.reserved_ip import ReservedIp
from cdktf_cdktf_provider_digitalocean.reserved_ip_assignment import ReservedIpAssignment
from cdktf_cdktf_provider_digitalocean.spaces_bucket import (
    SpacesBucket,
    SpacesBucketLifecycleRule,
    SpacesBucketLifecycleRuleNoncurrentVersionExpiration,
    SpacesBucketVersioning,
)
from cdktf_cdktf_provider_digitalocean.spaces_key import SpacesKey, SpacesKeyGrant
from cdktf_cdktf_provider_digitalocean.ssh_key import SshKey
from cdktf_cdktf_provider_digitalocean.tag import Tag
from cdktf_cdktf_provider_digitalocean.uptime_alert import UptimeAlert, UptimeAlertNotifications
from cdktf_cdktf_provider_digitalocean.uptime_check import UptimeCheck
from cdktf_cdktf_provider_digitalocean.volume import Volume as BlockVolumeResource
from cdktf_cdktf_provider_digitalocean.vpc import Vpc, VpcTimeouts
from cdktf_cdktf_provider_docker.config import Config
from cdktf_cdktf_provider_docker.network import Network
from cdktf_cdktf_provider_docker.provider import DockerProvider, DockerProviderRegistryAuth
from cdktf_cdktf_provider_docker.secret import Secret
from cdktf_cdktf_provider_docker.service import (
    Service,
    ServiceConvergeConfig,
    ServiceEndpointSpec,
    ServiceEndpointSpecPorts,
    ServiceLabels,
    ServiceMode,
    ServiceModeReplicated,
    ServiceRollbackConfig,
    ServiceTaskSpec,
    ServiceTaskSpecContainerSpec,
    ServiceTaskSpecContainerSpecConfigs,
    ServiceTaskSpecContainerSpecHealthcheck,
    ServiceTaskSpecContainerSpecMounts,
    ServiceTaskSpecContainerSpecSecrets,
    ServiceTaskSpecLogDriver,
    ServiceTaskSpecNetworksAdvanced,
    ServiceTaskSpecPlacement,
    ServiceTaskSpecPlacementPlatforms,
    ServiceTaskSpecResources,
    ServiceTaskSpecResourcesLimits,
    ServiceTaskSpecResourcesReservation,
    ServiceTaskSpecRestartPolicy,
    ServiceUpdateConfig,
)
from cdktf_cdktf_provider_docker.volume import Volume
from cdktf_cdktf_provider_random.password import Password
from cdktf_cdktf_provider_random.provider import RandomProvider
from cdktf_cdktf_provider_tls.private_key import PrivateKey
from cdktf_cdktf_provider_tls.provider import TlsProvider
from constructs import Construct

__all__ = [
    "App",
    "BlockVolumeResource",
    "Config",
    "Construct",
    "DatabaseCluster",
    "DatabaseClusterMaintenanceWindow",
    "DatabaseConnectionPool",
    "DatabaseDb",
    "DatabaseFirewall",
    "DatabaseFirewallRule",
    "DatabaseUser",
    "DigitaloceanProvider",
    "DockerProvider",
    "DockerProviderRegistryAuth",
    "Domain",
    "DropletBackupPolicy",
    "DropletResource",
    "DropletTimeouts",
    "FirewallInboundRule",
    "FirewallOutboundRule",
    "FirewallResource",
    "LocalBackend",
    "MonitorAlert",
    "MonitorAlertAlerts",
    "Network",
    "Password",
    "PrivateKey",
    "Project",
    "ProjectResources",
    "RandomProvider",
    "Record",
    "ReservedIp",
    "ReservedIpAssignment",
    "S3Backend",
    "S3BackendEndpointConfig",
    "Secret",
    "Service",
    "ServiceConvergeConfig",
    "ServiceEndpointSpec",
    "ServiceEndpointSpecPorts",
    "ServiceLabels",
    "ServiceMode",
    "ServiceModeReplicated",
    "ServiceRollbackConfig",
    "ServiceTaskSpec",
    "ServiceTaskSpecContainerSpec",
    "ServiceTaskSpecContainerSpecConfigs",
    "ServiceTaskSpecContainerSpecHealthcheck",
    "ServiceTaskSpecContainerSpecMounts",
    "ServiceTaskSpecContainerSpecSecrets",
    "ServiceTaskSpecLogDriver",
    "ServiceTaskSpecNetworksAdvanced",
    "ServiceTaskSpecPlacement",
    "ServiceTaskSpecPlacementPlatforms",
    "ServiceTaskSpecResources",
    "ServiceTaskSpecResourcesLimits",
    "ServiceTaskSpecResourcesReservation",
    "ServiceTaskSpecRestartPolicy",
    "ServiceUpdateConfig",
    "SpacesBucket",
    "SpacesBucketLifecycleRule",
    "SpacesBucketLifecycleRuleNoncurrentVersionExpiration",
    "SpacesBucketVersioning",
    "SpacesKey",
    "SpacesKeyGrant",
    "SshKey",
    "Tag",
    "TerraformOutput",
    "TerraformResource",
    "TerraformResourceLifecycle",
    "TerraformStack",
    "TerraformVariable",
    "TerraformVariableValidationConfig",
    "TlsProvider",
    "Token",
    "UptimeAlert",
    "UptimeAlertNotifications",
    "UptimeCheck",
    "Volume",
    "Vpc",
    "VpcTimeouts",
]
