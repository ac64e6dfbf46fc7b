"""Core: the GraphQL API, the schedulers, and all that writes to the database."""

from __future__ import annotations

from sprocket_constructs import Access, ConstructError

from .health import answers_healthz
from .instance import Instance
from .migration import Migration
from .node_service import NodeService
from .production_json import Auth, Bot, Cache, Callback, GraphQL, ProductionJson, WebAddress

PORT = 3001

PLAINTEXT_HOSTS = ("postgres", "localhost")
"""Names of database hosts that core speaks plaintext to; to any other it speaks TLS. No setting changes that."""


class Core(NodeService):
    """One replica and stop-first: its schedulers assume that there is one of it.

    Args:
        migration: brings the database to the schema of this image first.
    """

    def __init__(self, instance: Instance, *, migration: Migration) -> None:
        super().__init__(
            instance,
            "core",
            program="core/dist/main.js",
            listens={"http": PORT},
            health=answers_healthz(PORT, within=30),
        )
        self.starts_after(migration)
        self.reaches_internet(because="signs people in with Discord and Google")
        self._check_database_host()
        self._reads_sign_in_secrets()
        redis = self.uses_redis()
        self.reads_settings(
            ProductionJson(
                logger=self.logs_at_levels(),
                transport=self.uses_broker(
                    consumes="core",
                    sends=("analytics", "image-generation", "matchmaking", "notifications", "submission"),
                    events=True,
                    celery=True,
                ),
                db=self.uses_database(),
                redis=redis,
                cache=Cache(host=redis.host, port=redis.port, secure=redis.secure),
                minio=self.uses_object_storage(replays=True, images=True),
                auth=self._auth(),
                web=self._web(),
                gql=GraphQL(),
                bot=Bot(prefix=instance.settings.bot_prefix),
                default_organization_id=instance.settings.organization_id,
            )
        )
        self.expose_via(
            instance.ingress.gateway,
            host=instance.identity.api_host,
            access=Access.public(because="browsers call the API; it authenticates every request itself"),
        )

    def _check_database_host(self) -> None:
        at = self.instance.data.postgres.connect(self)
        if at.tls == (at.host in PLAINTEXT_HOSTS):
            speaks, wants = ("plaintext", "TLS") if at.tls else ("TLS", "plaintext")
            raise ConstructError(
                self,
                f"speaks {speaks} to a database host called {at.host}, which answers {wants} only",
                fix=f"a database without TLS must be called one of {', '.join(PLAINTEXT_HOSTS)}, one with TLS must not",
            )

    def _reads_sign_in_secrets(self) -> None:
        secrets = self.instance.secrets
        self.reads_value(secrets.jwt_key, "jwtSecret.txt", name="jwt-key")
        self.reads_value(secrets.google_client_id, "googleClientId.txt", name="google-client-id")
        self.reads_value(secrets.google_secret, "googleSecret.txt", name="google-secret")
        self.reads_value(secrets.discord_client_id, "discord-client.txt", name="discord-client-id")
        self.reads_value(secrets.discord_secret, "discord-secret.txt", name="discord-secret")

    def _auth(self) -> Auth:
        """How long a sign-in holds is what the league is used to: links 3 h 20 min, access 6 h, refresh a week."""
        identity = self.instance.identity
        return Auth(
            google=Callback(callback_url=f"https://{identity.api_host}/authentication/google/login"),
            discord=Callback(callback_url=f"https://{identity.api_host}/login"),
            jwt_expiry="200m",
            access_expiry="6h",
            refresh_expiry="7d",
            frontend_callback=f"https://{identity.host}/auth/callback",
        )

    def _web(self) -> WebAddress:
        identity = self.instance.identity
        return WebAddress(url=f"https://{identity.host}", api_root=f"https://{identity.api_host}")
