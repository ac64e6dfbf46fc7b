"""Telegraf: metrics of nodes, containers and stores, and the way in for the metrics of the application."""

from dataclasses import dataclass, replace
from pathlib import Path

from sprocket_constructs import (
    Access,
    Construct,
    ConstructError,
    Endpoint,
    HealthCheck,
    SecretValue,
    Stop,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from ..backup.backups import Backups
from ..ingress.layer import IngressLayer
from ..names import TELEGRAF_SECRET
from ..pages import MONITORING
from ..rendering import render
from ..secrets import PlatformSecrets
from ..site import Site
from .collectors_proxy import CollectorsProxy, SwarmProxy, has_workers
from .grafana import Grafana
from .influxdb import PLATFORM_BUCKET, InfluxDB
from .loki import Loki
from .postgres import METRICS_ROLE, Postgres
from .rabbitmq import RabbitMQ
from .redis import METRICS_USER, Redis

HERE = Path(__file__).parent
HOST_FOLDER = "/hostfs/mnt"
BACKUP_FOLDER = "/etc/telegraf/backups"
FIRST_WRITE_PORT = 8186
DEPLOY_PORT = 8185
DEPLOY_PATH = "/deploy"
"""Where it takes one line about each deploy, on the loopback of its task."""
WATCH_PORT = 8081


@dataclass(frozen=True, kw_only=True)
class WriteToken:
    """A token that writes points into one bucket, and the port of Telegraf that accepts it."""

    name: str
    value: SecretValue
    bucket: str
    port: int

    @property
    def key(self) -> str:
        """Its name in Telegraf's secret store, where only letters, digits and underscores are allowed."""
        return f"token_{self.name.replace('-', '_')}"


class Telegraf(Construct):
    """One task on each node, writing to InfluxDB as a user that may only write.

    Stores are asked from every node, at the same rounded second and without a tag for the node: InfluxDB keeps one point
    of those, so that nothing counts twice and no node is the only one that looks.

    It is also the way in for programs that write with a token: it accepts points at the API of InfluxDB 2, on one port and with
    one generated token for each writer, and passes them on (docs/decisions/0011-influxdb-accounts.md).
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
        backups: Backups,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._influxdb = influxdb
        self._tokens: dict[str, WriteToken] = {}
        self._ingress: IngressLayer | None = None
        self._grafana: Endpoint | None = None
        self._tells_discord = secrets.alerts_webhook is not None
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
        self._sees_backups(backups)
        self._reads_files(secrets)
        if self._tells_discord:
            self.service.reaches_internet(because="asks whether Discord and its name are reached")

    @property
    def tokens(self) -> tuple[WriteToken, ...]:
        """All tokens, in the order they were declared."""
        return tuple(self._tokens.values())

    def token(self, *, name: str, value: SecretValue, bucket: str) -> WriteToken:
        """Lets whoever has the value write points into one bucket, by the API of InfluxDB 2.

        The bucket that the writer names is ignored: the token decides.

        Raises:
            ConstructError: the bucket is not declared, the name is taken, or Telegraf's secret store does not accept it.
        """
        if bucket not in self._influxdb.buckets:
            raise ConstructError(
                self,
                f"token {name} writes into bucket {bucket}, which InfluxDB does not have",
                fix=f"use one of {', '.join(self._influxdb.buckets)}, or declare it first: influxdb.bucket(...)",
            )
        if name in self._tokens:
            raise ConstructError(
                self, f"token {name} is declared twice", fix="give each writer a token of its own"
            )
        token = WriteToken(name=name, value=value, bucket=bucket, port=FIRST_WRITE_PORT + len(self._tokens))
        self._reads_value(token.key, value)
        self._tokens[name] = token
        return token

    def connect(self, client: SwarmService, token: WriteToken) -> Endpoint:
        """Lets a service reach it and returns where it writes with this token."""
        return replace(client.connect_to(self.service), port=token.port)

    def watch(self, ingress: IngressLayer, grafana: Grafana) -> None:
        """Reads Traefik's metrics and the certificates that it serves, and whether Grafana works.

        That one is shown to the internet where somebody outside asks for it: who watches is watched by nobody inside.
        """
        self._ingress = ingress
        self.service.connect_to(ingress.traefik)
        self._grafana = self.service.connect_to(grafana.service)
        cloud = self._site.settings.cloud
        if cloud is not None and cloud.alerts is not None:
            self.service.expose_via(
                ingress.gateway,
                host=self._site.settings.domain,
                path=MONITORING,
                port="watch",
                access=Access.public(because="DigitalOcean asks whether the monitoring works"),
            )

    def _service(self) -> SwarmService:
        return SwarmService(
            self,
            "telegraf",
            image=self._site.image("telegraf"),
            hostname="{{.Node.Hostname}}",
            listens={"health": 8080, "watch": WATCH_PORT},
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
        """The root of the node, and the block volume of every store where stores are on such."""
        if self._site.settings.stores.kind == "volume":
            return ["/"]
        self.service.binds(
            "/mnt", at=HOST_FOLDER, read_only=True, because="how full the volumes of the stores are"
        )
        return ["/", *(f"{HOST_FOLDER}/{store}" for store in self._site.settings.store_names)]

    def _sees_backups(self, backups: Backups) -> None:
        """What the sender of the same node says. Where there is none, a file of comments: Telegraf wants one at least."""
        nothing = SwarmConfig(self, "no-backups", name="telegraf-no-backups", content="# no sender is here\n")
        self.service.reads(nothing, at=f"{BACKUP_FOLDER}/none.line")
        backups.status.mount(
            self.service,
            at=f"{BACKUP_FOLDER}/node",
            because="the age of the last copy of each store",
            read_only=True,
        )

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
            backups=f"{BACKUP_FOLDER}/**.line",
            tokens=[{"port": t.port, "bucket": t.bucket, "key": t.key} for t in self.tokens],
            grafana=self._grafana,
            tells_discord=self._tells_discord,
            deploy_port=DEPLOY_PORT,
            deploy_path=DEPLOY_PATH,
            watch_port=WATCH_PORT,
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
