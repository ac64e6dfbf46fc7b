"""What may stand at a path of settings, from the types of the settings themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .errors import Problem, SettingsError
from .settings.environment import Environment
from .settings.form import Form


@dataclass(frozen=True)
class SettingPlace:
    """The type at a path, its limits, and what it is for.

    Args:
        limits: the type's metadata: of pydantic, and our own forms.
    """

    kind: Any
    limits: tuple[Any, ...] = ()
    meaning: str = ""

    @property
    def range(self) -> str:
        """The numbers that are allowed: ``from 1 to 20``; empty for all."""
        low, above, high = self.limit("ge"), self.limit("gt"), self.limit("le")
        if above is not None:
            return f"above {above}{f' and at most {high}' if high is not None else ''}"
        if low is not None:
            return f"from {low}{f' to {high}' if high is not None else ''}"
        return f"of at most {high}" if high is not None else ""

    @property
    def choices(self) -> list[str]:
        """The values of a literal type."""
        return [str(choice) for choice in get_args(self.kind)] if get_origin(self.kind) is Literal else []

    @property
    def model(self) -> type[BaseModel] | None:
        """The settings class that stands here."""
        return self.kind if isinstance(self.kind, type) and issubclass(self.kind, BaseModel) else None

    @property
    def keys(self) -> list[str]:
        """Names of the settings class's settings."""
        # An environment's name is its file's; nobody writes it.
        hidden = {"name"} if self.model is Environment else set()
        return [name for name in self.model.model_fields if name not in hidden] if self.model else []

    @property
    def needed_keys(self) -> list[str]:
        """Those of them that have no default; else the first few."""
        fields = self.model.model_fields if self.model else {}
        return [name for name in self.keys if fields[name].is_required()] or self.keys[:3]

    def limit(self, name: str) -> Any:
        """A limit such as ``ge``; nothing where there is none."""
        found = (getattr(each, name, None) for each in self.limits)
        return next((value for value in found if value is not None), None)

    def holds(self, wanted: type) -> bool:
        """Whether the type is ``wanted``, or has it as a part."""
        return _holds(self.kind, wanted)

    def refusal(self, text: str) -> Problem | None:
        """What the type's own checks say of a text; nothing where they take it."""
        for each in self.limits:
            check = each.check if isinstance(each, Form) else getattr(each, "func", None)
            try:
                text = check(text) if check else text
            except SettingsError as error:
                return error.problems[0]
        return None


def place_at(path: Iterable[str], kind: Any) -> SettingPlace:
    """What may stand at a path below a type, through mappings, lists and optional values."""
    place = _peeled(SettingPlace(kind))
    for part in path:
        place = _peeled(_step(place, part))
    return place


def _step(place: SettingPlace, part: str) -> SettingPlace:
    if place.model is not None:
        found = place.model.model_fields.get(part)
        if found is None:
            return SettingPlace(None)
        return SettingPlace(found.annotation, tuple(found.metadata), found.description or "")
    origin, arguments = get_origin(place.kind), get_args(place.kind)
    if origin is dict:
        return SettingPlace(arguments[1])
    return SettingPlace(arguments[0]) if origin in (list, tuple) else SettingPlace(None)


def _peeled(place: SettingPlace) -> SettingPlace:
    """Without ``Annotated`` and ``| None`` around the type; their limits are kept."""
    origin, arguments = get_origin(place.kind), get_args(place.kind)
    if origin is Annotated:
        more = [part for each in arguments[1:] for part in _parts(each)]
        described = (each.description for each in arguments[1:] if isinstance(each, FieldInfo))
        meaning = place.meaning or next((text for text in described if text), "")
        return _peeled(SettingPlace(arguments[0], (*place.limits, *more), meaning))
    without_none = [each for each in arguments if each is not type(None)]
    if type(None) in arguments and len(without_none) == 1:
        return _peeled(SettingPlace(without_none[0], place.limits, place.meaning))
    return place


def _parts(metadata: Any) -> list[Any]:
    return metadata.metadata if isinstance(metadata, FieldInfo) else [metadata]


def _holds(kind: Any, wanted: type) -> bool:
    return kind is wanted or any(_holds(part, wanted) for part in get_args(kind))
