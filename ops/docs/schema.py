"""The JSON Schema of environment files, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from layers.loading import ENVIRONMENTS
from layers.settings.environment import Environment

FILE = ENVIRONMENTS / "schema.json"


def schema() -> dict[str, Any]:
    """The schema of a file as people write it: without the name, which is the file's own."""
    document = Environment.model_json_schema()
    document["properties"].pop("name", None)
    document["required"] = [key for key in document.get("required", []) if key != "name"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}


def write(path: Path = FILE) -> bool:
    """Writes it; says whether it changed."""
    text = json.dumps(schema(), indent=2) + "\n"
    if path.is_file() and path.read_text() == text:
        return False
    path.write_text(text)
    return True
