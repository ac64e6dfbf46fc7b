"""The one list of secret values: what each is for, and who owns it."""

from sprocket_constructs import Construct, GeneratedSecret, SecretValue, SuppliedSecret

from .settings.environment import Environment


class _Secrets(Construct):
    """Declares values; ``supplied`` ones are generated where the outside world is simulated."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment, prefix: str = "") -> None:
        super().__init__(scope, id_)
        self._prefix = prefix
        self._simulated = environment.secrets.supplied == "generated"

    def generated(self, name: str, *, length: int = 32) -> SecretValue:
        """A value that only the platform itself has to know."""
        return GeneratedSecret(self, name, name=self._prefix + name, length=length)

    def supplied(self, name: str, description: str) -> SecretValue:
        """A value that the outside world chose."""
        return self.generated(name) if self._simulated else self.ordered(name, description)

    def backup(self, name: str, description: str, *, elsewhere: bool) -> SecretValue:
        """A value that opens backups: supplied where they outlive the environment, for state is lost with the rest."""
        return self.supplied(name, description) if elsewhere else self.generated(name)

    def ordered(self, name: str, description: str) -> SecretValue:
        """A value that came with what the cloud stack ordered: also where the outside world is simulated, no other opens it."""
        return SuppliedSecret(self, name, name=self._prefix + name, description=description)


class PlatformSecrets(_Secrets):
    """Values that there is one of, however many instances of the application stand.

    Created on first use by the layer that owns the service; two layers that need one take it from here.
    """

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_, environment=environment)
        settings = environment
        self.sign_in_cookie_key = (
            self.generated("sign-in-cookie-key", length=64)
            if settings.ingress.sign_in.proxy == "traefik-forward-auth"
            else None
        )
        self.discord_sign_in_secret = self.supplied(
            "discord-sign-in-secret", "client secret of the Discord application for the admin pages"
        )
        self.dns_token = (
            self.supplied("dns-token", "DigitalOcean token with scope domain only, for certificates by DNS")
            if settings.ingress.acme.challenge == "dns"
            else None
        )
        self.redis_password = self.generated("redis-password")
        self.redis_telegraf_password = self.generated("redis-telegraf-password")
        self.rabbitmq_password = self.generated("rabbitmq-password")
        self.postgres_password = (
            self.generated("postgres-password")
            if settings.data.postgres.where == "swarm"
            else self.ordered("postgres-password", "password of doadmin on the managed Postgres cluster")
        )
        self.postgres_telegraf_password = self.generated("postgres-telegraf-password")
        self.influxdb_password = self.generated("influxdb-password")
        self.influxdb_admin_token = self.generated("influxdb-admin-token", length=64)
        self.influxdb_telegraf_password = self.generated("influxdb-telegraf-password")
        self.influxdb_grafana_password = self.generated("influxdb-grafana-password")
        self.grafana_password = self.generated("grafana-password")
        self.grafana_secret_key = self.generated("grafana-secret-key")
        self.grafana_database_password = (
            self.generated("grafana-database-password")
            if settings.data.grafana.database == "postgres"
            else None
        )
        self.alerts_webhook = (
            self.supplied("alerts-webhook", "address of the webhook of the Discord channel that alerts go to")
            if settings.data.grafana.alerts == "discord"
            else None
        )
        self.minio_root_password = (
            self.generated("minio-root-password") if settings.data.object_storage.kind == "minio" else None
        )
        elsewhere = settings.backups.where == "s3"
        self.restic_password = self.backup(
            "restic-password",
            "opens the backups: kept where Terraform's state is not, or they are lost with it",
            elsewhere=elsewhere,
        )
        self.backup_access_key = self.backup(
            "backup-access-key", "access key of the bucket for backups, limited to it", elsewhere=elsewhere
        )
        self.backup_secret_key = self.backup(
            "backup-secret-key", "secret of that access key", elsewhere=elsewhere
        )
        self.registry_token = (
            self.supplied(
                "registry-token", f"token that may read packages at {settings.platform.login.registry}"
            )
            if settings.platform.login
            else None
        )


class InstanceSecrets(_Secrets):
    """Values of one instance of the application. With one instance they have no prefix."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment, instance: str) -> None:
        several = len(environment.platform.instances) > 1
        super().__init__(scope, id_, environment=environment, prefix=f"{instance}-" if several else "")
        settings = environment.platform.instances[instance]
        self.database_password = self.generated("database-password")
        self.jwt_key = self.generated("jwt-key", length=64)
        self.influxdb_token = self.generated("influxdb-token", length=64)
        minio = environment.data.object_storage.kind == "minio"
        self.s3_access_key = (
            self.generated("s3-access-key", length=20)
            if minio
            else self.supplied("s3-access-key", "Spaces access key, limited to the instance's buckets")
        )
        self.s3_secret_key = (
            self.generated("s3-secret-key", length=40)
            if minio
            else self.supplied("s3-secret-key", "secret of the Spaces access key")
        )
        self.google_client_id = self.supplied(
            "google-client-id", "OAuth client for sign-in by Google (core does not start without one)"
        )
        self.google_secret = self.supplied("google-secret", "secret of the Google OAuth client")
        self.discord_client_id = self.supplied(
            "discord-client-id", "Discord application for signing in to the game platform"
        )
        self.discord_secret = self.supplied("discord-secret", "client secret of that Discord application")
        self.discord_bot_token = self.supplied("discord-bot-token", "token of the Discord bot")
        self.dgraph_api_key = self.generated("dgraph-api-key") if settings.elo else None
        self.chatwoot_hmac_key = (
            self.supplied("chatwoot-hmac-key", "HMAC key of the Chatwoot inbox")
            if settings.chatwoot
            else None
        )
