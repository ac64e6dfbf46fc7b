"""RabbitMQ: remote calls, events and the parser's tasks."""

from pathlib import Path

from sprocket_constructs import (
    Construct,
    Endpoint,
    HealthCheck,
    Lock,
    Stop,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from ..backup.backups import Backups
from ..ingress.layer import IngressLayer
from ..names import RABBITMQ_USER
from ..rendering import render
from ..secrets import PlatformSecrets
from ..site import Site

HERE = Path(__file__).parent
START = "/etc/sprocket/start.sh"
PASSWORD = "/run/secrets/rabbitmq-password"

WATERMARK_SHARE = 0.6
"""Of the memory limit: above it publishers are blocked. Absolute in the file, because a share would be of the node's memory."""


class RabbitMQ(Construct):
    """One broker with one user; ``guest`` does not exist.

    The node's name contains the host name and the data lies in a directory of that name, so the host name is fixed: with
    the task's random one, each restart would begin with an empty broker.
    """

    user = "sprocket"

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
        RABBITMQ_USER.check(self, self.user)
        image = site.image("rabbitmq")
        resources = site.resources("rabbitmq")
        self.service = SwarmService(
            self,
            "rabbitmq",
            image=image,
            hostname="rabbitmq",
            command=("/bin/sh", START),
            listens={"amqp": 5672, "management": 15672, "metrics": 15692},
            health=HealthCheck.command("rabbitmq-diagnostics", "-q", "check_running").every(
                "30s", timeout="15s", retries=5, start_period="2m"
            ),
            resources=resources,
            update=UpdatePolicy.stop_first(),
            stop=Stop(grace="2m"),
        )
        conf = render(
            HERE / "rabbitmq.conf.j2",
            user=self.user,
            password=secrets.rabbitmq_password,
            watermark=f"{resources.mebibytes_of_limit(WATERMARK_SHARE)}MiB",
            permits_deprecated="deprecated-features" not in image.lacks,
        )
        password = SwarmSecret(
            self, "password", name="rabbitmq-password", content=str(secrets.rabbitmq_password)
        )
        self._reads(conf, password)
        backup = backups.job(
            self,
            "rabbitmq",
            image=image,
            server=self.service,
            work=lambda: render(HERE / "rabbitmq-backup.sh.j2", user=self.user, password=PASSWORD),
        )
        backup.reads(password, at=PASSWORD)
        self.service.stores(
            site.storage(self, "rabbitmq"), at="/var/lib/rabbitmq", backup=backup, lock=Lock.by_shell()
        )
        self.service.expose_via(
            ingress.gateway, host=site.host("rabbitmq"), access=ingress.admin, port="management"
        )

    def connect(self, client: SwarmService) -> Endpoint:
        """Lets a service reach it; user is :attr:`user`, the password ``secrets.rabbitmq_password``."""
        return client.connect_to(self.service)

    def _reads(self, conf: str, password: SwarmSecret) -> None:
        service = self.service
        service.reads(
            SwarmSecret(self, "conf", name="rabbitmq-conf", content=conf),
            at="/etc/rabbitmq/conf.d/90-sprocket.conf",
        )
        service.reads(password, at=PASSWORD)
        start = render(HERE / "rabbitmq-start.sh.j2", user=self.user, password_file=PASSWORD)
        service.reads(SwarmConfig(self, "start", name="rabbitmq-start", content=start), at=START)
