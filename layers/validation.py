"""What pydantic found in a file, as problems in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .errors import Problem, SettingsError
from .settings.form import did_you_mean, shown

Locate = Callable[[tuple[str, ...]], str]
"""The file that a path of settings is in."""


@dataclass(frozen=True)
class _Place:
    """What may stand at a path: its type, its limits, and what it is for."""

    kind: Any
    limits: tuple[Any, ...] = field(default=())
    meaning: str = ""

    def limit(self, *names: str) -> Any:
        """A limit such as ``ge`` of the type's metadata."""
        found = (getattr(each, name, None) for each in self.limits for name in names)
        return next((value for value in found if value is not None), None)

    @property
    def range(self) -> str:
        """The numbers that are allowed: ``from 1 to 20``."""
        low, above = self.limit("ge"), self.limit("gt")
        high = self.limit("le", "lt")
        start = f"above {above}" if above is not None else f"from {low}" if low is not None else ""
        end = f"to {high}" if start and high is not None else f"at most {high}" if high is not None else ""
        return " ".join(part for part in (start, "and" if above is not None and end else "", end) if part)

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values of a literal type."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    @property
    def model(self) -> type[BaseModel] | None:
        """The settings class that stands here."""
        return self.kind if isinstance(self.kind, type) and issubclass(self.kind, BaseModel) else None


def problems_in(error: ValidationError, kind: Any, locate: Locate) -> list[Problem]:
    """Each finding of pydantic as a problem.

    Args:
        kind: the type that was validated, such as ``Environment`` or ``dict[str, Share]``.
    """
    details = error.errors(include_url=False)
    return [
        problem for detail in details if not _is_echo(detail) for problem in _problems(detail, kind, locate)
    ]


def _is_echo(detail: ErrorDetails) -> bool:
    """A list counts as too short where its only entries were refused, which has its own finding."""
    given = detail["input"]
    return detail["type"] == "too_short" and isinstance(given, list | tuple | dict) and bool(given)


def _problems(detail: ErrorDetails, kind: Any, locate: Locate) -> list[Problem]:
    parts = tuple(str(part) for part in detail["loc"] if part != "[key]")
    path = "/".join(parts)
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, SettingsError):
        of_key = "[key]" in detail["loc"]
        path = "/".join(parts[:-1]) if of_key else path
        below = [problem.below(path) for problem in cause.problems]
        return [
            problem.below("", file=locate(tuple(problem.setting.split("/")) if problem.setting else ()))
            for problem in below
        ]
    problem, allowed, fix = _words(detail, _place_at(parts, kind), kind)
    return [Problem(file=locate(parts), setting=path, problem=problem, allowed=allowed, fix=fix)]


def _words(detail: ErrorDetails, place: _Place, kind: Any) -> tuple[str, str, str]:
    """What is wrong, what is allowed, what to do."""
    given, about = detail["input"], f" ({place.meaning})" if place.meaning else ""
    match detail["type"]:
        case "extra_forbidden":
            parent = _place_at(tuple(str(part) for part in detail["loc"][:-1]), kind).model
            known = [name for name in parent.model_fields if name != "name"] if parent else []
            otherwise = f"known here: {', '.join(known)}" if known else "remove it"
            return "is not a setting", "", did_you_mean(detail["loc"][-1], known, otherwise=otherwise)
        case "missing":
            return "is missing", "", f"add it{about}"
        case "too_short" | "string_too_short":
            return (
                "is empty",
                "",
                f"give at least one{about}" if detail["type"] == "too_short" else f"write it{about}",
            )
        case "too_long" | "string_too_long":
            return "is too long", f"use at most {place.limit('max_length')}", f"shorten it{about}"
        case "literal_error":
            return _not_a_choice(given, [str(choice) for choice in place.choices], about)
        case "string_type":
            return _not_text(given, about)
        case kind_of_error if kind_of_error.startswith(("int_", "float_", "finite_", "greater_", "less_")):
            return _not_in_range(given, place, about)
        case "bool_type":
            return f"is {shown(given)}, not true or false", "", f"write true or false, without quotes{about}"
        case "model_type" | "dict_type" | "model_attributes_type":
            example = (
                "such as {count: 1, cpus: 2}" if not place.model else f"with {_first_fields(place.model)}"
            )
            return (
                f"is {shown(given)}, and a mapping is needed",
                "",
                f"write keys and values {example}{about}",
            )
        case "tuple_type" | "list_type":
            return f"is {shown(given)}, and a list is needed", "", f"write it as [first, second]{about}"
        case _:
            message = re.sub(r"^(Value error, |Input )", "", detail["msg"])
            return f"{message[:1].lower()}{message[1:]}, not {shown(given)}", "", f"change the value{about}"


