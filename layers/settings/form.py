"""Texts that must have one form: what is wrong with one that has not, in words."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from ..errors import SettingsError
from ..names import NameRule

LONGEST_SHOWN = 60
"""Characters of a value that a message repeats."""

NEAR = 0.7
"""How alike two names are of which one may be meant for the other, as difflib counts; at its default, 0.6, mongo is minio."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form of a text, for use in ``Annotated[str, Form(...)]``; the JSON Schema gets the pattern too.

    Args:
        what: is described, such as ``a bucket name``.
        pattern: the whole text matches it.
        allowed: the same in words.
        example: a text of that form.
        longest: characters; by default as many as a host name may have.
        corrected: the text that was probably meant, which is proposed where it has the form.
        otherwise: what to do where it has not; by default, write one such as the example.
    """

    what: str
    pattern: str
    allowed: str
    example: str
    longest: int = 253
    corrected: Callable[[str], str] | None = None
    otherwise: str = ""

    @classmethod
    def of(
        cls, rule: NameRule, *, what: str, example: str, corrected: Callable[[str], str] | None = None
    ) -> Form:
        """The form that another program demands of its names."""
        allowed = f"{rule.allowed} ({rule.source})"
        return cls(what=what, pattern=rule.pattern, allowed=allowed, example=example, corrected=corrected)

    def fits(self, text: str) -> bool:
        """Whether the text has the form."""
        return len(text) <= self.longest and re.fullmatch(self.pattern, text) is not None

    def check(self, text: str) -> str:
        """The text itself.

        Raises:
            SettingsError: it has another form.
        """
        if self.fits(text):
            return text
        has = f"has {len(text)} characters" if len(text) > self.longest else f"is not {self.what}"
        problem = f"{shown(text)} {has}"
        corrected = self.corrected(text) if self.corrected else ""
        otherwise = self.otherwise or f"write one such as {self.example}"
        fix = f"write {corrected}" if corrected and self.fits(corrected) else otherwise
        raise SettingsError.of(problem, allowed=f"use {self.allowed}", fix=fix)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        found = handler(schema)
        found["pattern"] = f"^{self.pattern}$"
        found["maxLength"] = self.longest
        return found


def shown(value: object) -> str:
    """A value for a message: short, on one line, and never a private key."""
    if isinstance(value, str):
        if "PRIVATE KEY" in value:
            return "a private key (not shown)"
        return repr(value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}...")
    if value is None:
        return "empty (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 256:
        return f"a number of {value.bit_length()} bits"
    if isinstance(value, float) and math.isinf(value):
        return "infinite, or too large a number"
    if isinstance(value, int | float):
        return f"the number {value}"
    kinds = {dict: "a mapping", list: "a list", tuple: "a list", set: "a set", bytes: "binary data"}
    return next(
        (name for kind, name in kinds.items() if isinstance(value, kind)), f"a {type(value).__name__}"
    )


def nearest(text: object, known: Iterable[str], *, count: int = 1) -> list[str]:
    """Names that one may have meant, nearest first; none where nothing is near."""
    lower = {name.lower(): name for name in known}
    word = str(text).lower()
    # Two letters in the wrong order weigh much in a short name: tga is meant for tag.
    same_letters = [name for name in lower if sorted(name) == sorted(word)]
    return [
        lower[near]
        for near in same_letters[:count] or difflib.get_close_matches(word, lower, n=count, cutoff=NEAR)
    ]


def did_you_mean(text: object, known: Iterable[str], *, otherwise: str, count: int = 1) -> str:
    """What to do about an unknown name: ask for the nearest ones, or something else where none is near."""
    near = nearest(text, known, count=count)
    return f"did you mean {' or '.join(near)}?" if near else otherwise


def dashed(text: str) -> str:
    """A text as a DNS label would spell it: lower case, dashes between the words."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def setting_path(parts: Iterable[str]) -> str:
    """The keys on the way to a setting, for a message: on one line, and none longer than a value may be."""
    return "/".join(
        part if len(part) <= LONGEST_SHOWN and part.isprintable() else shown(part) for part in parts
    )
