"""Matchmaking: scrims, kept as JSON documents in Redis."""

from __future__ import annotations

from .health import answers_healthz
from .instance import Instance
from .node_service import NodeService
from .production_json import ProductionJson

PORT = 3010


class MatchmakingService(NodeService):
    """Takes its work from RabbitMQ."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(
            instance,
            "matchmaking-service",
            program="microservices/matchmaking-service/dist/main.js",
            listens={"health": PORT},
            health=answers_healthz(PORT),
        )
        self.reads_settings(
            ProductionJson(
                logger=self.logs_at_levels(),
                transport=self.uses_broker(
                    consumes="matchmaking", sends=("analytics", "submission"), events=True
                ),
                redis=self.uses_redis(),
            )
        )
