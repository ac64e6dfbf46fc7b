"""Which image a service runs, from the environment's one source."""

from datetime import date
from pathlib import Path
from typing import Any, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator
from sprocket_constructs import UNRESOLVED, Image

from .errors import SettingsError
from .loading import ROOT, read_yaml
from .settings.environment import Environment
from .settings.images import ImagePin
from .settings.model import Settings

LOCK = ROOT / "images.lock.yaml"
PACKAGES_LOCK = ROOT / "images.packages.lock.yaml"


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

    name: str | None = None
    tag: str
    digest: str = UNRESOLVED
    source: str | None = Field(default=None, pattern=r"^(registry|bom|pins) \d{4}-\d{2}-\d{2}$")
    unconfirmed: bool = False
    lacks: list[str] = Field(default_factory=list)
    stands_in_for: str | None = None
    kind: str | None = None
    version: str | None = None

    @model_validator(mode="after")
    def _source_has_a_digest(self) -> Self:
        if self.source and self.digest == UNRESOLVED:
            raise ValueError(
                f"has a source ({self.source}) but no digest; give the digest, or remove the source"
            )
        return self


class Line(Settings):
    """The application's images of one era.

    Args:
        namespace: what their names begin with.
        until: last day (UTC) on which images of the line were built; a bill of materials built later is of another line.
        base: what the other images are built on. The bill of materials lists it, and nothing runs it.
    """

    namespace: str
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
        known = sorted({key for place in self._places(instance) for key in place})
        raise SettingsError(
            f"{self._file.name}: there is no image {name!r}; add it, or use one of {', '.join(known)}"
        )

    def find(self, name: str, *, instance: str | None = None) -> Image | None:
        """The same, or nothing where neither the lock nor an override has it."""
        pin = self._environment.images.overrides.get(name)
        if pin is not None:
            return _overridden(f"{self._environment.name}.yaml: images/overrides/{name}", pin)
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
            raise SettingsError(f"{self._file.name}: images/{name}: has no name; add it")
        try:
            return Image(name=repository, tag=entry.tag, digest=entry.digest, lacks=frozenset(entry.lacks))
        except ValueError as error:
            raise SettingsError(f"{self._file.name}: {error}") from None


def _overridden(where: str, pin: ImagePin) -> Image:
    try:
        return Image(name=pin.name, tag=pin.tag, digest=pin.digest)
    except ValueError as error:
        raise SettingsError(f"{where}: {error}") from None


def read_lock(path: Path) -> Lock:
    """A lock, checked.

    Raises:
        SettingsError: it is not YAML, or says what a lock may not say; the message has the entry's path.
    """
    document: dict[str, Any] = read_yaml(path)
    try:
        return TypeAdapter(Lock).validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "/".join(str(part) for part in first["loc"])
        if first["type"] == "value_error":
            raise SettingsError(
                f"{path.name}: {where}: {first['msg'].removeprefix('Value error, ')}"
            ) from None
        raise SettingsError(
            f"{path.name}: {where}: {first['msg']}, not {first['input']!r}; change that entry"
        ) from None
