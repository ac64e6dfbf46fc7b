"""Mail from DigitalOcean when something is wrong with a node or a page."""

from __future__ import annotations

import struct
from typing import Literal

from ._cdktf import Construct
from ._cdktf.cloud import MonitorAlert, MonitorAlertAlerts, UptimeAlert, UptimeAlertNotifications, UptimeCheck
from .errors import ConstructError
from .node_tag import NodeTag

Measure = Literal["cpu", "memory_utilization_percent", "disk_utilization_percent"]


class Alarms(Construct):
    """Alerts of DigitalOcean itself, which come when the swarm and all its collectors are gone too.

    Args:
        email: address that the team has verified.
        prefix: put before names, so that a mail says which environment it is about.
    """

    def __init__(self, scope: Construct, id_: str, *, email: str, prefix: str) -> None:
        super().__init__(scope, id_)
        self._email = email
        self._prefix = prefix

    def when_above(self, measure: Measure, percent: float, *, nodes: NodeTag) -> None:
        """Mails when a node of a tag is above a value for five minutes.

        Args:
            percent: one that a 32-bit float holds exactly (80, 90.5): the provider reads others back changed.
        """
        if struct.unpack("f", struct.pack("f", percent))[0] != percent or not 0 < percent <= 100:
            raise ConstructError(
                self,
                f"alert on {measure} has the value {percent}",
                fix="use a whole or half number of percent up to 100",
            )
        alert = MonitorAlert(
            self,
            measure,
            type=f"v1/insights/droplet/{measure}",
            description=f"{self._prefix}: {measure.partition('_')[0]} above {percent:g} percent",
            compare="GreaterThan",
            value=percent,
            window="5m",
            enabled=True,
            tags=[nodes.reference],
            alerts=MonitorAlertAlerts(email=[self._email]),
        )
        alert.override_logical_id(measure.partition("_")[0])

    def when_silent(self, id_: str, *, url: str) -> None:
        """Mails when a page has not answered from outside for two minutes."""
        if not url.startswith("https://"):
            raise ConstructError(self, f"page {url} is not https", fix="watch it the way people see it")
        check = UptimeCheck(
            self,
            f"check-{id_}",
            name=f"{self._prefix}: {url.removeprefix('https://')}",
            target=url,
            type="https",
            enabled=True,
            regions=["us_east", "eu_west"],
        )
        check.override_logical_id(id_)
        alert = UptimeAlert(
            self,
            f"alert-{id_}",
            check_id=check.id,
            name=f"{self._prefix}: {url.removeprefix('https://')} is silent",
            type="down_global",
            period="2m",
            notifications=[UptimeAlertNotifications(email=[self._email])],
        )
        alert.override_logical_id(id_)
