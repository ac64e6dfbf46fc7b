"""Server analytics: writes what the other services report into InfluxDB."""

from __future__ import annotations

from .health import answers_healthz
from .instance import Instance
from .node_service import NodeService
from .production_json import Influx, ProductionJson

PORT = 3013


class ServerAnalyticsService(NodeService):
    """Hears no events: it has a queue."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(
            instance,
            "server-analytics-service",
            program="microservices/server-analytics-service/dist/main.js",
            listens={"health": PORT},
            health=answers_healthz(PORT),
        )
        # May write to the instance's bucket and do nothing else.
        self.reads_value(instance.secrets.influxdb_token, "influx-token", name="influxdb-token")
        telegraf = instance.data.telegraf
        self.reads_settings(
            ProductionJson(
                logger=self.logs_at_levels(),
                transport=self.uses_broker(consumes="analytics"),
                influx=Influx(
                    address=f"http://{telegraf.connect(self, instance.metrics_token)}",
                    org=instance.data.influxdb.organization,
                    bucket=instance.identity.influx_bucket,
                ),
            )
        )
