"""RabbitMQ: remote calls, events and the parser's tasks."""

from pathlib import Path

from sprocket_constructs import (
    Construct,
    ConstructError,
    Endpoint,
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
from ..names import RABBITMQ_USER, RABBITMQ_VIRTUAL_HOST
from ..rendering import render, to_json
from ..secrets import PlatformSecrets
from ..site import Site
from .rabbitmq_account import MADE_HERE, Account

HERE = Path(__file__).parent
START = "/etc/sprocket/start.sh"
DEFINITIONS = "/run/secrets/rabbitmq-definitions.json"
PASSWORD = "/run/secrets/rabbitmq-password"
AS_DECLARED = "/tmp/accounts-as-declared"
"""Made in each task once the broker has no account and no rights any more that nothing declares."""
HEALTH = f"""rabbitmq-diagnostics -q check_running && {{ test -e {AS_DECLARED} ||
{{ echo 'error: accounts or rights that nothing declares are not removed; the log says why'; exit 1; }}; }}"""
FIRST_VIRTUAL_HOST = "/"
"""Every broker has it from its start; clients that name none mean it."""

WATERMARK_SHARE = 0.6
"""Of the memory limit: above it publishers are blocked. Absolute in the file, because a share would be of the node's memory."""


class RabbitMQ(Construct):
    """One broker; each client has an account of its own, and :attr:`user` is the administrator (docs/decisions/0029-service-accounts.md).

    Only the backup, people on the management pages and ``ops`` have the administrator's password. ``guest`` does not exist.

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
        self._password: SecretValue = secrets.rabbitmq_password
        self._accounts: dict[str, Account] = {}
        image = site.image("rabbitmq")
        resources = site.resources("rabbitmq")
        self.service = SwarmService(
            self,
            "rabbitmq",
            image=image,
            hostname="rabbitmq",
            command=("/bin/sh", START),
            listens={"amqp": 5672, "management": 15672, "metrics": 15692},
            health=HealthCheck.shell(HEALTH).every("30s", timeout="15s", retries=5, start_period="2m"),
            resources=resources,
            update=UpdatePolicy.stop_first(),
            stop=Stop(grace="2m"),
        )
        conf = render(
            HERE / "rabbitmq.conf.j2",
            definitions=DEFINITIONS,
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
            work=lambda: render(
                HERE / "rabbitmq-backup.sh.j2", user=self.user, made_here=MADE_HERE, password=PASSWORD
            ),
        )
        backup.reads(password, at=PASSWORD)
        self.service.stores(
            site.storage(self, "rabbitmq"), at="/var/lib/rabbitmq", backup=backup, lock=Lock.by_shell()
        )
        self.service.expose_via(
            ingress.gateway, host=site.host("rabbitmq"), access=ingress.admin, port="management"
        )

    def connect(self, client: SwarmService) -> Endpoint:
        """Lets a service reach it; it signs in with an :meth:`account` of its own."""
        return client.connect_to(self.service)

    @property
    def accounts(self) -> tuple[str, ...]:
        """Names of all accounts, sorted, but for the administrator's."""
        return tuple(sorted(self._accounts))

    def account(self, account: Account) -> None:
        """Makes an account, and its virtual host.

        Raises:
            ConstructError: the name is the administrator's or taken, or it or the virtual host cannot stand in a URL.
        """
        RABBITMQ_USER.check(self, account.name)
        RABBITMQ_VIRTUAL_HOST.check(self, account.virtual_host)
        if account.name == self.user or account.name in self._accounts:
            raise ConstructError(
                self,
                f"account {account.name} is {'the administrator' if account.name == self.user else 'declared twice'}",
                fix="give each client an account of its own",
            )
        self._accounts[account.name] = account

    def _reads(self, conf: str, password: SwarmSecret) -> None:
        service = self.service
        service.reads(
            SwarmSecret(self, "conf", name="rabbitmq-conf", content=conf),
            at="/etc/rabbitmq/conf.d/90-sprocket.conf",
        )
        definitions = SwarmSecret(
            self,
            "definitions",
            name="rabbitmq-definitions",
            content=lambda: to_json(self._definitions),
        )
        service.reads(definitions, at=DEFINITIONS)
        service.reads(password, at=PASSWORD)
        start = SwarmConfig(
            self,
            "start",
            name="rabbitmq-start",
            content=render(
                HERE / "rabbitmq-start.sh.j2",
                definitions=DEFINITIONS,
                tag=MADE_HERE,
                as_declared=AS_DECLARED,
            ),
        )
        service.reads(start, at=START)

    @property
    def _definitions(self) -> dict[str, object]:
        """In RabbitMQ's own form: the administrator, who may do everything everywhere, then each account."""
        accounts = [self._accounts[name] for name in self.accounts]
        hosts = [FIRST_VIRTUAL_HOST, *sorted({account.virtual_host for account in accounts})]
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        administrator = {"name": self.user, "password": str(self._password), "tags": "administrator"}
        return {
            "users": [administrator, *(account.user for account in accounts)],
            "vhosts": [{"name": host} for host in hosts],
            "permissions": [
                *({"user": self.user, "vhost": host, **everything} for host in hosts),
                *(account.permission for account in accounts),
            ],
        }
