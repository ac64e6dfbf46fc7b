"""What pydantic found in a file, as problems in plain words."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .errors import Problem, SettingsError
from .setting_place import SettingPlace, place_at
from .settings.form import LONGEST_SHOWN, did_you_mean, setting_path, shown

Locate = Callable[[tuple[str, ...]], str]
"""The file that a path of settings is in."""

EXACT = 2**53
"""Whole numbers up to this are exact in floating point of 64 bits."""

LONGEST_NUMBER = 80
"""Bits of a number that a message proposes as text. Of thousands of digits, Python refuses to make one."""


class _Words(NamedTuple):
    problem: str
    fix: str
    allowed: str = ""


def problems_in(error: ValidationError, kind: Any, locate: Locate) -> list[Problem]:
    """Each finding of pydantic as a problem.

    Args:
        kind: the type that was validated, such as ``Environment`` or ``dict[str, Share]``.
    """
    details = [detail for detail in error.errors(include_url=False) if not _is_echo(detail)]
    return [problem for detail in details for problem in _problems(detail, kind, locate)]


def _is_echo(detail: ErrorDetails) -> bool:
    """A list counts as too short where its only entries were refused, which has its own finding."""
    given = detail["input"]
    return detail["type"] == "too_short" and isinstance(given, list | tuple | dict) and bool(given)


def _problems(detail: ErrorDetails, kind: Any, locate: Locate) -> list[Problem]:
    parts = tuple(str(part) for part in detail["loc"] if part != "[key]")
    cause = detail.get("ctx", {}).get("error")
    if not isinstance(cause, SettingsError):
        words = _words(detail, parts, kind)
        return [Problem(file=locate(parts), setting=setting_path(parts), **words._asdict())]
    # The message shows a key that is refused; its path is that of the mapping.
    above = parts[:-1] if "[key]" in detail["loc"] else parts
    found = [problem.below(setting_path(above)) for problem in cause.problems]
    return [problem.below("", file=locate(tuple(problem.setting.split("/")))) for problem in found]


def _words(detail: ErrorDetails, parts: tuple[str, ...], kind: Any) -> _Words:
    given, place = detail["input"], place_at(parts, kind)
    about = f" ({place.meaning})" if place.meaning else ""
    match detail["type"]:
        case "extra_forbidden":
            known = place_at(parts[:-1], kind).keys
            otherwise = f"known here: {', '.join(known)}" if known else "remove it"
            return _Words("is not a setting", did_you_mean(parts[-1], known, otherwise=otherwise))
        case "missing":
            return _Words("is missing", f"add it{about}")
        case "too_short":
            return _Words("is empty", f"give at least one{about}")
        case "string_too_short":
            return _Words("is empty", f"write it{about}")
        case "string_too_long":
            return _Words(f"has {len(given)} characters", f"write at most {place.limit('max_length')}{about}")
        case "literal_error":
            return _not_a_choice(given, place, about)
        case "string_type":
            return _not_text(given, place, about)
        case number if number.startswith(("int_", "float_", "finite_", "greater_", "less_")):
            return _not_a_number(given, place, about)
        case _:
            return _of_another_kind(detail, place, about)


def _of_another_kind(detail: ErrorDetails, place: SettingPlace, about: str) -> _Words:
    given = detail["input"]
    match detail["type"]:
        case "bool_type":
            return _Words(
                f"is {shown(given)}, not true or false", f"write true or false, without quotes{about}"
            )
        case "model_type" | "dict_type":
            keys = f"with {', '.join(place.needed_keys)}" if place.model else "such as name: value"
            return _Words(
                f"is {shown(given)}, and a mapping is needed", f"write keys and values, {keys}{about}"
            )
        case "tuple_type" | "list_type":
            return _Words(f"is {shown(given)}, and a list is needed", f"write it as {_as_list(given)}{about}")
        case "date_type":
            return _Words(f"is {shown(given)}, and a date is needed", f"write one such as 2026-05-17{about}")
        case _:
            message = re.sub(r"^(Value error, |Input )", "", detail["msg"])
            return _Words(
                f"{message[:1].lower()}{message[1:]}, and it is {shown(given)}", f"change the value{about}"
            )


def _as_list(given: object) -> str:
    short = isinstance(given, str) and len(given) < LONGEST_SHOWN and given.isprintable()
    return f'["{given}"]' if short else "[first, second]"


def _not_a_choice(given: object, place: SettingPlace, about: str) -> _Words:
    text = given if isinstance(given, str) else shown(given).removeprefix("the number ")
    if text in place.choices:
        return _Words(f"is {shown(given)}, and text is needed", f'put it in quotes: "{text}"{about}')
    fix = did_you_mean(text, place.choices, otherwise="write one of those")
    return _Words(f"is {shown(given)}", f"{fix}{about}", f"use one of {', '.join(place.choices)}")


def _not_text(given: object, place: SettingPlace, about: str) -> _Words:
    problem = f"is {shown(given)}, and text is needed"
    if isinstance(given, bool):
        return _Words(f"{problem}: YAML takes it for true or false", f"put it in quotes{about}")
    if isinstance(given, datetime.date):
        return _Words(problem, f"put it in quotes{about}")
    if not isinstance(given, int | float):
        return _Words(problem, f"write text{about}")
    if not isinstance(given, int) or given == 0 or not given.bit_length() <= LONGEST_NUMBER:
        return _Words(
            f"{problem}; as a number it has already lost digits", f"write all digits, in quotes{about}"
        )
    quotes = f'put it in quotes: "{given}"{about}'
    if abs(given) > EXACT:
        why = "a number above 2^53 loses its last digits wherever JSON is read into floating point"
        return _Words(f"{problem}; {why}", quotes)
    refusal = place.refusal(str(given))
    return _Words(problem, f"{refusal.fix}{about}" if refusal else quotes)


def _not_a_number(given: object, place: SettingPlace, about: str) -> _Words:
    number = "a whole number" if place.holds(int) else "a number"
    fix = f"write {number}{f' {place.range}' if place.range else ''}{about}"
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if is_number and (isinstance(given, int) or not place.holds(int)):
        return _Words(f"is {shown(given)}, which is out of range", fix)
    return _Words(
        f"is {shown(given)}, not {number}", f"{fix}, without quotes" if isinstance(given, str) else fix
    )
