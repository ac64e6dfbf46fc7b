"""InfluxDB 2: metrics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sprocket_constructs import (
    Backup,
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

from ..ingress.layer import IngressLayer
from ..names import INFLUXDB_BUCKET, INFLUXDB_USER
from ..rendering import render, to_json
from ..secrets import PlatformSecrets
from ..site import Site
from .keeper import keeper

if TYPE_CHECKING:
    from .telegraf import Telegraf

HERE = Path(__file__).parent
SETTINGS = "/etc/sprocket/influxdb.env"
ADMIN_PASSWORD = "/run/secrets/influxdb-password"
ADMIN_TOKEN = "/run/secrets/influxdb-admin-token"
ADMIN_HEADER = "/run/secrets/influxdb-admin-header"
PLATFORM_BUCKET = "telegraf"
"""Metrics of the platform itself."""

CACHE_SHARE = 0.25
"""Of the memory limit, for points that are not on disk yet; the program's own default is 1 GiB."""

FIRST_WRITE_PORT = 8186


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


@dataclass(frozen=True, kw_only=True)
class WriteToken:
    """A token that writes points into one bucket, and the port of Telegraf that takes it."""

    name: str
    value: SecretValue
    bucket: str
    port: int


class InfluxDB(Construct):
    """The server, its buckets, and who may read and write them.

    InfluxDB 2 makes the value of every token itself, save the first administrator's, so a scoped token cannot be known to
    Terraform. What can be chosen are users of the 1.x API, and Telegraf speaks both: it takes points at the API of 2.x,
    with a token of our choice for each bucket, and passes them on as a user that may only write. Grafana reads as a user that
    may only read (docs/decisions/0011-influxdb-accounts.md).
    """

    def __init__(
        self, scope: Construct, id_: str, *, site: Site, secrets: PlatformSecrets, ingress: IngressLayer
    ) -> None:
        super().__init__(scope, id_)
        self._settings = site.settings.data.influxdb
        self._buckets = [PLATFORM_BUCKET]
        self._users: dict[str, User] = {}
        self._tokens: dict[str, WriteToken] = {}
        self._telegraf: Telegraf | None = None
        self.organization = self._settings.organization
        self.service = self._server(site, secrets, ingress)
        self.keeper = keeper(
            self, "influxdb-keeper", site=site, image=site.image("influxdb"), work=self._work
        )
        header = f"Authorization: Token {secrets.influxdb_admin_token}\n"
        self.keeper.reads(
            SwarmSecret(self, "admin-header", name="influxdb-admin-header", content=header), at=ADMIN_HEADER
        )
        self.keeper.connect_to(self.service)

    @property
    def buckets(self) -> list[str]:
        """All buckets, the platform's own first."""
        return list(self._buckets)

    @property
    def tokens(self) -> list[WriteToken]:
        """All tokens for writing, in the order they were declared."""
        return list(self._tokens.values())

    def bucket(self, name: str) -> None:
        """Declares a bucket; points are kept for ``data.influxdb.retention_days``.

        Raises:
            ConstructError: it is declared already, or InfluxDB does not take the name.
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
            ConstructError: the name cannot stand in a URL.
        """
        INFLUXDB_USER.check(self, name)
        self._users[name] = User(name=name, password=password, reads=tuple(reads), writes=tuple(writes))
        content = SwarmSecret(
            self, f"user-{name}", name=f"influxdb-user-{name}", content=to_json({"password": password})
        )
        self.keeper.reads(content, at=self._users[name].file)

    def token(
        self, *, value: SecretValue, name: str, reads: Sequence[str] = (), writes: Sequence[str] = ()
    ) -> WriteToken:
        """Lets whoever has the value write points into one bucket, through Telegraf, by the API of InfluxDB 2.

        The bucket that the writer names counts for nothing: the token decides.

        Raises:
            ConstructError: it is to read, or to write to more or less than one declared bucket.
        """
        if reads or len(writes) != 1 or writes[0] not in self._buckets:
            raise ConstructError(
                self,
                f"token {name} reads {', '.join(reads) or 'nothing'} and writes {', '.join(writes) or 'nothing'}",
                fix=f"a token writes one bucket of {', '.join(self._buckets)}; declare the bucket first, and a user for reading",
            )
        if name in self._tokens:
            raise ConstructError(
                self, f"token {name} is declared twice", fix="give each writer a token of its own"
            )
        port = FIRST_WRITE_PORT + len(self._tokens)
        token = self._tokens[name] = WriteToken(name=name, value=value, bucket=writes[0], port=port)
        self._gate().takes(token)
        return token

    def connect(self, client: SwarmService, token: WriteToken | None = None) -> Endpoint:
        """Where a client writes with a token, by the API of InfluxDB 2.

        Args:
            token: may be left out while there is only one.

        Raises:
            ConstructError: there is no token, or there are several and none was named.
        """
        if token is None and len(self._tokens) == 1:
            token = self.tokens[0]
        if token is None:
            have = ", ".join(self._tokens) or "none"
            raise ConstructError(
                client,
                f"connects to InfluxDB without saying with which token; declared are {have}",
                fix="pass what token() returned",
            )
        return replace(client.connect_to(self._gate().service), port=token.port)

    def is_written_through(self, telegraf: "Telegraf") -> None:
        """Names the way in for tokens."""
        self._telegraf = telegraf

    def _gate(self) -> "Telegraf":
        assert self._telegraf is not None  # the data layer names it before anybody can ask
        return self._telegraf

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
            organization=self.organization,
            bucket=PLATFORM_BUCKET,
            retention_days=self._settings.retention_days,
            password_file=ADMIN_PASSWORD,
            token_file=ADMIN_TOKEN,
            cache_bytes=int(resources.memory_limit_bytes * CACHE_SHARE),
        )
        service.reads(SwarmConfig(self, "settings", name="influxdb-env", content=settings), at=SETTINGS)
        for path, name, value in (
            (ADMIN_PASSWORD, "influxdb-password", secrets.influxdb_password),
            (ADMIN_TOKEN, "influxdb-admin-token", secrets.influxdb_admin_token),
        ):
            service.reads(SwarmSecret(self, name, name=name, content=str(value)), at=path)
        service.stores(
            site.storage(self, "influxdb"),
            at="/var/lib/influxdb2",
            backup=Backup.by("influx backup, nightly"),
        )
        service.expose_via(ingress.gateway, host=site.host("influxdb"), access=ingress.admin)
        return service

    def _work(self) -> str:
        return render(
            HERE / "influxdb-keeper.sh.j2",
            organization=self.organization,
            header=ADMIN_HEADER,
            buckets=self._buckets,
            retention_seconds=self._settings.retention_days * 86400,
            users=[
                {"name": u.name, "file": u.file, "reads": self._all(u.reads), "writes": self._all(u.writes)}
                for u in self._users.values()
            ],
        )

    def _all(self, names: tuple[str, ...]) -> list[str]:
        return self.buckets if names == ("*",) else list(names)
