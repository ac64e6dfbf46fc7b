"""The way in: Traefik."""

from collections.abc import Sequence
from pathlib import Path

from sprocket_constructs import (
    Access,
    Construct,
    Gateway,
    HealthCheck,
    Lock,
    Stop,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)

from ..backup.backups import Backups
from ..backup.files import files_backup
from ..rendering import render
from ..secrets import PlatformSecrets
from ..site import Site
from .acme_authority import AcmeAuthority
from .sign_in import SignInProxy
from .socket_proxy import SocketProxy

HERE = Path(__file__).parent
STATIC_FILE = "/etc/traefik/traefik.yml"
DYNAMIC_FILE = "/etc/traefik/dynamic.yml"
DNS_TOKEN_FILE = "/run/secrets/dns-token"
PLUGIN = "/plugins-local/src/session"
"""Traefik looks for local plugins below its working directory, which is the root in its image."""
CA_FILE = "/etc/traefik/acme-authority.pem"
CERTIFICATES = "/letsencrypt"
CERTIFICATES_FILE = f"{CERTIFICATES}/acme.json"

DIRECTORIES = {
    "staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
    "production": "https://acme-v02.api.letsencrypt.org/directory",
}
"""Let's Encrypt's two authorities (letsencrypt.org/docs)."""

GRACE = "30s"
DRAIN = "10s"
"""How long requests may still run when Traefik is asked to leave: well below half of the grace."""


class Traefik(Construct):
    """Answers on ports 80 and 443 of its node for every route of the gateway.

    One task: a second one would overwrite the first one's certificates. Host ports keep the clients' addresses, which the
    rate limit counts by; therefore an update is stop-first, a few seconds without an answer.

    Args:
        gateway: whose network it shares with what it routes to.
        authority: the one inside the swarm, where no other can reach this machine.
        sign_in: asked about every request to a guarded page.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        secrets: PlatformSecrets,
        gateway: Gateway,
        socket_proxy: SocketProxy,
        sign_in: SignInProxy,
        authority: AcmeAuthority | None,
        backups: Backups,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._gateway = gateway
        self._authority = authority
        self.service = SwarmService(
            self,
            "traefik",
            image=site.image("traefik"),
            command=("/entrypoint.sh", "traefik"),
            listens={"http": 80, "https": 443, "metrics": 8082, "ping": 8080},
            health=HealthCheck.command("traefik", "healthcheck", f"--configFile={STATIC_FILE}").every(
                "5s", timeout="5s", retries=3, start_period="30s"
            ),
            resources=site.resources("traefik"),
            update=UpdatePolicy.stop_first(),
            stop=Stop(grace=GRACE),
        )
        gateway.answered_by(self.service)
        self.service.publishes(80, target="http")
        self.service.publishes(443, target="https")
        self._reads_files(socket_proxy, sign_in)
        self._keeps_certificates(secrets, backups)

    def shows_dashboard(self, *, access: Access) -> None:
        """Its own pages, by itself."""
        self.service.expose_via(
            self._gateway, host=self._site.host("traefik"), access=access, internal_service="api@internal"
        )

    def answers_to(self, host: str) -> None:
        """A public host leads to Traefik inside the swarm too, on the gateway's network, past DNS and the firewall.

        A further host replaces the service, so only hosts that some service really calls are given.
        """
        self.service.joins(self._gateway.network, aliases=(host,))

    def _reads_files(self, socket_proxy: SocketProxy, sign_in: SignInProxy) -> None:
        engine = self.service.connect_to(socket_proxy.service)
        asked = f"http://{self.service.connect_to(sign_in.service)}{sign_in.asked_at}"
        directory = self._directory()
        settings = self._site.settings.ingress
        dynamic = render(
            HERE / "dynamic.yml.j2",
            rate_limit=settings.rate_limit,
            embedded_by=" ".join(f"https://{host}" for host in settings.trusted_origins),
            sign_in={"address": asked, "passes_on": list(sign_in.passes_on), "session": sign_in.session},
        )
        static = SwarmConfig(
            self,
            "static",
            name="traefik-static",
            content=lambda: self._static(str(engine), directory, plugin=sign_in.session is not None),
        )
        self.service.reads(static, at=STATIC_FILE)
        self.service.reads(
            SwarmConfig(self, "dynamic", name="traefik-dynamic", content=dynamic), at=DYNAMIC_FILE
        )
        if sign_in.session:
            self._reads_plugin()

    def _reads_plugin(self) -> None:
        for name, file, at in (
            ("plugin", "plugin.yml", ".traefik.yml"),
            ("session", "session.go", "session.go"),
        ):
            content = (HERE / "session" / file).read_text()
            config = SwarmConfig(self, name, name=f"traefik-{name}", content=content)
            self.service.reads(config, at=f"{PLUGIN}/{at}")

    def _static(self, engine: str, directory: str, *, plugin: bool) -> str:
        """Known when all routes are: wildcard certificates are asked for by what they must cover."""
        settings = self._site.settings.ingress
        hosts = [route.host for route in self._gateway.routes]
        return render(
            HERE / "traefik.yml.j2",
            resolver="acme",
            plugin=plugin,
            socket_proxy=engine,
            network=self._gateway.network.name,
            dynamic_file=DYNAMIC_FILE,
            upload_timeout=settings.upload_timeout,
            drain=DRAIN,
            email=settings.acme.email,
            directory=directory,
            ca_file=CA_FILE if self._authority else None,
            storage=CERTIFICATES_FILE,
            wildcards=wildcards(hosts) if settings.acme.challenge == "dns" else [],
        )

    def _directory(self) -> str:
        """Where the authority's list of addresses is (RFC 8555, 7.1.1)."""
        if self._authority:
            return f"https://{self.service.connect_to(self._authority.service)}/dir"
        return DIRECTORIES[self._site.settings.ingress.acme.authority]

    def _keeps_certificates(self, secrets: PlatformSecrets, backups: Backups) -> None:
        if self._authority:
            self._authority.finds_names_at(self.service)
            self.service.reads(self._authority.certificate, at=CA_FILE)
        storage = self._site.storage(self, "letsencrypt")
        # The account and certificates: Let's Encrypt issues the same ones five times a week only.
        job = files_backup(
            self,
            "letsencrypt",
            server=self.service,
            storage=storage,
            data=CERTIFICATES,
            files=("acme.json",),
            functions=HERE / "letsencrypt-backup.sh",
            backups=backups,
        )
        self.service.stores(storage, at=CERTIFICATES, backup=job, lock=Lock.by_shell())
        if secrets.dns_token:
            token = SwarmSecret(self, "dns-token", name="dns-token", content=str(secrets.dns_token))
            self.service.sets("DO_AUTH_TOKEN_FILE", self.service.reads(token, at=DNS_TOKEN_FILE))


def wildcards(hosts: Sequence[str]) -> list[str]:
    """The domains whose ``domain`` and ``*.domain`` cover all hosts; a wildcard stands for one label only."""
    domains: list[str] = []
    for host in sorted(set(hosts), key=lambda name: (-name.count("."), name)):
        parent = host.partition(".")[2]
        if host not in domains and parent not in domains:
            # Above a name of two labels there is only a registry.
            domains.append(parent if "." in parent else host)
    return sorted(domains)
