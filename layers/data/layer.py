"""The data layer: stores of the application, and the collectors of metrics and logs."""

from sprocket_constructs import Construct

from ..backup.backups import Backups
from ..ingress.layer import IngressLayer
from ..secrets import PlatformSecrets
from ..site import Site
from .alloy import Alloy
from .collectors_proxy import CollectorsProxy
from .grafana import INFLUXDB_USER, Grafana
from .influxdb import InfluxDB
from .loki import Loki
from .minio import MinIO
from .object_storage import ObjectStorage
from .postgres import Postgres
from .rabbitmq import RabbitMQ
from .redis import Redis
from .spaces import Spaces
from .telegraf import Telegraf


class DataLayer(Construct):
    """Stores and collectors. Services of the application connect to the stores; nothing else can reach them."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        secrets: PlatformSecrets,
        ingress: IngressLayer,
        backups: Backups,
    ) -> None:
        super().__init__(scope, id_)
        self.redis = Redis(self, "redis", site=site, secrets=secrets, backups=backups)
        self.rabbitmq = RabbitMQ(
            self, "rabbitmq", site=site, secrets=secrets, ingress=ingress, backups=backups
        )
        self.postgres = Postgres(self, "postgres", site=site, secrets=secrets, backups=backups)
        self.object_storage: ObjectStorage = (
            MinIO(self, "object-storage", site=site, secrets=secrets, ingress=ingress, backups=backups)
            if site.settings.data.object_storage.kind == "minio"
            else Spaces(self, "object-storage", site=site, backups=backups)
        )
        self.influxdb = InfluxDB(
            self, "influxdb", site=site, secrets=secrets, ingress=ingress, backups=backups
        )
        self.loki = Loki(self, "loki", site=site)
        self.collectors_proxy = CollectorsProxy(self, "collectors-proxy", site=site)
        self.alloy = Alloy(self, "alloy", site=site, proxy=self.collectors_proxy, loki=self.loki)
        self.telegraf = Telegraf(
            self,
            "telegraf",
            site=site,
            secrets=secrets,
            proxy=self.collectors_proxy,
            influxdb=self.influxdb,
            redis=self.redis,
            rabbitmq=self.rabbitmq,
            postgres=self.postgres,
            loki=self.loki,
            backups=backups,
        )
        self.influxdb.user("telegraf", password=secrets.influxdb_telegraf_password, writes=["*"])
        self.influxdb.user(INFLUXDB_USER, password=secrets.influxdb_grafana_password, reads=["*"])
        self.grafana = Grafana(
            self,
            "grafana",
            site=site,
            secrets=secrets,
            ingress=ingress,
            influxdb=self.influxdb,
            loki=self.loki,
            postgres=self.postgres,
            backups=backups,
        )

    def watch(self, ingress: IngressLayer) -> None:
        """Has Telegraf read what Traefik measures; called when all routes are declared."""
        self.telegraf.watch(ingress, self.grafana)
