"""A certificate authority inside the swarm, for machines that Let's Encrypt cannot reach."""

from sprocket_constructs import Construct, HealthCheck, SwarmConfig, SwarmService, UpdatePolicy

from ..errors import SettingsError
from ..site import Site


class AcmeAuthority(Construct):
    """Pebble, Let's Encrypt's own authority for tests: issues over ACME what no browser trusts.

    It really connects to each name on port 443, and finds all of them at Traefik. Accounts and its own keys are in its
    memory. When it has restarted, Traefik's image from packages drops at its next start what this authority no longer
    knows; until then pages keep their certificates, and a new host gets none.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site) -> None:
        super().__init__(scope, id_)
        image = site.image("pebble")
        self.service = SwarmService(
            self,
            "acme-authority",
            # The name in the image's own certificate.
            alias="pebble",
            image=image,
            listens={"acme": 14000, "management": 15000},
            health=HealthCheck.command("healthcheck"),
            resources=site.resources("acme-authority"),
            update=UpdatePolicy.stop_first(),
        )
        self.certificate = SwarmConfig(
            self, "certificate", name="acme-authority-ca", content=_certificate(site, built=image.is_resolved)
        )

    def finds_names_at(self, proxy: SwarmService) -> None:
        """Says who answers to the names that certificates are asked for; a client of this authority."""
        self.service.sets("ACME_TARGET", proxy.name)


def _certificate(site: Site, *, built: bool) -> str:
    """What Traefik recognises the authority by: made anew with each build of the image, so never in git."""
    path = site.beside_image_lock(site.settings.ingress.acme.ca_certificate)
    if not built:
        return f"# {path.name} is written when images are built\n"
    try:
        return path.read_text()
    except OSError as error:
        raise SettingsError.of(
            f"{path.name} cannot be read ({error.strerror})",
            fix="run `python -m images build --only pebble`, which writes it",
            setting="ingress/acme/ca_certificate",
            file=f"{site.settings.name}.yaml",
        ) from None
