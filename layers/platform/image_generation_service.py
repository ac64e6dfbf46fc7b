"""Image generation: turns results and a template into report cards."""

from __future__ import annotations

from .health import answers_healthz
from .instance import Instance
from .node_service import NodeService
from .production_json import ProductionJson

PORT = 3014

HEAP_SHARE = 0.5
"""Pictures are drawn by native libraries, outside of the heap."""


class ImageGenerationService(NodeService):
    """Bursts of processor and memory, one for each report card."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(
            instance,
            "image-generation-service",
            program="microservices/image-generation-service/dist/main.js",
            listens={"health": PORT},
            health=answers_healthz(PORT),
            heap_share=HEAP_SHARE,
        )
        self.reaches_internet(because="downloads the pictures that a report card names, such as team logos")
        self.reads_settings(
            ProductionJson(
                logger=self.logs_at_levels(),
                transport=self.uses_broker(consumes="image-generation"),
                minio=self.uses_object_storage(images=True),
            )
        )
