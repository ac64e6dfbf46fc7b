"""The bucket of replays."""

from __future__ import annotations

import io
import json
from typing import Any

import urllib3
from minio import Minio

from replay_parser.settings import Settings


class Bucket:
    """Reads and writes objects as the real worker does, with a limit on the time an answer may take."""

    def __init__(self, settings: Settings) -> None:
        self.name = settings.bucket
        patience = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=5, read=8), retries=False, cert_reqs="CERT_REQUIRED"
        )
        self._client = Minio(
            settings.endpoint,
            access_key=settings.access_key,
            secret_key=settings.secret_key,
            secure=settings.secure,
            http_client=patience,
        )

    def fetch(self, name: str, path: str) -> None:
        """Download an object to a file."""
        self._client.fget_object(self.name, name, path)

    def put(self, name: str, value: Any) -> None:
        """Store a value as JSON."""
        data = json.dumps(value).encode()
        self._client.put_object(self.name, name, io.BytesIO(data), len(data))

    def get(self, name: str) -> Any:
        """The value stored under a name."""
        response = self._client.get_object(self.name, name)
        try:
            return json.loads(response.read())
        finally:
            response.close()
            response.release_conn()
