"""The metadata service: identifies a droplet by its source address, and answers with its metadata."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from .watched import Watched

PREFIX = "/metadata/v1"
SECONDS = 10
LARGEST_HEAD = 16 * 1024

Document = Mapping[str, Any]
"""What /metadata/v1.json says."""

RENAMED = {
    "id": "droplet_id",
    "user-data": "user_data",
    "vendor-data": "vendor_data",
    "public-keys": "public_keys",
}
PLAIN = {"address": "ip_address"}  # in an interface


def answer(path: str, document: Document | None) -> tuple[int, str, str]:
    """Status, content type and text for a path; 404 for a client that is not a droplet."""
    if document is None or (path != PREFIX and not path.startswith((f"{PREFIX}/", f"{PREFIX}.json"))):
        return 404, "text/plain", "not found\n"
    if path == f"{PREFIX}.json":
        return 200, "application/json", json.dumps(document)
    try:
        found = _walk(document, [one for one in path.removeprefix(PREFIX).split("/") if one])
    except (KeyError, IndexError, ValueError):
        return 404, "text/plain", "not found\n"
    return 200, "text/plain", found


def _walk(document: Any, steps: list[str]) -> str:
    for number, step in enumerate(steps):
        if isinstance(document, list) and _is_folder(document):
            document = document[int(step)]
        elif isinstance(document, dict):
            renamed = RENAMED if number == 0 else PLAIN
            document = document[renamed.get(step, step)]
        else:
            raise KeyError(step)  # a word, or a list of words, has no parts
    return _text(document, top=not steps)


def _text(value: Any, *, top: bool) -> str:
    """A value as it is; a list of words line by line; the parts of anything else, folders with a slash."""
    if isinstance(value, dict):
        back = {new: old for old, new in (RENAMED if top else PLAIN).items()}
        parts = [f"{back.get(name, name)}{'/' if _is_folder(one) else ''}" for name, one in value.items()]
        return "\n".join(parts)
    if isinstance(value, list):
        return "\n".join(f"{i}/" if isinstance(one, dict) else str(one) for i, one in enumerate(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_folder(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(one, dict) for one in value)
    )


async def serve(address: str, port: int, documents: Watched) -> None:
    """Answers until cancelled. `documents` has one document per public address."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split("\r\n", 1)[0].split(" ", 2)
            peer = writer.get_extra_info("peername")[0]
            status, kind, text = answer(target.partition("?")[0].rstrip("/"), documents.value.get(peer))
            if method not in ("GET", "HEAD"):
                status, text = 405, "method not allowed\n"
            body = text.encode()
            writer.write(
                f"HTTP/1.1 {status} {'OK' if status == 200 else 'Not OK'}\r\nContent-Type: {kind}; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            )
            writer.write(body if method != "HEAD" else b"")
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError):
            pass
        finally:
            writer.close()

    await asyncio.start_server(connected, address, port, limit=LARGEST_HEAD)
