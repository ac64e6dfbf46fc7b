"""Reading a mounted YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from standin.log import Refusal


def read_text(path: Path, what: str) -> str:
    """The file's text; a refusal that names the file where it cannot be read."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise Refusal(f"{path}: {cause}; {what} must be mounted there and readable") from error


def parse_mapping(text: str, where: str) -> dict[str, Any]:
    """The text as a YAML mapping with text keys; a refusal with line and column otherwise."""
    try:
        value = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        spot = f" line {mark.line + 1} column {mark.column + 1}" if mark else ""
        raise Refusal(f"{where}{spot}: not YAML: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise Refusal(f"{where}: a YAML mapping is expected, got {type(value).__name__}")
    return value


def read_mapping(path: Path, what: str) -> dict[str, Any]:
    """The file as a YAML mapping."""
    return parse_mapping(read_text(path, what), str(path))
