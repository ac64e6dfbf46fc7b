"""The log of requests and responses, without secrets."""

from __future__ import annotations

import re
from typing import Any

from .store import Document

HIDDEN = "(hidden)"
SECRET_FIELDS = ("password", "secret_key", "user_data")
PASSWORD_IN_URL = re.compile(r"(://[^:/@]+:)[^@]+@")


def redacted(value: Any, field: str = "") -> Any:
    """The same shape, with secrets replaced; types stay as they are."""
    if isinstance(value, dict):
        return {name: redacted(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [redacted(one, field) for one in value]
    if isinstance(value, str) and value:
        return HIDDEN if field in SECRET_FIELDS else PASSWORD_IN_URL.sub(rf"\1{HIDDEN}@", value)
    return value


def line(entry: Document) -> str:
    """One entry for a person."""
    if "problem" in entry:
        return (
            f"{entry['at']}  action {entry['action']} ({entry['type']}) errored: {entry['problem'].strip()}"
        )
    fault = f"  [fault: {entry['fault']}]" if entry.get("fault") else ""
    message = entry["answer"].get("message") if entry["status"] >= 400 and entry["answer"] else ""
    route = "" if entry["route"] else "  no such route"
    told = f"  {message}" if message else ""
    return f"{entry['at']}  {entry['method']:6} {entry['path']}  {entry['status'] or 'no answer'}{told}{route}{fault}"
