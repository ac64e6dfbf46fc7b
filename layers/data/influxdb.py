"""InfluxDB 2: metrics."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sprocket_constructs import (
    Construct,
    ConstructError,
    HealthCheck,
    Lock,
    SecretValue,
    Stop,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from ..backup.backups import Backups
from ..ingress.layer import IngressLayer
from ..names import INFLUXDB_BUCKET, INFLUXDB_USER
from ..rendering import render, to_json
from ..secrets import PlatformSecrets
from ..site import Site
from .keeper import keeper

HERE = Path(__file__).parent
SETTINGS = "/etc/sprocket/influxdb.env"
ADMIN_PASSWORD = "/run/secrets/influxdb-password"
ADMIN_TOKEN = "/run/secrets/influxdb-admin-token"
ADMIN_HEADER = "/run/secrets/influxdb-admin-header"
ADMIN = "admin"
ADMIN_NEW_PASSWORD = "/run/secrets/influxdb-admin-password"
PLATFORM_BUCKET = "telegraf"
"""Metrics of the platform itself."""

SCRATCH_PORT = 8087
"""Of a server on a copy, for the job that tries it; on loopback only."""

CACHE_SHARE = 0.25
"""Of the memory limit, for points that are not on disk yet; the program's own default is 1 GiB."""


@dataclass(frozen=True, kw_only=True)
class User:
    """A user of the 1.x API, which is the one kind that may have a password somebody else chose."""

    name: str
    password: SecretValue
    reads: tuple[str, ...]
    writes: tuple[str, ...]

    @property
    def file(self) -> str:
        return f"/run/secrets/influxdb-user-{self.name}"


class InfluxDB(Construct):
    """The server, its buckets, and the users of its 1.x API.

    InfluxDB 2 makes the value of every token itself, except the first administrator's, so Terraform cannot know a token that is
    limited to a bucket. Users of the 1.x API can be chosen: Telegraf writes as one that may only write, Grafana reads as one that
    may only read. Programs that write with a token of the 2.x API do so through Telegraf
    (docs/decisions/0011-influxdb-accounts.md).
    """

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
        self._settings = site.settings.data.influxdb
        self._buckets = [PLATFORM_BUCKET]
        self._users: dict[str, User] = {}
        self.organization = self._settings.organization
        self._admin_token = SwarmSecret(
            self,
            "influxdb-admin-token",
            name="influxdb-admin-token",
            content=str(secrets.influxdb_admin_token),
        )
        self.service = self._server(site, secrets, ingress)
        self.keeper = keeper(
            self, "influxdb-keeper", site=site, image=site.image("influxdb"), work=self._work
        )
        header = f"Authorization: Token {secrets.influxdb_admin_token}\n"
        admin_header = SwarmSecret(self, "admin-header", name="influxdb-admin-header", content=header)
        self.keeper.reads(admin_header, at=ADMIN_HEADER)
        new_password = to_json({"password": secrets.influxdb_password})
        admin_password = SwarmSecret(
            self, "admin-password", name="influxdb-admin-password", content=new_password
        )
        self.keeper.reads(admin_password, at=ADMIN_NEW_PASSWORD)
        self.keeper.connect_to(self.service)
        self.backup = backups.job(
            self,
            "influxdb",
            image=site.image("influxdb"),
            server=self.service,
            listens={"scratch": SCRATCH_PORT},
            work=lambda: render(
                HERE / "influxdb-backup.sh.j2",
                organization=self.organization,
                token=ADMIN_TOKEN,
                port=SCRATCH_PORT,
                keep=self._work(),
            ),
        )
        self.backup.reads(self._admin_token, at=ADMIN_TOKEN)
        self.backup.reads(admin_header, at=ADMIN_HEADER)
        self.backup.reads(admin_password, at=ADMIN_NEW_PASSWORD)
        self.service.stores(
            site.storage(self, "influxdb"),
            at="/var/lib/influxdb2",
            backup=self.backup,
            lock=Lock.by_program(because="influxd locks influxd.bolt before it opens anything else"),
        )

    @property
    def buckets(self) -> list[str]:
        """All buckets, the platform's own first."""
        return list(self._buckets)

    def bucket(self, name: str) -> None:
        """Declares a bucket; points are kept for ``data.influxdb.retention_days``.

        Raises:
            ConstructError: it is declared already, or InfluxDB does not accept the name.
        """
        INFLUXDB_BUCKET.check(self, name)
        if name in self._buckets:
            raise ConstructError(
                self, f"bucket {name} is taken", fix="give each user of InfluxDB a bucket of its own"
            )
        self._buckets.append(name)

    def user(
        self, name: str, *, password: SecretValue, reads: Sequence[str] = (), writes: Sequence[str] = ()
    ) -> None:
        """Declares a user of the 1.x API (``/query`` and ``/write``). ``*`` stands for all buckets that are declared.

        Raises:
            ConstructError: it is declared already, or the name cannot stand in a URL.
        """
        INFLUXDB_USER.check(self, name)
        if name in self._users:
            raise ConstructError(
                self,
                f"user {name} is taken",
                fix="give each program that asks InfluxDB a user of its own",
            )
        self._users[name] = User(name=name, password=password, reads=tuple(reads), writes=tuple(writes))
        content = SwarmSecret(
            self, f"user-{name}", name=f"influxdb-user-{name}", content=to_json({"password": password})
        )
        for reader in (self.keeper, self.backup):
            reader.reads(content, at=self._users[name].file)

    def _server(self, site: Site, secrets: PlatformSecrets, ingress: IngressLayer) -> SwarmService:
        resources = site.resources("influxdb")
        service = SwarmService(
            self,
            "influxdb",
            image=site.image("influxdb"),
            # Settings are variables for this program; they come from a file, and only its own entry point sees them.
            command=("/bin/sh", "-c", f"set -a; . {SETTINGS}; exec /entrypoint.sh influxd"),
            listens={"http": 8086},
            health=HealthCheck.command("influx", "ping").every(
                "10s", timeout="10s", retries=5, start_period="1m"
            ),
            resources=resources,
            update=UpdatePolicy.stop_first(),
            stop=Stop(grace="1m"),
        )
        settings = render(
            HERE / "influxdb.env.j2",
            admin=ADMIN,
            organization=self.organization,
            bucket=PLATFORM_BUCKET,
            retention_days=self._settings.retention_days,
            password_file=ADMIN_PASSWORD,
            token_file=ADMIN_TOKEN,
            cache_bytes=int(resources.memory_limit_bytes * CACHE_SHARE),
        )
        service.reads(SwarmConfig(self, "settings", name="influxdb-env", content=settings), at=SETTINGS)
        password = SwarmSecret(
            self, "influxdb-password", name="influxdb-password", content=str(secrets.influxdb_password)
        )
        service.reads(password, at=ADMIN_PASSWORD)
        service.reads(self._admin_token, at=ADMIN_TOKEN)
        service.expose_via(ingress.gateway, host=site.host("influxdb"), access=ingress.admin)
        return service

    def _work(self) -> str:
        return render(
            HERE / "influxdb-keeper.sh.j2",
            organization=self.organization,
            header=ADMIN_HEADER,
            admin=ADMIN,
            admin_password=ADMIN_NEW_PASSWORD,
            buckets=self._buckets,
            retention_seconds=self._settings.retention_days * 86400,
            users=[
                {"name": u.name, "file": u.file, "reads": self._all(u.reads), "writes": self._all(u.writes)}
                for u in self._users.values()
            ],
        )

    def _all(self, names: tuple[str, ...]) -> list[str]:
        return self.buckets if names == ("*",) else list(names)
