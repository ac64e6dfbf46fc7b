"""The services stack: three layers as constructs, so that one plan shows them all."""

import json
from pathlib import Path

from sprocket_constructs import ConstructError, SwarmApp, SwarmStack, TerraformOutput

from .backend import keep_state
from .backup.backups import Backups
from .budget import check_budget
from .conflicts import comparable
from .cookie_reach import check_cookie_reach
from .data.layer import DataLayer
from .errors import SettingsError
from .ingress.layer import IngressLayer
from .loading import environment_names, load_environment
from .platform.layer import PlatformLayer
from .secrets import PlatformSecrets
from .site import Site
from .store_volumes import check_stores

FROM_STACK_TO_ROOT = "../../.."
"""From cdktf.out/stacks/<stack>, where Terraform runs, to the repository: stacks are the same on every machine."""


class ServicesStack(SwarmStack):
    """Ingress, data and every instance of the platform, for one environment."""

    def __init__(self, app: SwarmApp, site: Site) -> None:
        settings = site.settings
        super().__init__(
            app,
            settings.services_stack,
            docker_host=settings.engine.host,
            ssh_options=settings.ssh_options(FROM_STACK_TO_ROOT),
        )
        keep_state(self, settings)
        self.site = site
        self.secrets = PlatformSecrets(self, "secrets", environment=settings)
        self._log_in_to_registry()
        self.backups = Backups(self, "backups", site=site, secrets=self.secrets)
        self.ingress = IngressLayer(self, "ingress", site=site, secrets=self.secrets, backups=self.backups)
        self.data = DataLayer(
            self, "data", site=site, secrets=self.secrets, ingress=self.ingress, backups=self.backups
        )
        self.platform = PlatformLayer(
            self, "platform", site=site, secrets=self.secrets, ingress=self.ingress, data=self.data
        )
        self.data.watch(self.ingress)

    def _log_in_to_registry(self) -> None:
        login = self.site.settings.platform.login
        if login is not None and self.secrets.registry_token is not None:
            self.logs_in(registry=login.registry, user=login.user, token=self.secrets.registry_token)

    def finish(self) -> None:
        """Checks the budget of the nodes, renders, and tells people where everything is."""
        if self.finished:
            return
        routes = self.ingress.gateway.routes
        self.site.check_names_are_asked_for(
            roles=[route.access.role for route in routes if route.access.role is not None]
        )
        self.site.check_pages()
        check_budget(self.services, self.site.settings)
        check_stores(self.services, self.site.settings)
        super().finish()
        # What stands at the root of a host, where another service has a path of it.
        from_below = sorted(routes, key=lambda route: len(route.path or ""), reverse=True)
        addresses = {route.host: f"{route.service.name}, {route.access}" for route in from_below}
        self._output("addresses", json.dumps(addresses, sort_keys=True))
        self._output("sign_in", self.ingress.how_to_sign_in)

    def _output(self, name: str, text: str) -> None:
        TerraformOutput(self, name, value=text).override_logical_id(name)


def synthesize(environment: str, *, off: bool = False, outdir: Path | str | None = None) -> ServicesStack:
    """Writes the stacks of an environment (the cloud's too, where there is one) and returns the services stack.

    Args:
        off: leave out everything of the services but volumes and generated secrets; the cloud stays as it is.
        outdir: default is cdktf's own, ``cdktf.out``.

    Raises:
        SettingsError: the environment's files are wrong, or a cookie of admins would reach a host that is no admin page, of
            this environment or of another one whose file can be read.
        ConstructError: what they ask for cannot work.
    """
    site = Site(load_environment(environment))
    check_cookie_reach(site.settings, comparable(environment_names()))
    app = SwarmApp(outdir=str(outdir)) if outdir else SwarmApp()
    try:
        stack = ServicesStack(app, site)
        stack.finish()
        if site.settings.cloud is not None:
            from .cloud.stack import EnvironmentCloud

            EnvironmentCloud(app, site.settings, site.settings.cloud)
    except ConstructError as error:
        raise SettingsError.of(
            error.problem, fix=error.fix, setting=error.path, file=f"{environment}.yaml"
        ) from error
    if off:
        stack.switch_off()
    app.synth()
    return stack
