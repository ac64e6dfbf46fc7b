"""The one list of secret values: what each is for, and who owns it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sprocket_constructs import Construct, GeneratedSecret, SecretValue, SuppliedSecret

from .platform.identity import identities_of
from .rotation import Rotation, Server, impossible, tried_at, untried
from .settings.environment import Environment

RUNBOOK = "docs/runbooks/rotate-a-secret.md"


class _Secrets(Construct):
    """Declares values; ``supplied`` ones are generated where the outside world is simulated.

    Each says how it is rotated: without that, none can be declared.
    """

    def __init__(self, scope: Construct, id_: str, *, environment: Environment, prefix: str = "") -> None:
        super().__init__(scope, id_)
        self._prefix = prefix
        self._simulated = environment.secrets.supplied == "generated"
        self.rotations: dict[str, Rotation] = {}
        """By the name of the value."""

    def generated(self, name: str, *, length: int = 32, rotated: Rotation) -> SecretValue:
        """A value that only the platform itself has to know."""
        self.rotations[self._prefix + name] = rotated
        return GeneratedSecret(self, name, name=self._prefix + name, length=length)

    def supplied(self, name: str, description: str, *, rotated: Rotation) -> SecretValue:
        """A value that the outside world chose."""
        if self._simulated:
            return self.generated(name, rotated=rotated)
        return self.ordered(name, description, rotated=rotated)

    def backup(self, name: str, description: str, *, elsewhere: bool, rotated: Rotation) -> SecretValue:
        """A value that opens backups: supplied where they outlive the environment, for state is lost with the rest."""
        if elsewhere:
            return self.supplied(name, description, rotated=rotated)
        return self.generated(name, rotated=rotated)

    def ordered(self, name: str, description: str, *, rotated: Rotation) -> SecretValue:
        """A value that came with what was ordered elsewhere: also where the outside world is simulated, no other opens it."""
        self.rotations[self._prefix + name] = rotated
        return SuppliedSecret(self, name, name=self._prefix + name, description=description)


@dataclass(frozen=True, kw_only=True)
class MinIOSecrets:
    """Where MinIO is in the swarm: of its root, and of the account that copies its buckets."""

    root_password: SecretValue
    backup_access_key: SecretValue
    backup_secret_key: SecretValue


class PlatformSecrets(_Secrets):
    """Values that there is one of, however many instances of the application stand.

    Created on first use by the layer that owns the service; two layers that need one take it from here.
    """

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_, environment=environment)
        settings = environment
        self.sign_in_cookie_key = (
            self.generated(
                "sign-in-cookie-key",
                length=64,
                rotated=tried_at(Server.SIGN_IN, ends="everybody signs in to the admin pages again"),
            )
            if settings.ingress.sign_in.proxy == "traefik-forward-auth"
            else None
        )
        self.discord_sign_in_secret = self.supplied(
            "discord-sign-in-secret",
            "client secret of the Discord application for the admin pages",
            rotated=untried("Discord decides which client secret counts"),
        )
        self.dns_token = (
            self.supplied(
                "dns-token",
                "DigitalOcean token with scope domain only, for certificates by DNS",
                rotated=untried("DigitalOcean decides which token counts: delete the old one there"),
            )
            if settings.ingress.acme.challenge == "dns"
            else None
        )
        self.redis_password = self.generated("redis-password", rotated=tried_at(Server.REDIS, "default"))
        self.redis_admin_password = self.generated(
            "redis-admin-password", rotated=tried_at(Server.REDIS, "admin")
        )
        self.redis_telegraf_password = self.generated(
            "redis-telegraf-password", rotated=tried_at(Server.REDIS, "telegraf")
        )
        self.rabbitmq_password = self.generated(
            "rabbitmq-password", rotated=tried_at(Server.RABBITMQ, "sprocket")
        )
        self.postgres_password = (
            self.generated("postgres-password", rotated=tried_at(Server.POSTGRES, "postgres"))
            if settings.data.postgres.where == "swarm"
            else self.ordered(
                "postgres-password",
                "password of doadmin on the managed Postgres cluster",
                rotated=impossible(
                    "DigitalOcean chooses the password of doadmin",
                    instead="reset it in DigitalOcean's control panel (Databases, Users & Databases), then deploy: "
                    "the cloud stack reads the new one",
                ),
            )
        )
        self.postgres_telegraf_password = self.generated(
            "postgres-telegraf-password", rotated=tried_at(Server.POSTGRES, "telegraf")
        )
        self.influxdb_password = self.generated(
            "influxdb-password", rotated=tried_at(Server.INFLUXDB_PASSWORD, "admin")
        )
        self.influxdb_admin_token = self.generated(
            "influxdb-admin-token",
            length=64,
            rotated=impossible(
                "InfluxDB 2 takes a token that somebody else chose only when it is set up; all later ones it makes itself",
                instead=f"set InfluxDB up again: {RUNBOOK}",
            ),
        )
        self.influxdb_telegraf_password = self.generated(
            "influxdb-telegraf-password", rotated=tried_at(Server.INFLUXDB_1X, "telegraf")
        )
        self.influxdb_grafana_password = self.generated(
            "influxdb-grafana-password", rotated=tried_at(Server.INFLUXDB_1X, "grafana")
        )
        self.grafana_password = self.generated("grafana-password", rotated=tried_at(Server.GRAFANA, "admin"))
        self.grafana_secret_key = self.generated(
            "grafana-secret-key",
            rotated=impossible(
                "Grafana encrypts the keys in its database with it, and cannot read them with another one",
                instead=f"set Grafana up again, or rotate what it protects, influxdb-grafana-password: {RUNBOOK}",
            ),
        )
        self.grafana_database_password = (
            self.generated("grafana-database-password", rotated=tried_at(Server.POSTGRES, "grafana"))
            if settings.data.grafana.database == "postgres"
            else None
        )
        self.alerts_webhook = (
            self.supplied(
                "alerts-webhook",
                "address of the webhook of the Discord channel that alerts go to",
                rotated=untried("Discord decides which webhook counts: delete the old one there"),
            )
            if settings.data.grafana.alerts == "discord"
            else None
        )
        self.minio = (
            MinIOSecrets(
                root_password=self.generated(
                    "minio-root-password", rotated=tried_at(Server.S3, "sprocket-root")
                ),
                backup_access_key=self.generated(
                    "minio-backup-access-key", length=20, rotated=tried_at(Server.S3)
                ),
                backup_secret_key=self.generated(
                    "minio-backup-secret-key", length=40, rotated=tried_at(Server.S3)
                ),
            )
            if settings.data.object_storage.kind == "minio"
            else None
        )
        elsewhere = settings.backups.where == "s3"
        keys = untried(
            "whoever runs the bucket decides which key counts: delete the old one there"
            if elsewhere
            else "the server of the bucket knows the new key alone from its start, and only the sender asks it"
        )
        self.restic_password = self.backup(
            "restic-password",
            "opens the backups: kept where Terraform's state is not, or they are lost with it",
            elsewhere=elsewhere,
            rotated=tried_at(
                Server.RESTIC,
                ends="the old one opens no backup any more, and the new one all, states of Terraform among them: keep it where the "
                "old one was kept (docs/secrets.md)",
            ),
        )
        self.backup_access_key = self.backup(
            "backup-access-key",
            "access key of the bucket for backups, limited to it",
            elsewhere=elsewhere,
            rotated=keys,
        )
        self.backup_secret_key = self.backup(
            "backup-secret-key", "secret of that access key", elsewhere=elsewhere, rotated=keys
        )
        self.registry_token = (
            self.ordered(
                "registry-token",
                f"token that may read packages at {settings.platform.login.registry}",
                rotated=tried_at(
                    Server.REGISTRY,
                    settings.platform.login.user,
                    ends="a deploy with the old token gives that one back to what it changes: replace it in CI and the secret manager, too",
                ),
            )
            if settings.platform.login
            else None
        )

    @property
    def administrators(self) -> Mapping[str, Server]:
        """Values that open all of a server, by name: whoever has one needs no other. Their readers stay off workers."""
        opens = (
            (self.redis_admin_password, Server.REDIS),
            (self.rabbitmq_password, Server.RABBITMQ),
            (self.postgres_password, Server.POSTGRES),
            (self.influxdb_password, Server.INFLUXDB_PASSWORD),
            (self.influxdb_admin_token, Server.INFLUXDB_PASSWORD),
            (self.minio.root_password if self.minio else None, Server.S3),
            (self.grafana_password, Server.GRAFANA),
            (self.sign_in_cookie_key, Server.SIGN_IN),
            (self.restic_password, Server.RESTIC),
            (self.backup_access_key, Server.RESTIC),
            (self.backup_secret_key, Server.RESTIC),
        )
        return {value.name: server for value, server in opens if value is not None}


class InstanceSecrets(_Secrets):
    """Values of one instance of the application. With one instance they have no prefix."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment, instance: str) -> None:
        several = len(environment.platform.instances) > 1
        super().__init__(scope, id_, environment=environment, prefix=f"{instance}-" if several else "")
        settings = environment.platform.instances[instance]
        self._identity = next(each for each in identities_of(environment) if each.name == instance)
        self._broker_passwords: dict[str, SecretValue] = {}
        self.database_password = self.generated(
            "database-password", rotated=tried_at(Server.POSTGRES, self._identity.database_role)
        )
        self.jwt_key = self.generated(
            "jwt-key",
            length=64,
            rotated=untried(
                "core alone reads it, and a session of a player would be needed to try it",
                ends="every player signs in again",
            ),
        )
        self.influxdb_token = self.generated("influxdb-token", length=64, rotated=tried_at(Server.TELEGRAF))
        self.redis_results_password = self.generated(
            "redis-results-password", rotated=tried_at(Server.REDIS, self._identity.results_account)
        )
        self._declare_s3_keys(minio=environment.data.object_storage.kind == "minio")
        self._declare_identity_providers()
        self.dgraph_api_key = (
            self.generated(
                "dgraph-api-key",
                rotated=untried("elo-service alone reads it"),
            )
            if settings.elo
            else None
        )
        self.chatwoot_hmac_key = (
            self.supplied(
                "chatwoot-hmac-key",
                "HMAC key of the Chatwoot inbox",
                rotated=untried("Chatwoot decides which key counts"),
            )
            if settings.chatwoot
            else None
        )

    def broker_password(self, service: str) -> SecretValue:
        """Of a service's own account in RabbitMQ; which services have one, the line of images decides.

        Args:
            service: its short name.
        """
        if service not in self._broker_passwords:
            account = self._identity.broker_account(service)
            self._broker_passwords[service] = self.generated(
                f"rabbitmq-{service}-password", rotated=tried_at(Server.RABBITMQ, account)
            )
        return self._broker_passwords[service]

    def _declare_s3_keys(self, *, minio: bool) -> None:
        """Both parts of the pair are tried as a pair."""
        spaces = untried("Spaces decides which key counts: delete the old one there")
        self.s3_access_key = (
            self.generated("s3-access-key", length=20, rotated=tried_at(Server.S3))
            if minio
            else self.supplied(
                "s3-access-key", "Spaces access key, limited to the instance's buckets", rotated=spaces
            )
        )
        self.s3_secret_key = (
            self.generated("s3-secret-key", length=40, rotated=tried_at(Server.S3))
            if minio
            else self.supplied("s3-secret-key", "secret of the Spaces access key", rotated=spaces)
        )

    def _declare_identity_providers(self) -> None:
        google, discord = untried("Google decides which counts"), untried("Discord decides which counts")
        self.google_client_id = self.supplied(
            "google-client-id",
            "OAuth client for sign-in by Google (core does not start without one)",
            rotated=google,
        )
        self.google_secret = self.supplied(
            "google-secret", "secret of the Google OAuth client", rotated=google
        )
        self.discord_client_id = self.supplied(
            "discord-client-id", "Discord application for signing in to the game platform", rotated=discord
        )
        self.discord_secret = self.supplied(
            "discord-secret", "client secret of that Discord application", rotated=discord
        )
        self.discord_bot_token = self.supplied(
            "discord-bot-token", "token of the Discord bot", rotated=discord
        )
