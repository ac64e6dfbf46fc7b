"""Postgres: in the swarm, or managed by DigitalOcean."""

import re
from dataclasses import dataclass
from pathlib import Path

from sprocket_constructs import (
    BackupJob,
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
from ..names import POSTGRES_NAME
from ..rendering import render
from ..secrets import PlatformSecrets
from ..site import Site
from ..stores import owner_of
from .keeper import keeper

HERE = Path(__file__).parent
START = "/etc/sprocket/start.sh"
UPGRADE = "/etc/sprocket/upgrade.sh"
DATA = "/var/lib/postgresql/data"
"""A directory for each major version lies below it. The images have their own defaults, which differ from 18 on."""
PASSWORD = "/run/secrets/postgres-password"
PASSFILE = "/run/secrets/pgpass"
MANAGED_SUPERUSER, MANAGED_DATABASE = "doadmin", "defaultdb"
"""What a cluster of DigitalOcean begins with."""
METRICS_ROLE = "telegraf"
"""Reads the statistics that every role may read, and owns nothing."""

LISTENS = "pg_isready -q -h 127.0.0.1 -U postgres"
"""By TCP: while the image sets up an empty directory, its server answers on the Unix socket only."""
WRITES = """psql -U postgres -qAtX -o /dev/null -c "SELECT pg_logical_emit_message(true, 'health', '')\""""
"""A record of some 60 bytes in the write-ahead log, whose commit waits until it is on the disk. It changes no table."""

LEFT_BY_RESTORES = "_(restoring|replaced_[0-9]+)"
"""How the name of a database ends that a restore makes, or keeps until the next copy."""
LONGEST_DATABASE_NAME = 63 - len("_replaced_1234567890")
"""Postgres cuts longer names off without a word."""

SHARED_BUFFERS_SHARE = 0.25
CACHE_SHARE = 0.75
"""Of the memory limit, as Postgres' documentation advises for a server of its own."""


@dataclass(frozen=True, kw_only=True)
class PostgresAddress:
    """Where it answers, and whether it demands TLS (the managed one does; its certificate is not checked by clients)."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, kw_only=True)
class Role:
    """A login and the file that its password is in, inside the keeper."""

    name: str
    password: SecretValue

    @property
    def file(self) -> str:
        return f"/run/secrets/role-{self.name}"


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database and the only role that may connect to it."""

    name: str
    owner: str


class Postgres(Construct):
    """The server, and the keeper that makes roles and databases in it.

    Where the server is managed, the keeper works as ``doadmin`` on its private address. Terraform could make databases there
    too, but not in the swarm's server, and a role made by DigitalOcean has a password that DigitalOcean chose. One way for both
    (docs/decisions/0012-keepers.md).
    """

    def __init__(
        self, scope: Construct, id_: str, *, site: Site, secrets: PlatformSecrets, backups: Backups
    ) -> None:
        super().__init__(scope, id_)
        settings = site.settings.data.postgres
        self._site = site
        self._managed = settings.where == "managed"
        self._password = secrets.postgres_password
        self._roles: dict[str, Role] = {}
        self._databases: dict[str, Database] = {}
        self.superuser = MANAGED_SUPERUSER if self._managed else "postgres"
        self.maintenance_database = MANAGED_DATABASE if self._managed else "postgres"
        self.address = PostgresAddress(
            host=settings.host or "postgres", port=settings.port, tls=self._managed
        )
        # libpq refuses a file that others may read.
        self._passfile = SwarmSecret(
            self, "passfile", name="postgres-passfile", content=f"*:*:*:{self.superuser}:{self._password}\n"
        )
        self.service = None if self._managed else self._server()
        self.backup = self._copied_by(backups)
        self.keeper = self._keeper()
        self.backup.starts_after(self.keeper)
        self.role(METRICS_ROLE, password=secrets.postgres_telegraf_password)

    def connect(self, client: SwarmService) -> PostgresAddress:
        """Lets a service reach it, after roles and databases are there."""
        self._reach(client)
        client.starts_after(self.keeper)
        return self.address

    def role(self, name: str, *, password: SecretValue) -> None:
        """Makes a login with this password. Declaring the same one twice is allowed.

        Raises:
            ConstructError: Postgres does not accept the name unquoted, or has another password already.
        """
        POSTGRES_NAME.check(self, name, kind="role name")
        if name == self.superuser:
            raise ConstructError(
                self, f"role {name} is the server's own superuser", fix="choose another name"
            )
        known = self._roles.get(name)
        if known is not None and known.password is not password:
            raise ConstructError(
                self,
                f"role {name} has the passwords {known.password.name} and {password.name}",
                fix="give each database an owner of its own, or both the same password",
            )
        if known is None:
            role = self._roles[name] = Role(name=name, password=password)
            content = SwarmSecret(self, f"role-{name}", name=f"postgres-role-{name}", content=str(password))
            self.keeper.reads(content, at=role.file)

    def database(self, name: str, *, owner: str, password: SecretValue) -> None:
        """Makes a database and its owner, who alone may connect to it.

        Raises:
            ConstructError: the database exists with another owner, or Postgres does not accept a name unquoted.
        """
        POSTGRES_NAME.check(self, name, kind="database name")
        if len(name) > LONGEST_DATABASE_NAME or re.search(f"{LEFT_BY_RESTORES}$", name):
            raise ConstructError(
                self,
                f"database name {name} leaves no name for what a restore replaces",
                fix=f"use at most {LONGEST_DATABASE_NAME} characters, and not one that ends with _restoring or _replaced_<number>",
            )
        known = self._databases.get(name)
        if known is not None:
            raise ConstructError(
                self,
                f"database {name} is declared twice, by {known.owner} and {owner}",
                fix="give each a name of its own",
            )
        self.role(owner, password=password)
        self._databases[name] = Database(name=name, owner=owner)

    def _reach(self, client: SwarmService) -> None:
        if self.service is not None:
            client.connect_to(self.service)
        else:
            client.reaches_internet(because="the managed Postgres is outside the swarm")

    def _server(self) -> SwarmService:
        resources = self._site.resources("postgres")
        settings = {
            "shared_buffers": f"{resources.mebibytes_of_limit(SHARED_BUFFERS_SHARE)}MB",
            "effective_cache_size": f"{resources.mebibytes_of_limit(CACHE_SHARE)}MB",
            # A task's /dev/shm has 64 MB, and the provider cannot give it more; parallel queries need it.
            "max_parallel_workers_per_gather": "0",
            "log_min_duration_statement": "1s",
        }
        service = SwarmService(
            self,
            "postgres",
            image=self._site.image("postgres"),
            command=("/bin/sh", START),
            args=tuple(f"--{name}={value}" for name, value in settings.items()),
            listens={"postgres": 5432},
            health=HealthCheck.shell(f"{LISTENS} && {WRITES}").every(
                "10s", timeout="5s", retries=5, start_period="2m"
            ),
            resources=resources,
            update=UpdatePolicy.stop_first(),
            stop=Stop(grace="1m30s", signal="SIGINT"),
        )
        start = render(HERE / "postgres-start.sh.j2", password_file=PASSWORD, data=DATA)
        service.reads(SwarmConfig(self, "start", name="postgres-start", content=start), at=START)
        upgrade = render(HERE / "postgres-upgrade.sh.j2", data=DATA)
        service.reads(SwarmConfig(self, "upgrade", name="postgres-upgrade", content=upgrade), at=UPGRADE)
        password = SwarmSecret(self, "password", name="postgres-password", content=str(self._password))
        service.reads(password, at=PASSWORD)
        service.sets("POSTGRES_PASSWORD_FILE", PASSWORD)
        return service

    def _copied_by(self, backups: Backups) -> BackupJob:
        """A managed server is dumped too: its own backups are at the same provider, by the same account."""
        job = backups.job(
            self,
            "postgres",
            image=self._site.image("postgres"),
            server=self.service,
            work=self._backup_work,
        )
        uid, gid = map(int, owner_of("postgres").split(":"))
        job.reads(self._passfile, at=PASSFILE, mode=0o400, uid=uid, gid=gid)
        if self.service is None:
            self._reach(job)
        else:
            storage = self._site.storage(self, "postgres")
            # Its own postmaster.pid names a process that another container cannot see.
            self.service.stores(storage, at=DATA, backup=job, lock=Lock.by_shell())
        return job

    def _keeper(self) -> SwarmService:
        service = keeper(
            self, "postgres-keeper", site=self._site, image=self._site.image("postgres"), work=self._work
        )
        service.reads(self._passfile, at=PASSFILE, mode=0o400)
        self._reach(service)
        return service

    def _backup_work(self) -> str:
        names = "|".join(self._databases)
        return render(
            HERE / "postgres-backup.sh.j2",
            address=self.address,
            superuser=self.superuser,
            maintenance_database=self.maintenance_database,
            passfile=PASSFILE,
            databases=list(self._databases.values()),
            leftovers=f"^({names}){LEFT_BY_RESTORES}$",
        )

    def _work(self) -> str:
        return render(
            HERE / "postgres-keeper.sh.j2",
            address=self.address,
            superuser=self.superuser,
            maintenance_database=self.maintenance_database,
            owns_server=self.service is not None,
            metrics_role=METRICS_ROLE,
            passfile=PASSFILE,
            roles=list(self._roles.values()),
            databases=list(self._databases.values()),
        )
