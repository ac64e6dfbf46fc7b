"""Loki: log lines, for a while."""

from sprocket_constructs import (
    Construct,
    Endpoint,
    HealthCheck,
    Lock,
    NoBackup,
    Stop,
    SwarmConfig,
    SwarmService,
    UpdatePolicy,
)

from ..rendering import to_yaml
from ..site import Site

CONFIG = "/etc/loki/local-config.yaml"
FOLDER = "/loki"
HEAP_SHARE = 0.85
"""Of the memory limit: Go collects garbage more eagerly from there on, before the kernel ends the task."""


class Loki(Construct):
    """One process with its chunks on one volume. It has no sign-in, so only the collector and Grafana can reach it."""

    def __init__(self, scope: Construct, id_: str, *, site: Site) -> None:
        super().__init__(scope, id_)
        resources = site.resources("loki")
        self.service = SwarmService(
            self,
            "loki",
            image=site.image("loki"),
            listens={"http": 3100},
            # No shell in the image; the program asks itself.
            health=HealthCheck.command("/usr/bin/loki", "-health").every(
                "10s", timeout="5s", retries=5, start_period="1m"
            ),
            resources=resources,
            update=UpdatePolicy.stop_first(),
            stop=Stop(grace="1m"),
        )
        self.service.sets("GOMEMLIMIT", f"{resources.mebibytes_of_limit(HEAP_SHARE)}MiB")
        config = to_yaml(_config(site.settings.data.loki.retention_days))
        self.service.reads(SwarmConfig(self, "config", name="loki-config", content=config), at=CONFIG)
        self.service.stores(
            site.storage(self, "loki"),
            at=FOLDER,
            backup=NoBackup(because="log lines are dropped after some days anyway"),
            lock=Lock.by_program(because="its compactor locks the file of delete requests, and starts first"),
        )

    def connect(self, client: SwarmService) -> Endpoint:
        """Lets a service reach it."""
        return client.connect_to(self.service)


def _config(retention_days: int) -> dict[str, object]:
    hours = f"{retention_days * 24}h"
    return {
        # The compactor first: it waits 5 s for the lock on its file of delete requests, then Loki ends. With `all` alone it is made
        # last, and by then a second Loki has removed the first one's write-ahead log of the index (tried with 3.7.6).
        "target": "compactor,all",
        "auth_enabled": False,
        "server": {"http_listen_port": 3100, "log_level": "warn"},
        "common": {
            "instance_addr": "127.0.0.1",
            "path_prefix": FOLDER,
            "replication_factor": 1,
            "ring": {"kvstore": {"store": "inmemory"}},
            # Chunks, index and delete requests; with the other client this is ignored, and with this one
            # `filesystem` beside it is, so which of the two is said below and not left to the program's default.
            "storage": {"object_store": {"filesystem": {"dir": f"{FOLDER}/objects"}}},
        },
        "storage_config": {"use_thanos_objstore": True},
        "ruler_storage": {"backend": "filesystem", "filesystem": {"dir": f"{FOLDER}/rules"}},
        "schema_config": {
            "configs": [
                {
                    "from": "2024-01-01",
                    "store": "tsdb",
                    "object_store": "filesystem",
                    "schema": "v13",
                    "index": {"prefix": "index_", "period": "24h"},
                }
            ]
        },
        # Nothing is ever deleted unless both are set.
        "compactor": {
            "working_directory": f"{FOLDER}/compactor",
            "retention_enabled": True,
            "delete_request_store": "filesystem",
            "retention_delete_delay": "2h",
        },
        "limits_config": {
            "retention_period": hours,
            "max_query_lookback": hours,
            "ingestion_rate_mb": 8,
            "ingestion_burst_size_mb": 16,
            "allow_structured_metadata": True,
        },
        "analytics": {"reporting_enabled": False},
    }
