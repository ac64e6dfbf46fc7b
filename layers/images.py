"""Which image a service runs, from the environment's one source."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator
from sprocket_constructs import UNRESOLVED, Image, version_in

from .errors import Problem, SettingsError
from .loading import ROOT
from .settings.environment import Environment
from .settings.form import Form, did_you_mean, nearest
from .settings.images import ImageDigest, ImageName, ImageTag
from .settings.model import Settings
from .validation import problems_in
from .yaml_file import read_yaml

LOCK = ROOT / "images.lock.yaml"
PACKAGES_LOCK = ROOT / "images.packages.lock.yaml"
STAND_IN = "stand-in"
PROGRAM = "program"
"""What a stand-in lacks: it listens in the program's place and keeps nothing. Only images from packages may be stand-ins."""


Source = Annotated[
    str,
    Form(
        what="a source and its date",
        pattern=r"(registry|bom|pins) \d{4}-\d{2}-\d{2}",
        allowed="registry, bom or pins, and the day",
        example="pins 2026-11-27",
    ),
]


class LockedImage(Settings):
    """An entry of a lock.

    Args:
        name: repository in familiar form; an application image may leave it to its line's namespace.
        tag: what the digest was looked up for. Every entry has its own: the application's workflow builds an image
            only where its sources changed, so that no one tag exists for all of them.
        digest: what runs, or ``unresolved``.
        source: who said that the tag has this digest, and on which day. ``registry``: it was asked. ``bom``: the
            application's bill of materials, built that day. ``pins``: public repositories pin it, collected that day;
            ``ops images resolve`` asks the registry and puts its answer in place of it.
        unconfirmed: the tag was worked out from the application's history, and no registry or bill of materials has
            confirmed it.
    """

    name: ImageName | None = None
    tag: ImageTag
    digest: ImageDigest = UNRESOLVED
    source: Source | None = None
    unconfirmed: bool = False
    lacks: list[str] = Field(default_factory=list)
    stands_in_for: str | None = None
    kind: str | None = None
    version: str | None = None

    @property
    def program_version(self) -> str:
        """Of an image from packages, whose tag is a hash: what the program says, or the version that a stand-in is for."""
        return self.version or version_in((self.stands_in_for or "").rpartition(":")[2])

    @model_validator(mode="after")
    def _source_has_a_digest(self) -> Self:
        if self.source and self.digest == UNRESOLVED:
            raise SettingsError.of(
                f"has a source ({self.source}) but no digest", fix="give the digest, or remove the source"
            )
        return self


class Line(Settings):
    """The application's images of one era.

    Args:
        namespace: what their names begin with.
        until: last day (UTC) on which images of the line were built; a bill of materials built later is of another line.
        base: what the other images are built on. The bill of materials lists it, and nothing runs it.
    """

    namespace: ImageName
    until: date | None = None
    base: str | None = None
    images: dict[str, LockedImage]


class Lock(Settings):
    """``images.lock.yaml``: what runs, by service; ``promoted`` holds exceptions per environment or instance."""

    images: dict[str, LockedImage]
    application: dict[str, Line] = Field(default_factory=dict)
    promoted: dict[str, dict[str, LockedImage]] = Field(default_factory=dict)


