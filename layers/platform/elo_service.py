"""Elo service: ratings of players. Off by default; it has no published image, and nothing here was tried with one."""

from __future__ import annotations

from sprocket_constructs import SwarmSecret

from ..errors import SettingsError
from .broker import client_rights
from .dgraph import Dgraph
from .health import stays_connected_to
from .instance import Instance
from .node_service import NodeService

VARIABLES = "/app/secret/elo.env"


class EloService(NodeService):
    """Takes jobs from a queue in Redis; what it does with RabbitMQ is not known, so it may sign in and publish there, and nothing else. It knows variables only, so its command reads them from a mounted file.

    The predecessor put it on the internet without any sign-in. Here it has a page only where ``elo_host`` says so,
    and for admins.

    Raises:
        SettingsError: the environment names no image for it. The application's workflow builds none, and its source is
            not in that repository.
    """

    def __init__(self, instance: Instance) -> None:
        _refuse_without_image(instance)
        super().__init__(
            instance,
            "elo-service",
            program="microservices/elo-service/dist/main.js",
            variables=VARIABLES,
            listens={"http": 3000},
            health=stays_connected_to(instance.data.redis.service.endpoint().port),
        )
        self._reads_variables(Dgraph(instance))
        if instance.secrets.dgraph_api_key is not None:
            self.reads_value(instance.secrets.dgraph_api_key, "dgraph-api-key.txt", name="dgraph-api-key")
        if instance.identity.elo_host is not None:
            self.expose_via(
                instance.ingress.gateway, host=instance.identity.elo_host, access=instance.ingress.admin
            )

    def _reads_variables(self, dgraph: Dgraph) -> None:
        redis = self.uses_redis()
        url = self.instance.broker_url(
            self,
            short_name=self.short_name,
            rights=client_rights(self.instance.identity),
            frame_max=True,
        )
        alpha = dgraph.connect(self)
        http = dgraph.alpha.endpoint("http")
        values = {
            "REDIS_HOST": redis.host,
            "REDIS_PORT": redis.port,
            "REDIS_PREFIX": redis.prefix,
            "TRANSPORT_URL": url,
            "CELERY_BROKER": url,
            "DGRAPH_DATABASE_URL": alpha,
            "DGRAPH_ALPHA_URL": alpha,
            "DGRAPH_HTTP_URL": f"http://{http}",
        }
        content = "".join(f"{name}='{value}'\n" for name, value in values.items())
        name = self.instance.identity.file("elo-service-variables")
        self.reads(SwarmSecret(self, "variables", name=name, content=content), at=VARIABLES)


def _refuse_without_image(instance: Instance) -> None:
    settings, instance_name = instance.site.settings, instance.identity.name
    from_lock = settings.images.source == "lock"
    if "elo-service" in settings.images.overrides:
        return
    # What is built from packages is a stand-in at most, which rates nobody.
    if from_lock and instance.site.find_image("elo-service", instance=instance_name) is not None:
        return
    places = f"under images/overrides/elo-service in {settings.name}.yaml"
    if from_lock:
        places += f", or under application/{settings.platform.line}/images/elo-service in images.lock.yaml"
    raise SettingsError.of(
        "is true, but elo-service has no published image",
        fix=f"name one of your own (name, tag, digest) {places}; or set elo: false",
        setting=f"{instance.setting_path}/elo",
        file=instance.file,
    )
