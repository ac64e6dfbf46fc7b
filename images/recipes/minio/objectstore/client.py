"""A client for the object store: an alias (address and key pair) and signed requests."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlencode, urlsplit

from .sigv4 import sign

_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class Failed(Exception):
    """A request that did not work; the text is for the user."""


@dataclass(frozen=True)
class Alias:
    """Where a store is and who asks."""

    url: str
    access_key: str = ""
    secret_key: str = ""

    def request(self, method: str, path: str, body: bytes = b"", query: str = "") -> bytes:
        """Do a signed request (unsigned without a key) and return the answer's body."""
        url = self.url + quote(path, safe="/-_.~") + (f"?{query}" if query else "")
        headers = sign(method, url, body, self.access_key, self.secret_key) if self.access_key else {}
        data = body if method in ("PUT", "POST") else None
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise Failed(_reason(error)) from None
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"{self.url}: {getattr(error, 'reason', error)}") from None

    def head(self, path: str) -> dict[str, str]:
        """Headers of one object or bucket."""
        url = self.url + quote(path, safe="/-_.~")
        headers = sign("HEAD", url, b"", self.access_key, self.secret_key) if self.access_key else {}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, headers=headers, method="HEAD"), timeout=60
            ) as answer:
                return {name.lower(): value for name, value in answer.headers.items()}
        except urllib.error.HTTPError as error:
            raise Failed(
                "Object does not exist" if error.code == 404 else f"Access Denied. ({error.code})"
            ) from None
        except OSError as error:
            raise Failed(f"{self.url}: {getattr(error, 'reason', error)}") from None

    def buckets(self) -> list[str]:
        """Names of all buckets that the key may list."""
        tree = ET.fromstring(self.request("GET", "/"))
        return [name.text or "" for name in tree.iter(f"{_NAMESPACE}Name")]

    def objects(self, bucket: str, prefix: str, *, recursive: bool) -> Iterator[tuple[str, int, str]]:
        """Key, size in bytes and time of each object; folders end in / and have no time."""
        token = ""
        while True:
            query = {"list-type": "2", "prefix": prefix, "delimiter": "" if recursive else "/"}
            if token:
                query["continuation-token"] = token
            tree = ET.fromstring(self.request("GET", f"/{bucket}", query=urlencode(query, quote_via=quote)))
            for folder in tree.iter(f"{_NAMESPACE}CommonPrefixes"):
                yield folder.findtext(f"{_NAMESPACE}Prefix", ""), 0, ""
            for item in tree.iter(f"{_NAMESPACE}Contents"):
                yield (
                    item.findtext(f"{_NAMESPACE}Key", ""),
                    int(item.findtext(f"{_NAMESPACE}Size", "0")),
                    item.findtext(f"{_NAMESPACE}LastModified", ""),
                )
            token = tree.findtext(f"{_NAMESPACE}NextContinuationToken", "")
            if not token:
                return


def _reason(error: urllib.error.HTTPError) -> str:
    text = error.read().decode(errors="replace")
    try:
        tree = ET.fromstring(text)
        return f"{tree.findtext('Message', '')} ({tree.findtext('Code', '')})"
    except ET.ParseError:
        return text or f"the server answered {error.code}"


def _config() -> Path:
    return Path(os.environ.get("MC_CONFIG_DIR", Path.home() / ".mc")) / "config.json"


def load(name: str) -> Alias:
    """The alias of that name: from MC_HOST_<name>, from `mc alias set`, or the built-in `local`."""
    if host := os.environ.get(f"MC_HOST_{name}"):
        parts = urlsplit(host)
        url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        return Alias(url, unquote(parts.username or ""), unquote(parts.password or ""))
    saved = json.loads(_config().read_text()) if _config().exists() else {}
    if name in saved:
        return Alias(**saved[name])
    if name == "local":
        return Alias("http://localhost:9000")
    raise Failed(f"alias `{name}` is not set; use `mc alias set {name} URL` or MC_HOST_{name}")


def save(name: str, alias: Alias) -> None:
    """Remember an alias; the file is readable by its owner only."""
    path = _config()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    saved = json.loads(path.read_text()) if path.exists() else {}
    saved[name] = {"url": alias.url, "access_key": alias.access_key, "secret_key": alias.secret_key}
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(saved, out)