class ImageCatalog:
    """All images of one environment.

    Looked up in this order: the environment's overrides, what was promoted to the instance or the environment, the
    lock. An image that is in none of them is an error that names what there is.
    """

    def __init__(
        self, environment: Environment, *, lock: Path = LOCK, packages_lock: Path = PACKAGES_LOCK
    ) -> None:
        self._environment = environment
        self._from_packages = environment.images.source == "packages"
        self._file = packages_lock if self._from_packages else lock
        self._lock = (
            Lock(images={}) if self._from_packages and not self._file.is_file() else read_lock(self._file)
        )

    @property
    def file(self) -> Path:
        """The lock that is used."""
        return self._file

    def image(self, name: str, *, instance: str | None = None) -> Image:
        """The image called ``name`` in the lock."""
        found = self.find(name, instance=instance)
        if found is not None:
            return found
        if self._from_packages and not self._file.is_file():
            # Nothing built yet: the platform can be planned, and deploy refuses it.
            return Image(name=f"127.0.0.1:5000/sprocket/{name}", tag="not-built")
        if self._from_packages:
            raise SettingsError(_without_recipe(self._environment.name, name))
        raise SettingsError(self._missing(name, of_the_application=instance is not None))

    def _missing(self, name: str, *, of_the_application: bool) -> Problem:
        """A service runs it, so its name is right: what is written otherwise is in the lock."""
        lock, line = self._lock, self._environment.platform.line
        if of_the_application and line not in lock.application:
            return Problem(
                problem=f"is missing, and {self._environment.name}.yaml: platform/line names it",
                fix=_add_or_rename(line, lock.application),
                setting=f"application/{line}",
                file=self._file.name,
            )
        application = lock.application.get(line)
        places = [
            ("images", lock.images),
            (f"application/{line}/images", application.images if application else {}),
        ]
        if of_the_application:
            places.reverse()
        setting, entries = next((place for place in places if nearest(name, place[1])), places[0])
        return Problem(
            problem=f"there is no image {name!r}, and a service runs it",
            allowed=f"images here are {', '.join(sorted(entries)) or 'none'}",
            fix=_add_or_rename(name, entries),
            setting=setting,
            file=self._file.name,
        )

    def find(self, name: str, *, instance: str | None = None) -> Image | None:
        """The image, or nothing where neither the lock nor an override has it."""
        pin = self._environment.images.overrides.get(name)
        if pin is not None:
            return Image(name=pin.name, tag=pin.tag, digest=pin.digest)
        for place in self._places(instance):
            if name in place:
                return self._locked(name, place[name])
        return None

    def _places(self, instance: str | None) -> list[dict[str, LockedImage]]:
        name = self._environment.name
        promoted = self._lock.promoted
        line = self._lock.application.get(self._environment.platform.line)
        return [
            promoted.get(f"{name}/{instance}", {}),
            promoted.get(name, {}),
            self._lock.images,
            line.images if line else {},
        ]

    def _locked(self, name: str, entry: LockedImage) -> Image:
        line = self._lock.application.get(self._environment.platform.line)
        repository = entry.name or (f"{line.namespace}/{name}" if line else None)
        if repository is None:
            raise SettingsError.of(
                "has no name", fix="add it", setting=f"images/{name}", file=self._file.name
            )
        return Image(
            name=repository,
            tag=entry.tag,
            digest=entry.digest,
            lacks=frozenset(entry.lacks) | self._lacking_program(entry),
            version=entry.program_version,
        )

    def _lacking_program(self, entry: LockedImage) -> frozenset[str]:
        return frozenset({PROGRAM} if self._from_packages and entry.kind == STAND_IN else ())


def read_lock(path: Path) -> Lock:
    """A lock, checked.

    Raises:
        SettingsError: it is not YAML, or says what a lock may not say; each problem has the entry's path.
    """
    try:
        return Lock.model_validate(read_yaml(path))
    except ValidationError as error:
        raise SettingsError(*problems_in(error, Lock, lambda entry: path.name)) from None


def missing_recipes(settings: Environment, images: Iterable[str], recipes: Collection[str]) -> list[Problem]:
    """What an environment whose images are built from packages runs, and nothing builds.

    Args:
        images: names of the images that its services run.
        recipes: names of the images that there are recipes for.
    """
    if settings.images.source != "packages":
        return []
    wanted = sorted(set(images) - set(recipes) - set(settings.images.overrides))
    return [_without_recipe(settings.name, name) for name in wanted]


def unknown_promotions(lock: Path, environments: Iterable[Environment]) -> list[Problem]:
    """Promotions in a lock to an environment or an instance that does not exist: they would do nothing."""
    places = [
        place
        for each in environments
        for place in (each.name, *(f"{each.name}/{instance}" for instance in each.platform.instances))
    ]
    return [
        Problem(
            problem="is no environment, and no instance of one, so nothing is promoted",
            allowed="write the name of an environment, or environment/instance",
            fix=did_you_mean(name, places, otherwise=f"use one of {', '.join(places)}"),
            setting=f"promoted/{name}",
            file=lock.name,
        )
        for name in read_lock(lock).promoted
        if name not in places
    ]


def _add_or_rename(name: str, entries: Iterable[str]) -> str:
    near = nearest(name, entries)
    return f"add it, or rename {near[0]} to {name}, if that is it" if near else "add it"


def _without_recipe(environment: str, name: str) -> Problem:
    return Problem(
        problem=f"a service runs image {name!r}, images come from packages, and no recipe builds it",
        fix=f"write images/recipes/{name}/recipe.yaml, or name an image under images/overrides/{name}",
        setting="images",
        file=f"{environment}.yaml",
    )
