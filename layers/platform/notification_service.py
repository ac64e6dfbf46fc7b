"""Notifications: tells people, through the bot, what happened to their scrims and submissions."""

from __future__ import annotations

from .health import answers_healthz
from .instance import Instance
from .node_service import NodeService, bucket_names
from .production_json import Buckets, ProductionJson, WebAddress

PORT = 3011


class NotificationService(NodeService):
    """Names the bucket of report cards to the bot, and opens none itself."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(
            instance,
            "notification-service",
            program="microservices/notification-service/dist/main.js",
            listens={"health": PORT},
            health=answers_healthz(PORT),
        )
        self.reads_settings(
            ProductionJson(
                logger=self.logs_at_levels(),
                transport=self.uses_broker(
                    consumes="notifications", sends=("bot", "core", "matchmaking"), events=True
                ),
                redis=self.uses_redis(),
                minio=Buckets(bucket_names=bucket_names(instance, images=True)),
                web=WebAddress(url=f"https://{instance.identity.host}"),
            )
        )
