"""The price table: what DigitalOcean asks for each thing that can be ordered, with the source and the day of each number."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from layers.errors import SettingsError
from layers.settings.model import Settings
from layers.validation import problems_in
from layers.yaml_file import read_yaml

TABLE = Path(__file__).with_name("prices.yaml")

Dollars = Annotated[float, Field(ge=0, description="US dollars a month")]


class Part(Settings):
    """Some prices, and who said so when.

    Attributes:
        as_of: day of the source; the day on which it was read where it has none.
    """

    as_of: date
    source: str = Field(min_length=10)


class Droplets(Part):
    """Of a droplet, by its size."""

    a_month: dict[str, Dollars]


class DropletBackups(Part):
    """Of the backups of a droplet's own disk, in percent of the droplet's price, by their plan."""

    percent: dict[str, Annotated[float, Field(gt=0)]]


class Volumes(Part):
    """Of a GiB that is ordered, used or not."""

    a_gib: Dollars


class Databases(Part):
    """Of one node of a managed database, by its size."""

    a_node: dict[str, Dollars]


class Spaces(Part):
    """Of all buckets of an account together."""

    an_account: Dollars


class ReservedIps(Part):
    """Of an address that is assigned to a droplet."""

    assigned: Dollars


class UptimeChecks(Part):
    """Of one check of a page from outside."""

    a_check: Dollars


class Prices(Settings):
    """The file ``prices.yaml``."""

    droplets: Droplets
    droplet_backups: DropletBackups
    volumes: Volumes
    databases: Databases
    spaces: Spaces
    reserved_ips: ReservedIps
    uptime_checks: UptimeChecks

    @property
    def parts(self) -> dict[str, Part]:
        """All parts by their names, in the order of the file."""
        return {name: getattr(self, name) for name in type(self).model_fields}


@cache
def prices(table: Path = TABLE) -> Prices:
    """The table.

    Raises:
        SettingsError: the file is broken, or a part has no source or no day.
    """
    try:
        return Prices.model_validate(read_yaml(table))
    except ValidationError as error:
        raise SettingsError(*problems_in(error, Prices, lambda setting: table.name)) from None
