"""Redis: queues, scrims, submissions and results."""

from dataclasses import dataclass
from pathlib import Path

from sprocket_constructs import (
    Construct,
    ConstructError,
    Endpoint,
    HealthCheck,
    Lock,
    SecretValue,
    Stop,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from ..backup.backups import Backups
from ..names import REDIS_KEYS, REDIS_USER
from ..rendering import render
from ..secrets import PlatformSecrets
from ..site import Site

HERE = Path(__file__).parent
PASSWORD = "/run/secrets/redis-password"
ADMINISTRATOR_PASSWORD = "/run/secrets/redis-admin-password"
CONF = "/usr/local/etc/redis/redis.conf"

MAXMEMORY_SHARE = 0.75
"""Of the memory limit. The rest is for the fork that rewrites the append-only file (limit at least 1.3 times maxmemory)."""

SCRATCH_PORT = 6380
"""Of a server on a copy, which the running one takes the copy from."""

METRICS_USER = "telegraf"
"""May run INFO and PING, and sees no key."""

ADMINISTRATOR = "admin"
"""May do everything; only the backup and people have its password."""

OWN_USERS = {METRICS_USER: "the collector's", ADMINISTRATOR: "the administrator's"}
"""Logins that no client gets, and whose they are."""

RESULT_COMMANDS = (
    "+get +mget +set +setex +del +expire +publish +subscribe +psubscribe +unsubscribe +punsubscribe +multi +exec +discard"
    " +@connection -@admin -@dangerous"
)
"""What a Celery 5.5.3 worker does with its backend of results (celery/backends/redis.py), and how redis-py signs in."""


@dataclass(frozen=True, kw_only=True)
class RedisAccount:
    """The login of a program that knows user names.

    Args:
        keys: pattern of the keys and channels that it may use: a name, or how names begin and ``*``.
    """

    name: str
    password: SecretValue
    keys: str


class Redis(Construct):
    """One Redis for all: append-only file, nothing evicted.

    Most programs of the application know a password and no user name, so they share the user ``default``. It is no administrator
    (docs/decisions/0029-service-accounts.md).

    Nothing is evicted because nothing in it has a copy elsewhere: an eviction would delete a running scrim. When memory
    is full, writes fail and say so. The port stays inside its own network.
    """

    def __init__(
        self, scope: Construct, id_: str, *, site: Site, secrets: PlatformSecrets, backups: Backups
    ) -> None:
        super().__init__(scope, id_)
        for user in OWN_USERS:
            REDIS_USER.check(self, user)
        self._accounts: dict[str, RedisAccount] = {}
        image = site.image("redis")
        self._has_json = "json" not in image.lacks
        resources = site.resources("redis")
        self.service = SwarmService(
            self,
            "redis",
            image=image,
            command=("docker-entrypoint.sh",),
            args=("redis-server", CONF),
            listens={"redis": 6379},
            health=self._health(),
            resources=resources,
            update=UpdatePolicy.stop_first(),
            stop=Stop(grace="30s"),
        )
        conf = SwarmSecret(
            self,
            "conf",
            name="redis-conf",
            content=lambda: render(
                HERE / "redis.conf.j2",
                password=secrets.redis_password,
                administrator=ADMINISTRATOR,
                administrator_password=secrets.redis_admin_password,
                metrics_user=METRICS_USER,
                metrics_password=secrets.redis_telegraf_password,
                accounts=list(self._accounts.values()),
                commands=RESULT_COMMANDS,
                maxmemory=f"{resources.mebibytes_of_limit(MAXMEMORY_SHARE)}mb",
            ),
        )
        self.service.reads(conf, at=CONF)
        password = SwarmSecret(self, "password", name="redis-password", content=str(secrets.redis_password))
        self.service.reads(password, at=PASSWORD)
        backup = backups.job(
            self,
            "redis",
            image=image,
            server=self.service,
            listens={"scratch": SCRATCH_PORT},
            work=lambda: render(
                HERE / "redis-backup.sh.j2",
                administrator=ADMINISTRATOR,
                password=ADMINISTRATOR_PASSWORD,
                job="redis-backup",
                port=SCRATCH_PORT,
                has_json=self._has_json,
            ),
        )
        administrator = SwarmSecret(
            self, "admin-password", name="redis-admin-password", content=str(secrets.redis_admin_password)
        )
        backup.reads(administrator, at=ADMINISTRATOR_PASSWORD)
        self.service.stores(site.storage(self, "redis"), at="/data", backup=backup, lock=Lock.by_shell())

    def connect(self, client: SwarmService) -> Endpoint:
        """Lets a service reach it; the password is ``secrets.redis_password``, or that of an :meth:`account`."""
        return client.connect_to(self.service)

    def account(self, account: RedisAccount) -> None:
        """Makes a login that may keep results under its keys, and see and do nothing else.

        Raises:
            ConstructError: the name is the administrator's, the collector's or taken, or Redis does not accept it; or the keys are
                no pattern, or all keys.
        """
        REDIS_USER.check(self, account.name)
        REDIS_KEYS.check(self, account.keys)
        if account.name in OWN_USERS or account.name in self._accounts:
            raise ConstructError(
                self,
                f"account {account.name} is {OWN_USERS.get(account.name, 'declared twice')}",
                fix="give each client an account of its own",
            )
        self._accounts[account.name] = account

    def _health(self) -> HealthCheck:
        """PING with the password from its file, and the JSON commands where the image has them.

        The application keeps scrims as JSON documents, and images were published that lack the module. The check asks
        whether the command is there; it writes nothing.
        """
        call = f'export REDISCLI_AUTH="$(cat {PASSWORD})"; redis-cli ping | grep -q PONG'
        if self._has_json:
            call += " && redis-cli command info json.set | grep -qi json.set"
        return HealthCheck.shell(call).every("10s", timeout="5s", retries=5, start_period="30s")
