"""The program MinIO as a service: of the application's buckets, and of backups."""

from collections.abc import Mapping

from sprocket_constructs import (
    Backup,
    Construct,
    HealthCheck,
    Lock,
    Stop,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from .site import Site

DATA = "/data"


def minio_server(
    scope: Construct,
    name: str,
    *,
    site: Site,
    listens: Mapping[str, int],
    settings: str,
    options: tuple[str, ...] = (),
) -> SwarmService:
    """One server on one disk. Its settings are in one file, since the image reads no other and a service may set one variable.

    Args:
        settings: text of that file.
        options: further arguments of ``minio server``.
    """
    service = SwarmService(
        scope,
        name,
        image=site.image("minio"),
        command=("/usr/bin/docker-entrypoint.sh",),
        args=("server", DATA, *options),
        listens=listens,
        # Not /live: this one fails when the server's own look at its disk, a file written and read back every 15 s,
        # does (minio cmd/xl-storage-disk-id-check.go, monitorDiskWritable).
        health=HealthCheck.command("curl", "-fsS", "http://127.0.0.1:9000/minio/health/cluster").every(
            "10s", timeout="5s", retries=5, start_period="1m"
        ),
        resources=site.resources(name),
        update=UpdatePolicy.stop_first(),
        stop=Stop(grace="30s"),
    )
    path = f"/run/secrets/{name}.env"
    service.reads(SwarmSecret(scope, "settings", name=f"{name}-env", content=settings), at=path)
    service.sets("MINIO_CONFIG_ENV_FILE", path)
    return service


def keeps_objects(service: SwarmService, scope: Construct, *, site: Site, backup: Backup) -> None:
    """Keeps the objects of such a server on the disk of its store."""
    # Red Hat's ubi-micro has bash and coreutils, and no util-linux.
    service.stores(site.storage(scope, service.name), at=DATA, backup=backup, lock=Lock.by_shell(flock=False))
