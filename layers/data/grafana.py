"""Grafana: dashboards and alerts."""

from pathlib import Path
from typing import Any

from sprocket_constructs import (
    Construct,
    HealthCheck,
    Lock,
    NoBackup,
    Stop,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from ..backup.backups import Backups
from ..backup.files import files_backup
from ..ingress.layer import IngressLayer
from ..names import GRAFANA_UID
from ..rendering import render, to_json, to_yaml
from ..secrets import PlatformSecrets
from ..site import Site
from . import alerting
from .dashboard import dashboards, link_alerts
from .influxdb import PLATFORM_BUCKET, InfluxDB
from .loki import Loki
from .postgres import Postgres, PostgresAddress

HERE = Path(__file__).parent
DATA = "/var/lib/grafana"
PROVISIONING = "/etc/grafana/provisioning"
DASHBOARD_FOLDER = "/etc/grafana/dashboards"
START = "/etc/sprocket/start.sh"
ADMIN = "admin"
PASSWORD = "/run/secrets/grafana-password"
KEY = "/run/secrets/grafana-secret-key"
DATABASE_PASSWORD = "/run/secrets/grafana-database-password"
INFLUXDB_PASSWORD = "/run/secrets/influxdb-password"
INFLUXDB_USER = "grafana"
METRICS = "influxdb"
LOGS = "loki"


class Grafana(Construct):
    """All that it shows comes from files: data sources, dashboards, alert rules, where alerts go.

    Its own sign-in stays on behind the one of the admin pages: other services share the network of the gateway with it, so a
    header that names a user could come from any of them.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        secrets: PlatformSecrets,
        ingress: IngressLayer,
        influxdb: InfluxDB,
        loki: Loki,
        postgres: Postgres,
        backups: Backups,
    ) -> None:
        super().__init__(scope, id_)
        self._influxdb = influxdb
        self.host = site.host("grafana")
        self.service = self._service(site)
        self._metrics = self.service.connect_to(influxdb.service)
        self.service.starts_after(influxdb.keeper)
        self._logs = loki.connect(self.service)
        self._reads_secrets(secrets)
        self._reads_settings(self._database(postgres, secrets))
        self._reads_provisioning()
        if secrets.alerts_webhook is not None:
            self._sends_alerts(secrets)
        self._keeps_data(site, backups, in_postgres=secrets.grafana_database_password is not None)
        self.service.expose_via(ingress.gateway, host=self.host, access=ingress.admin)

    def _service(self, site: Site) -> SwarmService:
        return SwarmService(
            self,
            "grafana",
            image=site.image("grafana"),
            command=("/bin/sh", START),
            listens={"http": 3000},
            health=HealthCheck.http(3000, "/api/health").every(
                "10s", timeout="6s", retries=5, start_period="2m"
            ),
            resources=site.resources("grafana"),
            update=UpdatePolicy.stop_first(),
            stop=Stop(grace="30s"),
        )

    def _keeps_data(self, site: Site, backups: Backups, *, in_postgres: bool) -> None:
        """Its database: users, what they changed, the history of alerts. All else in the directory is made again at a start."""
        storage = site.storage(self, "grafana")
        if in_postgres:
            reason = NoBackup(because="its database is in Postgres, and is copied there")
            self.service.stores(storage, at=DATA, backup=reason, lock=Lock.by_shell())
            return
        job = files_backup(
            self,
            "grafana",
            server=self.service,
            storage=storage,
            data=DATA,
            files=("grafana.db", "grafana.db-wal", "grafana.db-shm", "grafana.db-journal"),
            functions=HERE / "grafana-backup.sh",
            backups=backups,
        )
        self.service.stores(storage, at=DATA, backup=job, lock=Lock.by_shell())

    def _database(self, postgres: Postgres, secrets: PlatformSecrets) -> PostgresAddress | None:
        """A database of its own where the settings say so, else a file on its volume."""
        password = secrets.grafana_database_password
        if password is None:
            return None
        postgres.database("grafana", owner="grafana", password=password)
        secret = SwarmSecret(
            self, "database-password", name="grafana-database-password", content=str(password)
        )
        self.service.reads(secret, at=DATABASE_PASSWORD)
        return postgres.connect(self.service)

    def _reads_secrets(self, secrets: PlatformSecrets) -> None:
        for path, value in (
            (PASSWORD, secrets.grafana_password),
            (KEY, secrets.grafana_secret_key),
            (INFLUXDB_PASSWORD, secrets.influxdb_grafana_password),
        ):
            name = Path(path).name
            secret = SwarmSecret(
                self, name, name=f"grafana-{name.removeprefix('grafana-')}", content=str(value)
            )
            self.service.reads(secret, at=path)

    def _reads_settings(self, database: PostgresAddress | None) -> None:
        start = render(HERE / "grafana-start.sh.j2", user=ADMIN, password_file=PASSWORD)
        self.service.reads(SwarmConfig(self, "start", name="grafana-start", content=start), at=START)
        settings = render(
            HERE / "grafana.ini.j2",
            host=self.host,
            admin=ADMIN,
            password_file=PASSWORD,
            key_file=KEY,
            database=database,
            database_password_file=DATABASE_PASSWORD,
            dashboards=DASHBOARD_FOLDER,
        )
        self.service.reads(
            SwarmConfig(self, "settings", name="grafana-ini", content=settings), at="/etc/grafana/grafana.ini"
        )

    def _reads_provisioning(self) -> None:
        boards = dashboards(metrics=METRICS, logs=LOGS)
        files = {
            "datasources": lambda: to_yaml(self._datasources()),
            "dashboards": lambda: to_yaml(_provider()),
            # JSON is YAML, and writing 500 lines of it takes a hundredth of the time.
            "alerting": lambda: to_json(link_alerts(alerting.rules(datasource=METRICS), boards)),
        }
        for folder, content in files.items():
            config = SwarmConfig(self, folder, name=f"grafana-{folder}", content=content)
            self.service.reads(config, at=f"{PROVISIONING}/{folder}/platform.yaml")
        for board in boards:
            config = SwarmConfig(
                self,
                f"dashboard-{board.uid}",
                name=f"grafana-dashboard-{board.uid}",
                content=board.text,
            )
            self.service.reads(config, at=f"{DASHBOARD_FOLDER}/{board.uid}.json")

    def _sends_alerts(self, secrets: PlatformSecrets) -> None:
        """Discord is outside the swarm; the address of the channel's webhook is a secret, and so is the file with it."""
        contact = to_yaml(alerting.contact_points(secrets.alerts_webhook))
        self.service.reads(
            SwarmSecret(self, "contact", name="grafana-contact", content=contact),
            at=f"{PROVISIONING}/alerting/contact.yaml",
        )
        policy = SwarmConfig(self, "policy", name="grafana-policy", content=to_yaml(alerting.policies()))
        self.service.reads(policy, at=f"{PROVISIONING}/alerting/policy.yaml")
        self.service.reaches_internet(because="alerts go to Discord")

    def _datasources(self) -> dict[str, Any]:
        """InfluxDB once for each bucket, since InfluxQL names none, and Loki. Their uids are what dashboards and rules name."""
        sources = [self._influx_source(bucket) for bucket in self._influxdb.buckets]
        loki = {"name": "Loki", "uid": LOGS, "type": "loki", "access": "proxy", "url": f"http://{self._logs}"}
        return {"apiVersion": 1, "prune": True, "datasources": [*sources, loki]}

    def _influx_source(self, bucket: str) -> dict[str, Any]:
        own = bucket == PLATFORM_BUCKET
        return {
            "name": "InfluxDB" if own else f"InfluxDB {bucket}",
            "uid": GRAFANA_UID.check(self, METRICS if own else f"{METRICS}-{bucket}"),
            "type": "influxdb",
            "access": "proxy",
            "url": f"http://{self._metrics}",
            "user": INFLUXDB_USER,
            "isDefault": own,
            "jsonData": {"version": "InfluxQL", "dbName": bucket, "httpMode": "POST"},
            "secureJsonData": {"password": f"$__file{{{INFLUXDB_PASSWORD}}}"},
        }


def _provider() -> dict[str, Any]:
    """Grafana deletes a dashboard of its database once its file is gone, so that it shows what this version of the code has."""
    provider = {
        "name": "platform",
        "folder": alerting.FOLDER,
        "type": "file",
        "disableDeletion": False,
        "allowUiUpdates": False,
        "options": {"path": DASHBOARD_FOLDER},
    }
    return {"apiVersion": 1, "providers": [provider]}