def _not_a_choice(given: object, choices: list[str], about: str) -> tuple[str, str, str]:
    # Not every int has a text: of thousands of digits, Python refuses to make one.
    if isinstance(given, int | float) and shown(given).removeprefix("the number ") in choices:
        return f"is {shown(given)}, and text is needed", "", f'put it in quotes: "{given}"{about}'
    fix = did_you_mean(given if isinstance(given, str) else "", choices, otherwise="write one of those")
    return f"is {shown(given)}", f"use one of {', '.join(choices)}", f"{fix}{about}"


def _not_text(given: object, about: str) -> tuple[str, str, str]:
    if isinstance(given, bool):
        why = "YAML takes it for a truth value"
        return (
            f"is {shown(given)}, and text is needed: {why}",
            "",
            f'put it in quotes: "{shown(given)}"{about}',
        )
    if isinstance(given, int | float):
        why = "above 2^53 a number is rounded wherever JSON is read into floating point, and a leading zero is lost"
        quoted = f': "{given}"' if isinstance(given, int) and 0 < given < 2**64 else ""
        return f"is {shown(given)}, and text is needed", f"put it in quotes{quoted}", f"{why}{about}"
    return f"is {shown(given)}, and text is needed", "", f"write text{about}"


def _not_in_range(given: object, place: _Place, about: str) -> tuple[str, str, str]:
    whole = _holds(place.kind, int)
    number = "a whole number" if whole else "a number"
    range_ = place.range
    fix = f"write {number}{f' {range_}' if range_ else ''}{about}"
    if isinstance(given, str):
        return f"is {shown(given)}, not {number}", "", f"{fix}, without quotes"
    if isinstance(given, bool) or not isinstance(given, int | float):
        return f"is {shown(given)}, not {number}", "", fix
    if whole and not isinstance(given, int):
        return f"is {shown(given)}, not {number}", "", fix
    return f"is {shown(given)}, which is out of range", "", fix


def _holds(kind: Any, wanted: type) -> bool:
    return kind is wanted or any(_holds(part, wanted) for part in get_args(kind))


def _first_fields(model: type[BaseModel]) -> str:
    needed = [name for name, each in model.model_fields.items() if each.is_required()]
    return ", ".join(needed or list(model.model_fields)[:3])


def _place_at(parts: Iterable[str], kind: Any) -> _Place:
    """What may stand at a path, through mappings, lists and optional values."""
    place = _peeled(_Place(kind))
    for part in parts:
        place = _peeled(_step(place, part))
    return place


def _step(place: _Place, part: str) -> _Place:
    if place.model is not None:
        found = place.model.model_fields.get(part)
        return _of_field(found) if found else _Place(None)
    origin, arguments = get_origin(place.kind), get_args(place.kind)
    if origin is dict:
        return _Place(arguments[1])
    if origin in (list, tuple):
        return _Place(arguments[0])
    return _Place(None)


def _of_field(info: FieldInfo) -> _Place:
    return _Place(info.annotation, tuple(info.metadata), info.description or "")


def _peeled(place: _Place) -> _Place:
    """Without ``Annotated`` and ``| None`` around the type; their limits are kept."""
    origin, arguments = get_origin(place.kind), get_args(place.kind)
    if origin is Annotated:
        return _peeled(_Place(arguments[0], (*place.limits, *_flat(arguments[1:])), place.meaning))
    without_none = [each for each in arguments if each is not type(None)]
    if type(None) in arguments and len(without_none) == 1:
        return _peeled(_Place(without_none[0], place.limits, place.meaning))
    return place


def _flat(metadata: Iterable[Any]) -> list[Any]:
    return [part for each in metadata for part in (each.metadata if isinstance(each, FieldInfo) else [each])]
