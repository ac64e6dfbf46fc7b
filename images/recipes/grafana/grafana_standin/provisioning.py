"""The provisioning files, all read and checked before the first request is answered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from standin.log import Refusal
from standin.yaml_file import read_mapping

from grafana_standin.expansion import expand

ALERTING_KEYS = (
    "apiVersion", "groups", "deleteRules", "contactPoints", "deleteContactPoints", "policies", "resetPolicies",
    "templates", "deleteTemplates", "muteTimes", "deleteMuteTimes",
)  # fmt: skip


@dataclass(frozen=True)
class DataSource:
    """One data source; `secure` is never shown."""

    uid: str
    name: str
    type: str
    url: str
    user: str
    json: dict[str, Any]
    is_default: bool
    secure: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class Provisioned:
    """All that the files say."""

    data_sources: list[DataSource]
    dashboards: dict[str, dict[str, Any]]
    """By uid."""
    alert_rules: list[dict[str, Any]]
    contact_points: list[str]

    def unknown_data_sources(self) -> list[str]:
        """References in dashboards and alert rules to uids that no data source has."""
        known = {source.uid for source in self.data_sources} | {
            "-- Grafana --",
            "-- Mixed --",
            "__expr__",
            "-100",
        }
        found = []
        for place, value in (*self.dashboards.items(), *((r["title"], r) for r in self.alert_rules)):
            found += [
                f"{place}: data source {uid}" for uid in _uids(value) if uid not in known and "$" not in uid
            ]
        return sorted(set(found))


def load(folder: Path, environment: Mapping[str, str]) -> Provisioned:
    """Read datasources/, dashboards/ and alerting/; `Refusal` names the file and what is wrong in it."""
    sources = [s for file, v in _files(folder / "datasources", environment) for s in _data_sources(v, file)]
    _check_unique([s.name for s in sources], f"{folder}/datasources: name")
    _check_unique([s.uid for s in sources], f"{folder}/datasources: uid")
    if sum(s.is_default for s in sources) > 1:
        raise Refusal(f"{folder}/datasources: only one data source per organization can be marked as default")
    dashboards: dict[str, dict[str, Any]] = {}
    for file, value in _files(folder / "dashboards", environment):
        dashboards |= _dashboards(value, file)
    rules: list[dict[str, Any]] = []
    points: list[str] = []
    for file, value in _files(folder / "alerting", environment):
        rules += _alert_rules(value, file)
        points += [_text(p, "name", f"{file}: contactPoints") for p in _list(value, "contactPoints", file)]
    _check_unique([r["uid"] for r in rules], f"{folder}/alerting: rule uid")
    return Provisioned(sources, dashboards, rules, points)


def _files(folder: Path, environment: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    if not folder.is_dir():
        return
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".yml")):
        yield str(path), expand(read_mapping(path, "a provisioning file"), environment, str(path))


def _data_sources(value: dict[str, Any], file: str) -> Iterator[DataSource]:
    for index, entry in enumerate(_list(value, "datasources", file)):
        where = f"{file}: datasources/{index}"
        name = _text(entry, "name", where)
        access = entry.get("access", "proxy")
        if access not in ("proxy", "direct"):
            raise Refusal(f"{where}/access: {access!r}: proxy or direct is allowed")
        yield DataSource(
            uid=str(entry.get("uid") or name.lower().replace(" ", "-")),
            name=name,
            type=_text(entry, "type", where),
            url=str(entry.get("url") or ""),
            user=str(entry.get("user") or ""),
            json=_mapping(entry, "jsonData", where),
            is_default=bool(entry.get("isDefault")),
            secure={k: str(v) for k, v in _mapping(entry, "secureJsonData", where).items()},
        )


def _dashboards(value: dict[str, Any], file: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for index, provider in enumerate(_list(value, "providers", file)):
        where = f"{file}: providers/{index}"
        _text(provider, "name", where)
        if provider.get("type", "file") != "file":
            raise Refusal(f"{where}/type: {provider['type']!r}: file is allowed")
        folder = Path(_text(_mapping(provider, "options", where), "path", f"{where}/options"))
        if not folder.exists():
            raise Refusal(f"{where}/options/path: {folder} does not exist; mount the dashboards there")
        for path in sorted(folder.rglob("*.json")) if folder.is_dir() else [folder]:
            board = _dashboard(path)
            uid = str(board.get("uid") or path.stem)
            if uid in found:
                raise Refusal(f"{path}: dashboard uid {uid!r} stands twice")
            found[uid] = board
    return found


def _dashboard(path: Path) -> dict[str, Any]:
    try:
        board = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise Refusal(f"{path}: not a dashboard: {error}") from error
    if not isinstance(board, dict) or not board.get("title"):
        raise Refusal(f"{path}: dashboard title cannot be empty")
    return board


def _alert_rules(value: dict[str, Any], file: str) -> Iterator[dict[str, Any]]:
    for key in value:
        if key not in ALERTING_KEYS:
            raise Refusal(f"{file}: unknown key {key!r}; allowed: {', '.join(ALERTING_KEYS)}")
    for index, group in enumerate(_list(value, "groups", file)):
        where = f"{file}: groups/{index}"
        for name in ("name", "folder", "interval"):
            _text(group, name, where)
        for number, rule in enumerate(_list(group, "rules", where)):
            for name in ("uid", "title", "condition"):
                _text(rule, name, f"{where}/rules/{number}")
            refs = [str(d.get("refId")) for d in _list(rule, "data", f"{where}/rules/{number}")]
            if rule["condition"] not in refs:
                raise Refusal(
                    f"{where}/rules/{number}/condition: {rule['condition']!r} is none of {', '.join(refs)}"
                )
            yield rule


def _uids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        source = value.get("datasource")
        if isinstance(source, dict) and isinstance(source.get("uid"), str):
            yield source["uid"]
        if isinstance(value.get("datasourceUid"), str):
            yield value["datasourceUid"]
        for inner in value.values():
            yield from _uids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _uids(inner)


def _list(value: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    found = value.get(key) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Refusal(f"{where}: {key}: a list of mappings is expected")
    return found


def _mapping(value: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    found = value.get(key) or {}
    if not isinstance(found, dict):
        raise Refusal(f"{where}/{key}: a mapping is expected, got {type(found).__name__}")
    return found


def _text(value: Mapping[str, Any], key: str, where: str) -> str:
    found = value.get(key)
    if not isinstance(found, (str, int)) or found == "":
        raise Refusal(f"{where}: {key} is missing")
    return str(found)


def _check_unique(values: list[str], where: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise Refusal(f"{where}: {value!r} stands twice")
