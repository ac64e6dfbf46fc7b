"""Telegraf: metrics of nodes, containers and stores, and the way in for the metrics of the application."""

from pathlib import Path

from sprocket_constructs import (
    Construct,
    HealthCheck,
    SecretValue,
    Stop,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from ..ingress.layer import IngressLayer
from ..names import TELEGRAF_SECRET
from ..rendering import render
from ..secrets import PlatformSecrets
from ..site import Site
from .collectors_proxy import CollectorsProxy, SwarmProxy, has_workers
from .influxdb import PLATFORM_BUCKET, InfluxDB, WriteToken
from .loki import Loki
from .postgres import METRICS_ROLE, Postgres
from .rabbitmq import RabbitMQ
from .redis import METRICS_USER, Redis
from .stores import STORES

HERE = Path(__file__).parent
HOST_FOLDER = "/hostfs/mnt"


class Telegraf(Construct):
    """One task on each node, writing to InfluxDB as a user that may only write.

    Stores are asked from every node, at the same rounded second and without a tag for the node: InfluxDB keeps one point
    of those, so that nothing counts twice and no node is the only one that looks.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        secrets: PlatformSecrets,
        proxy: CollectorsProxy,
        influxdb: InfluxDB,
        redis: Redis,
        rabbitmq: RabbitMQ,
        postgres: Postgres,
        loki: Loki,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._influxdb = influxdb
        self._ingress: IngressLayer | None = None
        self.service = self._service()
        self._docker = proxy.serve(self.service)
        self._swarm = self._serve_swarm()
        self._output = self.service.connect_to(influxdb.service)
        self.service.starts_after(influxdb.keeper)
        self._redis = redis.connect(self.service)
        self._rabbitmq = self.service.connect_to(rabbitmq.service, port="metrics")
        self._postgres = postgres.connect(self.service)
        self._loki = loki.connect(self.service)
        self._maintenance_database = postgres.maintenance_database
        self._disks = self._see_disks()
        self._reads_files(secrets)

    def takes(self, token: WriteToken) -> None:
        """Opens a port for writers that have this token."""
        self._reads_value(_token_key(token), token.value)

    def watch(self, ingress: IngressLayer) -> None:
        """Reads Traefik's metrics and the certificates that it serves."""
        self._ingress = ingress
        self.service.connect_to(ingress.traefik)

    def _service(self) -> SwarmService:
        return SwarmService(
            self,
            "telegraf",
            image=self._site.image("telegraf"),
            hostname="{{.Node.Hostname}}",
            listens={"health": 8080},
            health=HealthCheck.http(8080).every("10s", timeout="6s", retries=3, start_period="30s"),
            resources=self._site.resources("telegraf"),
            update=UpdatePolicy.stop_first(),
            scale=self._site.one_per_node(),
            stop=Stop(grace="15s"),
        )

    def _serve_swarm(self) -> str | None:
        """Where services and tasks are read, if not where containers are."""
        if not has_workers(self._site):
            return None
        return f"tcp://{SwarmProxy(self, 'swarm-proxy', site=self._site).serve(self.service)}"

    def _see_disks(self) -> list[str]:
        """The root of the node, and its block volumes where stores are on such."""
        if self._site.settings.stores.kind == "volume":
            return ["/"]
        self.service.binds(
            "/mnt", at=HOST_FOLDER, read_only=True, because="how full the volumes of the stores are"
        )
        return ["/", *(f"{HOST_FOLDER}/{store}" for store in STORES)]

    def _reads_files(self, secrets: PlatformSecrets) -> None:
        service = self.service
        config = SwarmConfig(self, "conf", name="telegraf-conf", content=self._conf)
        service.reads(config, at="/etc/telegraf/telegraf.conf")
        # This input takes a password from its own file only, not from a secret store.
        redis = render(
            HERE / "telegraf-redis.conf.j2",
            server=self._redis,
            user=METRICS_USER,
            password=secrets.redis_telegraf_password,
        )
        service.reads(
            SwarmSecret(self, "redis-conf", name="telegraf-redis-conf", content=redis),
            at="/etc/telegraf/telegraf.d/redis.conf",
        )
        self._reads_value("influxdb", secrets.influxdb_telegraf_password)
        self._reads_value("postgres", secrets.postgres_telegraf_password)

    def _reads_value(self, key: str, value: SecretValue) -> None:
        """Adds a file to Telegraf's secret store, which knows it by the file's name."""
        TELEGRAF_SECRET.check(self, key)
        name = key.replace("_", "-")
        secret = SwarmSecret(self, name, name=f"telegraf-{name}", content=str(value))
        self.service.reads(secret, at=f"/run/secrets/{key}")

    def _conf(self) -> str:
        return render(
            HERE / "telegraf.conf.j2",
            docker=self._docker,
            swarm=self._swarm,
            influxdb=self._output,
            database=PLATFORM_BUCKET,
            user=self.service.name,
            rabbitmq=self._rabbitmq,
            postgres=self._postgres,
            loki=self._loki,
            postgres_role=METRICS_ROLE,
            postgres_database=self._maintenance_database,
            disks=self._disks,
            tokens=[
                {"port": t.port, "bucket": t.bucket, "key": _token_key(t)} for t in self._influxdb.tokens
            ],
            traefik=self._traefik(),
        )

    def _traefik(self) -> dict[str, object] | None:
        if self._ingress is None:
            return None
        traefik, gateway = self._ingress.traefik, self._ingress.gateway
        return {
            "metrics": traefik.endpoint("metrics"),
            "https": traefik.endpoint("https"),
            "hosts": sorted({route.host for route in gateway.routes}),
        }


def _token_key(token: WriteToken) -> str:
    return f"token_{token.name.replace('-', '_')}"
