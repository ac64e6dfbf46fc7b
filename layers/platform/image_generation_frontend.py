"""Image generation frontend: the editor for templates of report cards."""

from __future__ import annotations

from sprocket_constructs import SwarmSecret

from ..errors import SettingsError
from ..rendering import to_json
from .health import accepts_connections
from .instance import Instance
from .node_service import NodeService

PORT = 3000


class ImageGenerationFrontend(NodeService):
    """For admins only: it runs SQL that is typed into it.

    Raises:
        SettingsError: the database demands TLS, which this line of images cannot speak.
    """

    def __init__(self, instance: Instance) -> None:
        super().__init__(
            instance,
            "image-generation-frontend",
            program="clients/image-generation-frontend/build/index.js",
            listens={"http": PORT},
            health=accepts_connections(PORT),
        )
        self._check_database_takes_plaintext()
        self._reads_configuration()
        self.expose_via(
            instance.ingress.gateway,
            host=instance.identity.image_generation_host,
            access=instance.ingress.admin,
        )

    def _check_database_takes_plaintext(self) -> None:
        if self.instance.data.postgres.connect(self).tls:
            raise SettingsError.of(
                "its image speaks plaintext to Postgres, whatever is configured, and data/postgres demands TLS",
                fix="set it to false, or data/postgres/where to swarm",
                setting=f"{self.instance.setting_path}/image_generation_frontend",
                file=self.instance.file,
            )

    def _reads_configuration(self) -> None:
        """A file of its own form, in place of the one that the image was built with."""
        database = self.uses_database(password_file="db-secret.txt")
        storage = self.uses_object_storage(images=True)
        broker = self.uses_broker(sends=("image-generation",), named_replies=True)
        content = {
            "minio": {
                "endpoint": storage.end_point,
                "port": storage.port,
                "bucket": storage.bucket_names.image_generation,
                "ssl": storage.use_ssl,
            },
            "knex": {
                "host": database.host,
                "port": database.port,
                "user": database.username,
                "database": database.database,
                "enable_logs": database.enable_logs,
                "ssl": False,
            },
            "transport": {"url": broker.url, "image_generation_queue": broker.image_generation_queue},
        }
        name = self.instance.identity.file("image-generation-frontend-settings")
        self.reads(
            SwarmSecret(self, "settings", name=name, content=to_json(content)), at="/app/src/config.json"
        )
