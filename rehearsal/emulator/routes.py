"""All routes of the API that the emulator knows."""

from __future__ import annotations

from . import actions, catalog
from .resources import (
    account,
    database_members,
    databases,
    domains,
    droplet_actions,
    droplets,
    firewalls,
    monitor_alerts,
    projects,
    records,
    reserved_ips,
    spaces_keys,
    ssh_keys,
    tags,
    uptime,
    volume_actions,
    volumes,
    vpcs,
)
from .router import Router

MODULES = (
    account,
    actions,
    catalog,
    database_members,
    databases,
    domains,
    droplet_actions,
    droplets,
    firewalls,
    monitor_alerts,
    projects,
    records,
    reserved_ips,
    spaces_keys,
    ssh_keys,
    tags,
    uptime,
    volume_actions,
    volumes,
    vpcs,
)

ROUTER = Router([module.routes for module in MODULES])
