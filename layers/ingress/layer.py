"""The first layer: the way in, and who may use it."""

from sprocket_constructs import Access, Construct, Gateway

from ..backup.backups import Backups
from ..secrets import PlatformSecrets
from ..site import Site
from .acme_authority import AcmeAuthority
from .fake_discord import FakeDiscord
from .forward_auth import ForwardAuth
from .sign_in import SignIn
from .socket_proxy import SocketProxy
from .tinyauth import Tinyauth
from .traefik import Traefik

PROXIES: dict[str, type[ForwardAuth] | type[Tinyauth]] = {
    "traefik-forward-auth": ForwardAuth,
    "tinyauth": Tinyauth,
}


class IngressLayer(Construct):
    """Traefik, the sign-in in front of admin pages, and what both need.

    Other layers use :attr:`gateway` (``service.expose_via(ingress.gateway, ...)``), :attr:`admin` and :meth:`answers_to`.
    """

    def __init__(
        self, scope: Construct, id_: str, *, site: Site, secrets: PlatformSecrets, backups: Backups
    ) -> None:
        super().__init__(scope, id_)
        self._guild = site.settings.ingress.sign_in.guild
        settings = site.settings.ingress
        self.admin = Access.only(settings.admin_role)
        """For pages of operators: holders of the admin role."""
        self.gateway = Gateway(
            self, "gateway", public_middlewares=("public@file",), guarded_middlewares=("guarded@file",)
        )
        self.fake_discord: FakeDiscord | None = None
        self.sign_in = self._signs_in(site, secrets)
        self.acme_authority = (
            AcmeAuthority(self, "acme-authority", site=site) if settings.acme.authority == "test" else None
        )
        self.socket_proxy = SocketProxy(self, "socket-proxy", site=site, client="traefik")
        self._traefik = Traefik(
            self,
            "traefik",
            site=site,
            secrets=secrets,
            gateway=self.gateway,
            socket_proxy=self.socket_proxy,
            sign_in=self.sign_in,
            authority=self.acme_authority,
            backups=backups,
        )
        self.traefik = self._traefik.service
        self._traefik.shows_dashboard(access=self.admin)

    def _signs_in(self, site: Site, secrets: PlatformSecrets) -> ForwardAuth | Tinyauth:
        settings = site.settings.ingress.sign_in
        proxy = PROXIES[settings.proxy]
        sign_in = SignIn(site, self.gateway)
        if settings.provider == "fake":
            self.fake_discord = FakeDiscord(
                self,
                "fake-discord",
                site=site,
                secrets=secrets,
                gateway=self.gateway,
                callback=f"https://{sign_in.host}{proxy.CALLBACK}",
            )
        return proxy(
            self,
            "sign-in",
            site=site,
            secrets=secrets,
            gateway=self.gateway,
            sign_in=sign_in,
            fake=self.fake_discord,
        )

    @property
    def how_to_sign_in(self) -> str:
        """For people who want to see an admin page."""
        role = self.admin.role
        if self.fake_discord is not None:
            return f"admin pages: choose {role} on the page of the fake Discord"
        return f"admin pages: sign in with a Discord account that has role {role} in the server {self._guild}"

    def answers_to(self, host: str) -> None:
        """Lets services inside reach a public host: web calls the API by the name that browsers use."""
        self._traefik.answers_to(host)
