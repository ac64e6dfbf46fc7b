"""Hosts of admin pages: a label of each below ``admin.<domain>``."""

from __future__ import annotations

from .errors import SettingsError
from .platform.identity import setting_of_host
from .settings.environment import Environment
from .settings.form import did_you_mean

MONITORING = "/-/monitoring"
"""A public path of the environment's domain that answers 200 while Grafana works; DigitalOcean asks for it."""


class AdminPages:
    """Gives each page its host: its own name as label, or that of ``ingress/pages``."""

    def __init__(self, settings: Environment) -> None:
        self._settings = settings
        self._labels = settings.ingress.pages
        self._taken: dict[str, str] = {}
        """Page by label."""

    def host(self, page: str) -> str:
        """The host of a page.

        Raises:
            SettingsError: its label is another page's, or the host is something else's.
        """
        host = self._settings.page_host(page)
        label = host.partition(".")[0]
        other = self._taken.setdefault(label, page)
        if other != page:
            named, rival = (page, other) if page in self._labels else (other, page)
            self._refuse(named, f"label {label} is that of page {rival} too")
        # Of a page at its own name the gateway says it, at the service that comes second.
        if page in self._labels and (setting := setting_of_host(self._settings, host)):
            self._refuse(page, f"{host} is {setting} too")
        return host

    def check(self) -> None:
        """Refuses labels for pages that do not exist.

        Raises:
            SettingsError: names them, and the pages that there are.
        """
        pages = sorted(self._taken.values())
        for page in self._labels:
            if page not in pages:
                raise SettingsError.of(
                    "there is no page of that name",
                    allowed=f"pages are: {', '.join(pages)}",
                    fix=did_you_mean(page, pages, otherwise="remove it"),
                    **self._where(page),
                )

    def _refuse(self, page: str, problem: str) -> None:
        raise SettingsError.of(problem, fix="give the page another label there", **self._where(page))

    def _where(self, page: str) -> dict[str, str]:
        return {"file": f"{self._settings.name}.yaml", "setting": f"ingress/pages/{page}"}
