"""From a declared service to the provider's structure, with every default that the provider gets wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ._cdktf import (
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
from ._template import literal
from .data_version import DataVersion
from .file import SwarmConfig, SwarmSecret
from .service import SwarmService
from .units import duration, seconds

NO_FAILURES = "0.0"
"""The provider prints ratios with one decimal and would differ from "0" forever."""

PROVIDERS_DELAY_S = 7
STARTS_WITHIN_S = 3
"""What a container takes to start, with a check's own time, on a node that starts several (measured: one to three seconds)."""


def render(services: Iterable[SwarmService]) -> None:
    """Adds the ``docker_service`` of each, after those of the services that it waits for."""
    made: dict[SwarmService, Service] = {}

    def resource_of(service: SwarmService) -> Service:
        if service not in made:
            after: list[Service | DataVersion] = [resource_of(other) for other in service.waits_for]
            if service.keeps_data:
                after.append(DataVersion(service))
            made[service] = _service(service, after=after)
        return made[service]

    for service in services:
        resource_of(service)


def _service(service: SwarmService, *, after: Sequence[Service | DataVersion]) -> Service:
    return Service(
        service,
        "Resource",
        name=service.name,
        depends_on=after or None,
        labels=_labels(service) or None,
        mode=ServiceMode(replicated=ServiceModeReplicated(replicas=service.scale.replicas)),
        task_spec=_task_spec(service),
        endpoint_spec=_endpoint_spec(service),
        update_config=_update(service),
        rollback_config=_rollback(service),
        converge_config=ServiceConvergeConfig(
            delay=_first_look(service), timeout=duration(service.converges_within)
        ),
    )


def _first_look(service: SwarmService) -> str:
    """When the provider looks whether a new service has converged, before it looks again 5, 15, 25 s later.

    No task is healthy before its first check, one interval after its container has started. At the provider's own 7 s
    a check every 10 s is just missed twice, and whatever waits for the service waits 10 s for nothing.
    """
    after_check = seconds(service.health.interval) + STARTS_WITHIN_S if service.health.because is None else 0
    return duration(f"{max(PROVIDERS_DELAY_S, after_check)}s")


def _labels(service: SwarmService) -> list[ServiceLabels]:
    return [ServiceLabels(label=name, value=literal(value)) for name, value in sorted(service.labels.items())]


def _task_spec(service: SwarmService) -> ServiceTaskSpec:
    return ServiceTaskSpec(
        container_spec=_container_spec(service),
        resources=ServiceTaskSpecResources(
            limits=ServiceTaskSpecResourcesLimits(
                memory_bytes=service.resources.memory_limit_bytes, nano_cpus=service.resources.nano_cpu_limit
            ),
            reservation=ServiceTaskSpecResourcesReservation(
                memory_bytes=service.resources.memory_reservation_bytes,
                nano_cpus=service.resources.nano_cpu_reservation,
            ),
        ),
        # All four fields: with one missing, the first update sends delay 0 (a crash loop without a pause).
        restart_policy=ServiceTaskSpecRestartPolicy(
            condition="any", delay=service.restart.delay, window=service.restart.window, max_attempts=0
        ),
        placement=ServiceTaskSpecPlacement(
            constraints=sorted(service.constraints) or None,
            max_replicas=service.scale.max_per_node,
            # Left out, the provider records the image's list on create and removes it in the second plan.
            platforms=[ServiceTaskSpecPlacementPlatforms(architecture="amd64", os="linux")],
        ),
        log_driver=ServiceTaskSpecLogDriver(name="json-file", options=service.logs.options),
        networks_advanced=_networks(service) or None,
        runtime="container",
        force_update=0,
    )


def _networks(service: SwarmService) -> list[ServiceTaskSpecNetworksAdvanced]:
    return [
        ServiceTaskSpecNetworksAdvanced(name=each.network.network_id, aliases=list(each.aliases) or None)
        for _, each in sorted(service.attachments.items())
    ]


def _container_spec(service: SwarmService) -> ServiceTaskSpecContainerSpec:
    return ServiceTaskSpecContainerSpec(
        image=service.image.reference,
        command=[literal(word) for word in service.entry_point] or None,
        args=[literal(word) for word in service.args] or None,
        env={name: literal(value) for name, value in service.environment.items()} or None,
        user=service.user,
        groups=list(service.groups) or None,
        dir=service.working_directory,
        hostname=service.hostname,
        stop_grace_period=service.stop.grace,
        stop_signal=service.stop.signal,
        isolation="default",
        healthcheck=_health_check(service),
        configs=_configs(service) or None,
        secrets=_secrets(service) or None,
        mounts=_mounts(service) or None,
    )


def _health_check(service: SwarmService) -> ServiceTaskSpecContainerSpecHealthcheck:
    health = service.health
    return ServiceTaskSpecContainerSpecHealthcheck(
        test=[literal(word) for word in health.words],
        interval=health.interval,
        timeout=health.timeout,
        retries=health.retries,
        start_period=health.start_period,
    )


def _configs(service: SwarmService) -> list[ServiceTaskSpecContainerSpecConfigs]:
    return [
        ServiceTaskSpecContainerSpecConfigs(
            config_id=mount.file.object_id,
            config_name=mount.file.object_name,
            file_name=mount.at,
            file_mode=mount.mode,
            file_uid=str(mount.uid),
            file_gid=str(mount.gid),
        )
        for mount in service.file_mounts
        if isinstance(mount.file, SwarmConfig)
    ]


def _secrets(service: SwarmService) -> list[ServiceTaskSpecContainerSpecSecrets]:
    return [
        ServiceTaskSpecContainerSpecSecrets(
            secret_id=mount.file.object_id,
            secret_name=mount.file.object_name,
            file_name=mount.at,
            file_mode=mount.mode,
            file_uid=str(mount.uid),
            file_gid=str(mount.gid),
        )
        for mount in service.file_mounts
        if isinstance(mount.file, SwarmSecret)
    ]


def _mounts(service: SwarmService) -> list[ServiceTaskSpecContainerSpecMounts]:
    return [
        ServiceTaskSpecContainerSpecMounts(
            type=mount.type, source=literal(mount.source), target=mount.target, read_only=mount.read_only
        )
        for mount in service.data_mounts
    ]


def _endpoint_spec(service: SwarmService) -> ServiceEndpointSpec:
    ports = [
        ServiceEndpointSpecPorts(
            protocol="tcp", published_port=published, target_port=target, publish_mode="host"
        )
        for published, target in sorted(service.published.items())
    ]
    return ServiceEndpointSpec(mode="dnsrr", ports=ports or None)


def _update(service: SwarmService) -> ServiceUpdateConfig:
    """One task at a time."""
    policy = service.update
    return ServiceUpdateConfig(
        failure_action="rollback",
        parallelism=1,
        delay=policy.delay,
        monitor=policy.monitor,
        max_failure_ratio=NO_FAILURES,
        order=policy.order.value,
    )


def _rollback(service: SwarmService) -> ServiceRollbackConfig:
    """Back to what ran before, one task at a time. There is nothing to fall back to after that, so a failure here pauses."""
    policy = service.update
    return ServiceRollbackConfig(
        failure_action="pause",
        parallelism=1,
        delay=policy.delay,
        monitor=policy.monitor,
        max_failure_ratio=NO_FAILURES,
        order=policy.order.value,
    )
