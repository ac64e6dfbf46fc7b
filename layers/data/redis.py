"""Redis: queues, scrims, submissions and results."""

from pathlib import Path

from sprocket_constructs import (
    Construct,
    Endpoint,
    HealthCheck,
    Lock,
    Stop,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from ..backup.backups import Backups
from ..names import REDIS_USER
from ..rendering import render
from ..secrets import PlatformSecrets
from ..site import Site

HERE = Path(__file__).parent
PASSWORD = "/run/secrets/redis-password"
CONF = "/usr/local/etc/redis/redis.conf"

MAXMEMORY_SHARE = 0.75
"""Of the memory limit. The rest is for the fork that rewrites the append-only file (limit at least 1.3 times maxmemory)."""

SCRATCH_PORT = 6380
"""Of a server on a copy, which the running one takes the copy from."""

METRICS_USER = "telegraf"
"""May run INFO and PING, and sees no key."""


class Redis(Construct):
    """One Redis for all: append-only file, a password, nothing evicted.

    Nothing is evicted because nothing in it has a copy elsewhere: an eviction would delete a running scrim. When memory
    is full, writes fail and say so. The port stays inside its own network.
    """

    def __init__(
        self, scope: Construct, id_: str, *, site: Site, secrets: PlatformSecrets, backups: Backups
    ) -> None:
        super().__init__(scope, id_)
        REDIS_USER.check(self, METRICS_USER)
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
        conf = render(
            HERE / "redis.conf.j2",
            password=secrets.redis_password,
            metrics_user=METRICS_USER,
            metrics_password=secrets.redis_telegraf_password,
            maxmemory=f"{resources.mebibytes_of_limit(MAXMEMORY_SHARE)}mb",
        )
        self.service.reads(SwarmSecret(self, "conf", name="redis-conf", content=conf), at=CONF)
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
                password=PASSWORD,
                job="redis-backup",
                port=SCRATCH_PORT,
                has_json=self._has_json,
            ),
        )
        backup.reads(password, at=PASSWORD)
        self.service.stores(site.storage(self, "redis"), at="/data", backup=backup, lock=Lock.by_shell())

    def connect(self, client: SwarmService) -> Endpoint:
        """Lets a service reach it; the password is ``secrets.redis_password``."""
        return client.connect_to(self.service)

    def _health(self) -> HealthCheck:
        """PING with the password from its file, and the JSON commands where the image has them.

        The application keeps scrims as JSON documents, and images were published that lack the module. The check asks
        whether the command is there; it writes nothing.
        """
        call = f'export REDISCLI_AUTH="$(cat {PASSWORD})"; redis-cli ping | grep -q PONG'
        if self._has_json:
            call += " && redis-cli command info json.set | grep -qi json.set"
        return HealthCheck.shell(call).every("10s", timeout="5s", retries=5, start_period="30s")
