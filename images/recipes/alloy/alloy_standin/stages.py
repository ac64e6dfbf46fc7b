"""The stages of loki.process that this platform uses."""

from __future__ import annotations

import re
from collections.abc import Callable

from standin.log import Refusal

from alloy_standin.relabel import Labels
from alloy_standin.syntax import Block

Entry = tuple[Labels, str]
Stage = Callable[[Entry], Entry | None]


def stages(block: Block, where: str) -> list[Stage]:
    """The stages of a loki.process block in their order."""
    return [_stage(stage, f"{where}:{stage.line}: {stage.name}") for stage in block.blocks]


def run(steps: list[Stage], entry: Entry) -> Entry | None:
    """The entry after all stages, None where one drops it."""
    current: Entry | None = entry
    for step in steps:
        if current is None:
            return None
        current = step(current)
    return current


def _stage(block: Block, where: str) -> Stage:
    makers = {"stage.replace": _replace, "stage.drop": _drop, "stage.static_labels": _static_labels}
    if block.name not in makers:
        raise Refusal(f"{where}: this stand-in knows {', '.join(makers)}")
    return makers[block.name](block, where)


def _replace(block: Block, where: str) -> Stage:
    """Each captured group of the expression is replaced.

    Text outside of groups stays, as in the real stage.
    """
    _only(block, ("expression", "replace"), where)
    regex = _regex(block, where)
    if regex.groups == 0:
        raise Refusal(f"{where}: expression {regex.pattern!r} has no (group), so nothing would be replaced")
    replacement = str(block.values.get("replace", ""))
    if "{{" in replacement.replace("{{ .Value }}", ""):
        raise Refusal(f"{where}: replace: of templates, this stand-in knows {{{{ .Value }}}} only")

    def step(entry: Entry) -> Entry:
        return entry[0], _replaced(regex, replacement, entry[1])

    return step


def _replaced(regex: re.Pattern[str], replacement: str, line: str) -> str:
    result, done = "", 0
    for match in regex.finditer(line):
        for group in range(1, regex.groups + 1):
            start, end = match.span(group)
            if start >= done:
                value = replacement.replace("{{ .Value }}", match.group(group))
                result += line[done:start] + value
                done = end
    return result + line[done:]


def _drop(block: Block, where: str) -> Stage:
    _only(block, ("expression",), where)
    regex = _regex(block, where)
    return lambda entry: None if regex.search(entry[1]) else entry


def _static_labels(block: Block, where: str) -> Stage:
    _only(block, ("values",), where)
    values = block.values.get("values")
    if not isinstance(values, dict):
        raise Refusal(f"{where}: values: an object is expected")
    fixed = {str(name): str(value) for name, value in values.items()}
    return lambda entry: ({**entry[0], **fixed}, entry[1])


def _regex(block: Block, where: str) -> re.Pattern[str]:
    source = block.values.get("expression")
    if not isinstance(source, str) or not source:
        raise Refusal(f"{where}: expression is needed")
    try:
        return re.compile(source, re.ASCII)
    except re.error as error:
        raise Refusal(f"{where}: expression {source!r}: {error}") from error


def _only(block: Block, allowed: tuple[str, ...], where: str) -> None:
    for key in block.values:
        if key not in allowed:
            raise Refusal(f"{where}: {key}: this stand-in knows {', '.join(allowed)}")
