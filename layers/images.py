"""Which image a service runs, from the environment's one source."""

from pathlib import Path
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError
from sprocket_constructs import UNRESOLVED, Image

from .errors import SettingsError
from .loading import ROOT, read_yaml
from .settings.environment import Environment
from .settings.images import ImagePin
from .settings.model import Settings

LOCK = ROOT / "images.lock.yaml"
PACKAGES_LOCK = ROOT / "images.packages.lock.yaml"


class LockedImage(Settings):
    """An entry of a lock. ``name`` and ``tag`` may come from the line of application images instead."""

    name: str | None = None
    tag: str | None = None
    digest: str = UNRESOLVED
    lacks: list[str] = Field(default_factory=list)
    stands_in_for: str | None = None
    kind: str | None = None


class Line(Settings):
    """The application's images of one era: one namespace and, unless a service says otherwise, one tag."""

    namespace: str
    tag: str
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
        self._lock = _read(self._file, missing_ok=self._from_packages)

    @property
    def file(self) -> Path:
        """The lock that is used."""
        return self._file

    def image(self, name: str, *, instance: str | None = None) -> Image:
        """The image called ``name`` in the lock."""
        pin = self._environment.images.overrides.get(name)
        if pin is not None:
            return _overridden(f"{self._environment.name}.yaml: images/overrides/{name}", pin)
        for place in self._places(instance):
            if name in place:
                return self._locked(name, place[name])
        if self._from_packages and not self._file.is_file():
            # Nothing built yet: the platform can be planned, and deploy refuses it.
            return Image(name=f"127.0.0.1:5000/sprocket/{name}", tag="not-built")
        known = sorted({key for place in self._places(instance) for key in place})
        raise SettingsError(
            f"{self._file.name}: there is no image {name!r}; add it, or use one of {', '.join(known)}"
        )

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
        tag = entry.tag or (line.tag if line else None)
        if repository is None or tag is None:
            raise SettingsError(f"{self._file.name}: images/{name}: has no name and tag; add both")
        try:
            return Image(name=repository, tag=tag, digest=entry.digest, lacks=frozenset(entry.lacks))
        except ValueError as error:
            raise SettingsError(f"{self._file.name}: {error}") from None


def _overridden(where: str, pin: ImagePin) -> Image:
    try:
        return Image(name=pin.name, tag=pin.tag, digest=pin.digest)
    except ValueError as error:
        raise SettingsError(f"{where}: {error}") from None


def _read(path: Path, *, missing_ok: bool) -> Lock:
    if missing_ok and not path.is_file():
        return Lock(images={})
    document: dict[str, Any] = read_yaml(path)
    try:
        return TypeAdapter(Lock).validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "/".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"{path.name}: {where}: {first['msg']}, not {first['input']!r}; change that entry"
        ) from None
