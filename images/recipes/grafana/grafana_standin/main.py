"""Start: settings, provisioning, database, then serve."""

from __future__ import annotations

import os

from standin.http_server import listen
from standin.log import Refusal, announce, log, refuse
from standin.stop import exit_on_signals

from grafana_standin.database import Database
from grafana_standin.ini_file import as_variables
from grafana_standin.provisioning import Provisioned, load
from grafana_standin.server import GrafanaServer
from grafana_standin.settings import Settings, build, with_files
from grafana_standin.sign_in import SignIn

IMAGE = "grafana/grafana:13.2.0"


def main() -> None:
    """Run until SIGTERM."""
    exit_on_signals()
    announce(IMAGE, "settings, provisioning files, sign-in and data source checks; draws no dashboards")
    try:
        settings = build(as_variables(os.environ) | with_files(os.environ))
        provisioned = load(settings.provisioning, os.environ)
        application = _application(settings, provisioned)
    except Refusal as error:
        refuse(str(error))
    for reference in provisioned.unknown_data_sources():
        log("warn", f"{reference} is not provisioned: its panels or rule will have no data")
    server = listen(settings.port, application)
    counts = f"{len(provisioned.data_sources)} data sources, {len(provisioned.dashboards)} dashboards"
    log("info", f"listening on :{server.port}: {counts}, {len(provisioned.alert_rules)} alert rules")
    server.serve_forever()


def _application(settings: Settings, provisioned: Provisioned) -> GrafanaServer:
    if not os.access(settings.data, os.W_OK):
        raise Refusal(f"{settings.data}: not writable for uid {os.getuid()}; it must belong to uid 472")
    if settings.home_dashboard and not os.path.isfile(settings.home_dashboard):
        raise Refusal(f"dashboards.default_home_dashboard_path: {settings.home_dashboard} does not exist")
    database = Database(settings.database, settings.data)
    return GrafanaServer(provisioned, database, SignIn(settings, database))
