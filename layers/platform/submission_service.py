"""Submissions: takes replays in, has them parsed, and waits for both teams to agree on the result."""

from __future__ import annotations

from .health import answers_healthz
from .instance import Instance
from .node_service import NodeService
from .production_json import ProductionJson

PORT = 3012


class SubmissionService(NodeService):
    """Sends parse tasks by Celery and reads their results from Redis."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(
            instance,
            "submission-service",
            program="microservices/submission-service/dist/main.js",
            listens={"health": PORT},
            health=answers_healthz(PORT),
        )
        self.reads_settings(
            ProductionJson(
                logger=self.logs_at_levels(),
                transport=self.uses_broker(
                    consumes="submission", sends=("core", "matchmaking"), events=True, celery=True
                ),
                redis=self.uses_redis(),
                minio=self.uses_object_storage(replays=True),
            )
        )
