"""The bindings of a cloud stack's providers. By themselves, because they take longer to load than all others together."""

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
from cdktf_cdktf_provider_tls.private_key import PrivateKey
from cdktf_cdktf_provider_tls.provider import TlsProvider

__all__ = [
    "BlockVolumeResource",
    "DatabaseCluster",
    "DatabaseClusterMaintenanceWindow",
    "DatabaseConnectionPool",
    "DatabaseDb",
    "DatabaseFirewall",
    "DatabaseFirewallRule",
    "DatabaseUser",
    "DigitaloceanProvider",
    "Domain",
    "DropletBackupPolicy",
    "DropletResource",
    "DropletTimeouts",
    "FirewallInboundRule",
    "FirewallOutboundRule",
    "FirewallResource",
    "MonitorAlert",
    "MonitorAlertAlerts",
    "PrivateKey",
    "Project",
    "ProjectResources",
    "Record",
    "ReservedIp",
    "ReservedIpAssignment",
    "SpacesBucket",
    "SpacesBucketLifecycleRule",
    "SpacesBucketLifecycleRuleNoncurrentVersionExpiration",
    "SpacesBucketVersioning",
    "SpacesKey",
    "SpacesKeyGrant",
    "SshKey",
    "Tag",
    "TlsProvider",
    "UptimeAlert",
    "UptimeAlertNotifications",
    "UptimeCheck",
    "Vpc",
    "VpcTimeouts",
]
