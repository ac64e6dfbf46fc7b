"""A stack as lines that people can review: a section per resource, sorted, without what differs by machine or image build."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from layers.node.user_data import without_comments
from tests.stacks.synthesis import Synthesized

ROOT = Path(__file__).resolve().parents[2]
WIDE = 100
"""Characters up to which a value with several parts stands in one line."""
CONSTRUCTS = "constructs"
"""The section that lists the tree of constructs."""

_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64}|unresolved)$")
_NOT_AS_IS = (".py", ".pyc", ".j2")
"""Endings of files that no stack contains unchanged."""

Sections = dict[str, list[str]]
"""Lines by what they describe, such as ``docker_service.data_redis_1150DB45``."""


def sections(found: Synthesized[Any]) -> Sections:
    """All of Terraform's JSON, and the tree of constructs."""
    return {**described(found.document), CONSTRUCTS: tree(found)}


def described(document: Mapping[str, Any]) -> Sections:
    """Terraform's JSON.

    Left out: comments (``//``), and digests, because each image bump would be a diff of every snapshot; the policy tests
    look at those.
    """
    plain = _plain(document)
    found = {name: list(_lines("", value)) for kind in plain for name, value in _parts(kind, plain[kind])}
    return dict(sorted(found.items()))


def tree(found: Synthesized[Any]) -> list[str]:
    """Every construct's path and class. A path is part of Terraform's address: moving one is a destroy and a create."""
    root = len(found.stack.node.path) + 1
    lines = [f"{each.node.path[root:]} {type(each).__name__}" for each in found.stack.node.find_all()]
    return sorted(line for line in lines if not line.startswith(" "))


def _parts(kind: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What gets a section of its own: each resource, each local value, each other top-level key."""
    if kind == "resource":
        for type_, resources in values.items():
            yield from ((f"{type_}.{name}", resource) for name, resource in resources.items())
    elif kind == "locals":
        yield from ((f"local.{name}", value) for name, value in values.items())
    else:
        yield kind, values


def _plain(value: Any) -> Any:
    """The value without comments, digests and this machine's paths; configs as the text that they are."""
    if isinstance(value, dict):
        plain = {key: _plain(inner) for key, inner in value.items() if key != "//"}
        text = _decoded(plain.get("data"))
        if text is not None:
            del plain["data"]
            plain["data decoded from base64"] = text
        return plain
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return (
        _DIGEST.sub("@digest", value).replace(str(ROOT), "<repository>") if isinstance(value, str) else value
    )


def _decoded(data: Any) -> str | None:
    """The text behind a config's data; none for anything else."""
    try:
        text = base64.b64decode(data, validate=True).decode()
    except (TypeError, ValueError):
        return None
    return text if base64.b64encode(text.encode()).decode() == data else None


def _lines(path: str, value: Any) -> Iterator[str]:
    """``path: value``, in one line where it is short, else a line for each part; a text of several lines as it is.

    A list's elements are ``path[]``, without their number: one more would change the lines of all that follow.
    """
    short = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if isinstance(value, str) and "\n" in value:
        yield f"{path}:"
        yield from (f"| {line}" if line else "|" for line in _text(value))
    elif isinstance(value, dict) and value and (len(short) > WIDE or not path):
        for key in sorted(value):
            name = json.dumps(key) if "." in key else key
            yield from _lines(f"{path}.{name}" if path else name, value[key])
    elif isinstance(value, list) and value and (len(short) > WIDE or isinstance(value[0], dict)):
        for index, inner in enumerate(value):
            if _is_flat(inner):
                yield f"{path}[]: {json.dumps(inner, sort_keys=True, ensure_ascii=False)}"
            else:
                yield from _lines(f"{path}[{index}]", inner)
    else:
        yield f"{path}: {short}" if path else short


def _is_flat(value: Any) -> bool:
    return (
        not isinstance(value, dict)
        or len(json.dumps(value)) <= WIDE
        or not any(isinstance(inner, dict | list) for inner in value.values())
    )


def _text(text: str) -> Iterator[str]:
    """The lines of a text. Where it holds a file of ``layers/`` unchanged, that file's name in angle brackets.

    A last line that does not end says so: the marker is git's.
    """
    lines = text.split("\n")
    if lines[-1]:
        lines.append("\\ No newline at end of file")
    else:
        lines.pop()
    at = 0
    while at < len(lines):
        indent = " " * (len(lines[at]) - len(lines[at].lstrip(" ")))
        for name, first, source in _sources():
            if lines[at] == indent + first and lines[at : at + len(source)] == [
                indent + line if line else "" for line in source
            ]:
                yield f"{indent}<{name}>"
                at += len(source)
                break
        else:
            yield lines[at]
            at += 1


@cache
def _sources() -> list[tuple[str, str, list[str]]]:
    """Name, first line and lines of files that may reach a stack as they are, also in the form for a Terraform string."""
    found = []
    for path in sorted((ROOT / "layers").rglob("*")):
        if not path.is_file() or path.suffix in _NOT_AS_IS:
            continue
        text = path.read_text()
        name = str(path.relative_to(ROOT))
        if path.parent.name == "scripts":
            text, name = without_comments(text), f"{name}, without comments"
        escaped = text.replace("${", "$${").replace("%{", "%%{")
        forms = {name: text} if text == escaped else {name: text, f"{name}, escaped for Terraform": escaped}
        found += [
            (form, lines[0], lines) for form, content in forms.items() if (lines := content.splitlines())
        ]
    return found
