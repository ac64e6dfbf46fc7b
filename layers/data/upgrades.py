"""Which steps between versions of a store's program upstream supports, and what each takes: one table, with its sources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

RUNBOOK = "docs/runbooks/upgrade-a-store.md"

Numbers = tuple[int, ...]

_VERSION = re.compile(r"\d{1,4}(?:\.\d+)*|\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z")


class Way(StrEnum):
    """How a program's data gets to another major version."""

    IN_PLACE = "the new version converts the directory when it starts"
    LOAD = "the new version starts with an empty directory, and a copy is loaded into it"
    BY_HAND = "by hand"


class Comparison(StrEnum):
    """What two copies can show of an upgrade in place: one of the old version, one of the new, and no client in between."""

    CONTENT = "everything is what it was"
    THINGS = "nothing is missing or empty that was not"
    """For programs that drop what has expired, or that add to what they have."""
    NOTHING = "not compared: the copy is the program's own file, which the new version changes"


@dataclass(frozen=True, kw_only=True)
class Program:
    """How a program treats the data that another version of it wrote.

    Args:
        series: how many leading numbers of a version name a series; a step to a later one is a major version. 0: there are
            none, each release opens what every earlier one wrote.
        reads_back: how many leading numbers two releases must have in common for the older one to open what the newer
            one wrote.
        upgrades_from: the only series that upstream supports an upgrade from, by the series gone to; one that is not
            named takes every earlier one.
        way: how ``python -m ops upgrade-store`` takes a major version.
        compares: what it compares afterwards.
        takes: what a major version takes.
        source: where upstream says so.
    """

    series: int = 1
    reads_back: int
    upgrades_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    way: Way = Way.IN_PLACE
    compares: Comparison = Comparison.THINGS
    takes: str
    source: str


_MINIO = Program(
    series=0,
    reads_back=6,
    compares=Comparison.CONTENT,
    takes="a backup first: a release can write what earlier ones do not read",
    source="min.io/docs/minio/container/operations/install-deploy-manage/upgrade-minio-deployment.html; release notes of "
    "RELEASE.2021-12-18T04-42-33Z",
)

PROGRAMS: Mapping[str, Program] = {
    "postgres": Program(
        reads_back=1,
        way=Way.LOAD,
        takes="dump and restore: a server does not open the data directory of another major version",
        source="www.postgresql.org/docs/18/upgrading.html",
    ),
    "redis": Program(
        reads_back=2,
        upgrades_from={"8": ("7",)},
        takes="a snapshot first: the new server rewrites the files, and no older one opens them",
        source="redis.io/docs/latest/operate/oss_and_stack/install/upgrade/standalone",
    ),
    "rabbitmq": Program(
        series=2,
        reads_back=2,
        upgrades_from={
            "4.0": ("3.13",),
            "4.1": ("3.13", "4.0"),
            "4.2": ("3.13", "4.0", "4.1"),
            "4.3": ("4.2",),
        },
        takes="all stable feature flags enabled first: the new server does not start without those that it requires",
        source="release-notes/4.0.1.md, 4.1.0.md, 4.2.0.md and 4.3.0.md of rabbitmq/rabbitmq-server",
    ),
    "influxdb": Program(
        reads_back=2,
        way=Way.BY_HAND,
        takes="for 3 another server: it opens no directory of 2, the data is written into it again",
        source="docs.influxdata.com/influxdb3/core/get-started/migrate-from-influxdb-v1-v2, "
        "docs.influxdata.com/influxdb/v2/install/upgrade/downgrade",
    ),
    "grafana": Program(
        reads_back=2,
        compares=Comparison.NOTHING,
        takes="a copy of its database first: the new server changes the schema when it starts",
        source="grafana.com/docs/grafana, Upgrade Grafana, Database backup",
    ),
    "loki": Program(
        reads_back=2,
        way=Way.BY_HAND,
        takes="its configuration checked first: settings and schemas are removed with a major version",
        source="grafana.com/docs/loki/latest/setup/upgrade",
    ),
    "minio": _MINIO,
    "silo": _MINIO,
    "dgraph": Program(
        reads_back=2,
        way=Way.BY_HAND,
        takes="export and import into an empty directory: its files can differ between releases",
        source="www.dgraph.io/admin/admin-tasks/upgrade-database",
    ),
    "traefik": Program(
        reads_back=1,
        compares=Comparison.NOTHING,
        takes="its file of certificates copied first",
        source="docs/content/migrate of traefik/traefik, where only version 2 changed acme.json",
    ),
}
"""Each program that keeps data, by the last part of its image's name. minio and silo are one program and its fork."""

OTHERS = Program(reads_back=2, takes="its release notes read first", source="")
"""Of a program that is not in the table: what most mean by the numbers of a version."""


class Kind(StrEnum):
    """What a change of version is."""

    UPGRADE = "upgrade to another major version"
    DOWNGRADE = "downgrade"
    OTHER_PROGRAM = "change to another program"
    UNKNOWN = "change between versions of which one cannot be read"


@dataclass(frozen=True, kw_only=True)
class DataVersion:
    """A program and its version, as the state keeps them with a store.

    Args:
        version: ``17.11``, ``2026-09-16T00-00-00Z``; or a text that is no version, such as a tag with its digest.
    """

    program: str
    version: str

    @property
    def numbers(self) -> Numbers:
        """Of the version; none where it cannot be read."""
        return tuple(map(int, re.findall(r"\d+", self.version))) if _VERSION.fullmatch(self.version) else ()

    @property
    def name(self) -> str:
        """What an acknowledgement calls it: the series, or the whole text where there is none."""
        length = PROGRAMS.get(self.program, OTHERS).series
        return ".".join(map(str, self.numbers[:length])) or self.version

    def __str__(self) -> str:
        return f"{self.program} {self.version}"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A change of version that data does not take by itself.

    Args:
        from_, to: what an acknowledgement calls them.
        why: what it means for the data.
        supported: whether upstream supports it.
    """

    kind: Kind
    from_: str
    to: str
    why: str
    supported: bool = True


def step_between(before: DataVersion, after: DataVersion) -> Step | None:
    """What has to be acknowledged; nothing where the data takes the change by itself."""
    if before == after:
        return None
    if before.program != after.program:
        why = f"nobody says that {after.program} opens what {before.program} wrote"
        return Step(kind=Kind.OTHER_PROGRAM, from_=str(before), to=str(after), why=why)
    old, new = before.numbers, after.numbers
    if not old or not new:
        why = f"whether {after.program} opens the data cannot be told"
        return Step(kind=Kind.UNKNOWN, from_=before.version, to=after.version, why=why)
    program = PROGRAMS.get(after.program, OTHERS)
    if new < old:
        if new[: program.reads_back] >= old[: program.reads_back]:
            return None
        why = f"{after.program} {after.version} may not open what {before.version} wrote"
        return Step(kind=Kind.DOWNGRADE, from_=before.version, to=after.version, why=why)
    if new[: program.series] == old[: program.series]:
        return None
    series = program.upgrades_from.get(after.name, (before.name,))
    supported = before.name in series
    why = (
        f"it takes {program.takes}"
        if supported
        else f"upstream supports an upgrade to {after.name} from {' or '.join(series)} only, so deploy one of those first"
    )
    return Step(kind=Kind.UPGRADE, from_=before.name, to=after.name, why=why, supported=supported)
