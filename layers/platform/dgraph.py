"""Dgraph: the graph database of the rating service, a coordinator (zero) and a store (alpha)."""

from __future__ import annotations

from sprocket_constructs import Endpoint, HealthCheck, Lock, NoBackup, Stop, SwarmService, UpdatePolicy

from .instance import Instance

OVERLAY_ADDRESSES = "10.0.0.0/8,172.16.0.0/12"
"""Who may change the schema: private addresses. Only declared clients share a network with it."""


class Dgraph:
    """Both services; a client connects to alpha, which needs zero, which talks back to it."""

    def __init__(self, instance: Instance) -> None:
        self.zero = _service(instance, "dgraph-zero", listens={"grpc": 5080, "http": 6080}, health_port=6080)
        self.alpha = _service(
            instance, "dgraph-alpha", listens={"grpc": 9080, "http": 8080, "internal": 7080}, health_port=8080
        )
        self.alpha.connect_to(self.zero)
        self.zero.connect_to(self.alpha, port="internal", waits=False)

    def connect(self, client: SwarmService) -> Endpoint:
        """Where alpha's gRPC answers."""
        return client.connect_to(self.alpha)


def _service(instance: Instance, name: str, *, listens: dict[str, int], health_port: int) -> SwarmService:
    service = SwarmService(
        instance,
        name,
        name=instance.identity.service(name),
        alias=name,
        image=instance.site.image("dgraph", instance=instance.identity.name),
        listens=listens,
        health=HealthCheck.command(
            "curl", "-sf", "-m", "9", "-o", "/dev/null", f"http://127.0.0.1:{health_port}/health"
        ).every("10s", timeout="10s", retries=6, start_period="60s"),
        resources=instance.site.resources(name),
        update=UpdatePolicy.stop_first(),
        stop=Stop(grace="60s"),
        command=_COMMANDS[name],
    )
    service.stores(
        instance.site.storage(service, instance.identity.store(name)),
        at="/dgraph",
        backup=NoBackup(
            because="what it holds is known to the rating service alone, whose source is private; decide before using it"
        ),
        lock=Lock.by_shell(),
    )
    return service


_COMMANDS = {
    "dgraph-zero": ("dgraph", "zero", "--my=dgraph-zero:5080"),
    "dgraph-alpha": (
        *("dgraph", "alpha", "--my=dgraph-alpha:7080", "--zero=dgraph-zero:5080"),
        *("--security", f"whitelist={OVERLAY_ADDRESSES}"),
    ),
}
