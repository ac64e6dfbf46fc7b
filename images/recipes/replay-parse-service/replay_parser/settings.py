"""Settings, looked up the way the real worker does: variables, ../secret, two JSON files merged at their top level."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SECRETS = Path("../secret")  # the worker runs in /app/src


class Unusable(Exception):
    """The worker cannot start; one line for each value that is missing or unreadable."""


@dataclass(frozen=True)
class Settings:
    """What the worker uses; `problems` are values that are there and cannot do what they are for."""

    broker_url: str
    queue: str
    analytics_queue: str
    result_backend: str
    endpoint: str
    access_key: str
    secret_key: str
    secure: bool
    bucket: str
    parsed_prefix: str
    temporary: str
    source: str
    problems: tuple[str, ...]


class _Lookup:
    """Values by key, and what was not found."""

    def __init__(self, env: Mapping[str, str], data: dict[str, Any], secrets: Path, source: str) -> None:
        self._env, self._data, self._secrets, self._source = env, data, secrets, source
        self.missing: list[str] = []

    def value(self, variable: str, *keys: str) -> Any:
        """The variable, even empty; else the first of the dotted keys; missing when all that is there is empty."""
        found = self._env.get(variable)
        for key in keys:
            found = _at(self._data, key) if found is None else found
        if found in (None, ""):
            self.missing.append(
                f"{keys[0]}: looked for variable {variable}, then key {keys[0]} of {self._source}"
            )
        return found

    def secret(self, variable: str, file: str, key: str = "") -> str:
        """The variable, then a file below ../secret, then (where the real worker looks there) a key."""
        path = self._secrets / file
        text = path.read_text().strip() if path.is_file() else ""
        found = self._env.get(variable) or text or (_at(self._data, key) if key else "")
        if not found:
            places = f"variable {variable}, then file /app/secret/{file}" + (
                f", then key {key}" if key else ""
            )
            self.missing.append(f"{file}: looked for {places}")
        return str(found or "")


def read(env: Mapping[str, str] = os.environ, secrets: Path = _SECRETS) -> Settings:
    """All settings; `Unusable` names every one that is missing at once."""
    folder = env.get("CONFIG_DIR", "/app/config")
    source = f"{folder}/{env.get('ENV', 'development')}.json"
    data = {**_json(f"{folder}/default.json"), **_json(source)}
    found = _Lookup(env, data, secrets, source)
    settings = Settings(
        broker_url=found.value("TRANSPORT_URL", "transport.url"),
        queue=found.value("CELERY_QUEUE", "transport.celery-queue", "celery.queue"),
        analytics_queue=found.value("TRANSPORT_ANALYTICS_QUEUE", "transport.analytics_queue"),
        result_backend=env.get("CELERY_RESULT_BACKEND") or _at(data, "celery.backend") or "",
        endpoint=found.value("MINIO_ENDPOINT", "minio.hostname", "minio.endPoint"),
        access_key=found.secret("MINIO_ACCESS_KEY", "minio-access.txt", "minio.accessKey"),
        secret_key=found.secret("MINIO_SECRET_KEY", "minio-secret.txt"),
        secure=str(found.value("MINIO_USE_SSL", "minio.secure")).lower() == "true",
        bucket=found.value("MINIO_BUCKET", "minio.bucket"),
        parsed_prefix=found.value("MINIO_PARSED_PREFIX", "minio.parsed_object_prefix"),
        temporary=str(data.get("tempDir", "")),
        source=source,
        problems=_problems(env, data),
    )
    if found.missing:
        raise Unusable("\n".join(found.missing))
    return settings


def _problems(env: Mapping[str, str], data: dict[str, Any]) -> tuple[str, ...]:
    rules: list[tuple[str, Callable[[], bool]]] = [
        (
            "celery.backend is empty: tasks are done and their results thrown away, so core waits for ever",
            lambda: not (env.get("CELERY_RESULT_BACKEND") or _at(data, "celery.backend")),
        ),
        ("tempDir is empty: replays would be written to /", lambda: not data.get("tempDir")),
        ("parser is missing", lambda: "parser" not in data),
        ("disableCache is missing", lambda: "disableCache" not in data),
    ]
    return tuple(text for text, broken in rules if broken())


def _at(data: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(data, dict) or part not in data:
            return None
        data = data[part]
    return data


def _json(path: str) -> dict[str, Any]:
    try:
        data = json.loads(Path(path).read_text())
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}; ENV names the file") from error
    except ValueError as error:
        raise Unusable(f"{path}: not JSON: {error}") from error
    if not isinstance(data, dict):
        raise Unusable(f"{path}: a JSON object is expected")
    return data
