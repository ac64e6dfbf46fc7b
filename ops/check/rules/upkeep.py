"""A service that fails is seen, comes back, and takes nothing down with it."""

from __future__ import annotations

from collections.abc import Iterator

from sprocket_constructs import seconds

from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.model.service import Service

PUBLISHED = {("traefik", 80, "host"), ("traefik", 443, "host")}
"""The only ports of nodes, all by the way in. Adding one here is a decision: swarm's ports pass every firewall rule
on the node itself."""


def services_have_health_checks(platform: Platform) -> Iterator[Finding]:
    """Or there is a reason why not."""
    for service in platform.services:
        kind = (service.health_check.test or ("NONE",))[0]
        if kind not in ("CMD", "CMD-SHELL") and not platform.declared.unchecked.get(service.name):
            yield Finding(
                path=f"{service.path}: health check",
                what="is missing",
                cause="a task that does not answer would count as deployed",
                fix="declare HealthCheck.http(...), .command(...) or, with a reason, .none(because=...)",
            )


def restarts_are_limited(platform: Platform) -> Iterator[Finding]:
    """Restarts with a pause, logs rotated, time to leave, an update that goes back, an apply that waits."""
    for service in platform.services:
        restart, update = service.restart, service.update
        limits = {
            "restart policy": (restart.condition, restart.max_attempts) == ("any", 0)
            and seconds(restart.delay or "0s") >= 10
            and seconds(restart.window or "0s") > 0,
            "log rotation": service.log_driver == "json-file"
            and set(service.log_options) == {"max-size", "max-file"},
            "stop grace": seconds(service.stop_grace or "0s") >= 10,
            "update policy": (update.failure_action, update.max_failure_ratio) == ("rollback", "0.0"),
            "convergence": _waits(service),
        }
        for part in (name for name, met in limits.items() if not met):
            yield Finding(
                path=f"{service.path}: {part}",
                what="is missing, or weaker than SwarmService renders it",
                cause=_CAUSES[part],
                fix="remove the override, so that SwarmService renders it",
            )


def only_traefik_publishes_ports(platform: Platform) -> Iterator[Finding]:
    """80 and 443."""
    found = {
        (service.name, port.published, port.mode): service.path
        for service in platform.services
        for port in service.published
    }
    for (name, port, mode), path in found.items():
        if (name, port, mode) not in PUBLISHED:
            yield Finding(
                path=f"{path}: published port {port}",
                what=f"{name} publishes it ({mode} mode)",
                cause="published ports bypass the node's own firewall; only Traefik may publish ports, 80 and 443",
                fix="use expose_via(gateway, ...) for pages, connect_to(...) for services",
            )
    for name, port, mode in sorted(PUBLISHED - found.keys()):
        yield Finding(
            path=f"{platform.settings.services_stack}: published port {port}",
            what=f"{name} does not publish it in {mode} mode",
            cause="no page could be reached",
            fix="call traefik.publishes(80, target=...) and the same for 443",
        )


def networks_work_without_ipvs(platform: Platform) -> Iterator[Finding]:
    """Names resolve to tasks; a virtual address would need a module of the kernel that not every node has."""
    for service in platform.services:
        if (service.endpoint_mode, service.mode) != ("dnsrr", "replicated"):
            yield Finding(
                path=f"{service.path}: endpoint_spec",
                what="is not a replicated service with DNS round robin",
                cause="virtual addresses need IPVS, and Terraform does not wait for a global service",
                fix="remove the override, so that SwarmService renders it",
            )


def _waits(service: Service) -> bool:
    timeout = seconds(service.converge_timeout or "0s")
    return timeout >= 60 and seconds(service.health_check.start_period or "0s") <= timeout


_CAUSES = {
    "restart policy": "a crash loop without a pause fills the disk, and one that gives up stays down",
    "log rotation": "logs would fill the disk",
    "stop grace": "the program would be killed in the middle of its work",
    "update policy": "a bad image would not be rolled back",
    "convergence": "a failed deploy would count as done",
}
