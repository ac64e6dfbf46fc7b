"""One managed Postgres cluster: a server on the private network, with the users and rules that DigitalOcean gives it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from ipaddress import ip_network

from rehearsal.emulator import DatabaseCluster, MachineError
from rehearsal.emulator.resources.databases import OWNER

from .engine import LABEL, PREFIX, docker, inside
from .networks import have_private

DATA = "/var/lib/postgresql/data"
# Everything but a superuser, as DigitalOcean's: what demands one fails here as it does there.
OWNERS_RIGHTS = "CREATEROLE CREATEDB REPLICATION BYPASSRLS"
RESERVED = 3  # connections, for the superuser, who is not to be reached by network
START_SECONDS = 60
PSQL = "psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=VERBOSITY=terse -U postgres -d postgres -p"

# The image's own set-up listens on another port: this one answers when the server is there to stay.
_ANSWERS = """\
for _ in $(seq {attempts}); do pg_isready -q -U postgres -p {port} && exit 0; sleep 0.2; done
echo "does not answer at port {port}" >&2; exit 1
"""
# Signed by itself: nobody is told a CA to check it by, and clients check none.
_CERTIFICATE = """\
cd "$PGDATA"
if [ ! -s server.crt ]; then
    openssl req -new -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -keyout server.key \
        -out draft.crt -subj "/CN={name}" -addext "subjectAltName={names}" 2>/dev/null
    chown postgres:postgres server.key draft.crt
    chmod 0600 server.key
    mv draft.crt server.crt
fi
{psql} -c "ALTER SYSTEM SET ssl = on"
"""
_RULES = """\
cd "$PGDATA"
cat >draft_hba.conf
chown postgres:postgres draft_hba.conf
mv draft_hba.conf pg_hba.conf
{psql} -c "SELECT pg_reload_conf()" >/dev/null
"""


class Database:
    """Its container, and the volume that its data is in, both by the cluster's id."""

    def __init__(self, cluster: DatabaseCluster, image: str) -> None:
        self.cluster = cluster
        self.lock = threading.RLock()  # one thing at a time
        self._image = image
        self._users: frozenset[str] = frozenset()
        self._databases: frozenset[str] = frozenset()

    @property
    def container(self) -> str:
        return f"{PREFIX}-database-{self.cluster.id}"

    def create(self) -> None:
        """Creates it, empty."""
        self.delete()
        cluster = self.cluster
        private = have_private(cluster.vpc_range)
        docker("volume", "create", "--label", LABEL, self.container)
        settings = {
            "port": cluster.endpoint.port,
            "max_connections": cluster.connections + RESERVED,
            "superuser_reserved_connections": RESERVED,
            "log_min_error_statement": "panic",  # a statement that fails may have a password in it
        }
        docker(
            "run", "--detach", "--name", self.container, "--hostname", cluster.name, "--label", LABEL,
            "--label", f"sprocket.database={cluster.name}", "--network", private, "--ip", cluster.private_ipv4,
            "--volume", f"{self.container}:{DATA}",
            # For the set-up only: the superuser signs in by the socket, without one.
            "--env", f"POSTGRES_PASSWORD={secrets.token_urlsafe(24)}", self._image,
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        )  # fmt: skip

    def start(self) -> None:
        """Wait until it answers, by TLS, and admits nobody yet. May be called again."""
        docker("start", self.container)
        endpoint = self.cluster.endpoint
        names = ",".join(f"DNS:{name}" for name in (endpoint.host, endpoint.private_host))
        try:
            self._do(_ANSWERS.format(attempts=START_SECONDS * 5, port=endpoint.port))
        except MachineError as error:
            log = docker("logs", "--tail", "5", self.container).strip()
            raise MachineError(f"{error}; its log: {log}") from None
        self._do(_CERTIFICATE.format(name=self.cluster.name, names=names, psql=self._psql))
        self.admit(())

    def admit(self, addresses: Iterable[str] | None) -> None:
        """Who may connect from now on, networks or single addresses; None: everybody. Those who are in stay."""
        self._do(_RULES.format(psql=self._psql), stdin=host_rules(addresses))

    def have(self, users: Mapping[str, str], databases: Iterable[str]) -> None:
        """Users (name: password) and databases of the API. What SQL has made besides is its maker's business."""
        wanted = frozenset(databases)
        gone = statements_to_drop(self._users - users.keys(), self._databases - wanted)
        self._do(self._psql, stdin=statements(users, sorted(wanted)) + gone)
        self._users, self._databases = frozenset(users), wanted

    def delete(self) -> None:
        """Container and data."""
        with suppress(MachineError):
            docker("rm", "--force", "--volumes", self.container)
        with suppress(MachineError):
            docker("volume", "rm", self.container)

    @property
    def _psql(self) -> str:
        return f"{PSQL} {self.cluster.endpoint.port}"

    def _do(self, script: str, *, stdin: str = "") -> None:
        inside(self.container, script, stdin=stdin, timeout=START_SECONDS + 30)


def host_rules(addresses: Iterable[str] | None) -> str:
    """The text of pg_hba.conf: a password and TLS for each address; the superuser from inside only."""
    networks = (
        ["0.0.0.0/0"] if addresses is None else [str(ip_network(one, strict=False)) for one in addresses]
    )
    lines = ["local all all trust", "host all postgres all reject"]
    lines += [f"hostssl all all {network} scram-sha-256" for network in networks]
    return "\n".join(lines) + "\n"


def statements(users: Mapping[str, str], databases: Iterable[str]) -> str:
    """For psql: what is missing is made, and passwords are set. Owners of databases that exist stay."""
    lines = []
    for user, password in users.items():
        rights = f"{OWNERS_RIGHTS} " if user == OWNER else ""
        lines += [
            f"SELECT format('CREATE ROLE %I', {_text(user)})"
            f" WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {_text(user)}) \\gexec",
            f"ALTER ROLE {_name(user)} LOGIN {rights}PASSWORD {_text(password)};",
        ]
    lines += [
        f"SELECT format('CREATE DATABASE %I OWNER {OWNER}', {_text(database)})"
        f" WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {_text(database)}) \\gexec"
        for database in databases
    ]
    return "\n".join(lines) + "\n"


def statements_to_drop(users: Iterable[str], databases: Iterable[str]) -> str:
    """For psql; a user that still owns something is refused by the server."""
    lines = [f"DROP DATABASE IF EXISTS {_name(one)} WITH (FORCE);" for one in sorted(databases)]
    lines += [f"DROP ROLE IF EXISTS {_name(one)};" for one in sorted(users)]
    return "".join(f"{line}\n" for line in lines)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
