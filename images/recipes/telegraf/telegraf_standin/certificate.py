"""The input x509_cert: how long the certificate that a server shows is valid."""

from __future__ import annotations

import socket
import ssl
import time
from datetime import datetime
from urllib.parse import urlsplit

from telegraf_standin.config import Plugin
from telegraf_standin.metric import GatherError, Metric, Value

TIMEOUT_SECONDS = 5.0
TIMES = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
"""ASN.1 tags of UTCTime and GeneralizedTime."""


def x509_cert(plugin: Plugin) -> list[Metric]:
    """One metric per source `tcp://host:port`: seconds until expiry (negative when past), and whether it is trusted."""
    metrics = []
    for source in plugin.texts("sources"):
        parts = urlsplit(source)
        name = plugin.text("server_name") or parts.hostname or ""
        try:
            der = _shown(parts.hostname or "", parts.port or 443, name)
        except (OSError, ValueError) as error:
            raise GatherError(f"cannot get SSL cert '{source}' of {name}: {error}") from error
        start, end = validity(der)
        now = time.time()
        fields: dict[str, Value] = {"age": int(now - start), "expiry": int(end - now)}
        fields |= {"startdate": int(start), "enddate": int(end)}
        fields["verification_code"] = 0 if _is_trusted(parts.hostname or "", parts.port or 443, name) else 1
        metrics.append(Metric("x509_cert", fields, {"source": source, "server_name": name}))
    return metrics


def _shown(host: str, port: int, name: str) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), TIMEOUT_SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=name) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def _is_trusted(host: str, port: int, name: str) -> bool:
    try:
        with (
            socket.create_connection((host, port), TIMEOUT_SECONDS) as connection,
            ssl.create_default_context().wrap_socket(connection, server_hostname=name),
        ):
            return True
    except (OSError, ValueError):
        return False


def validity(der: bytes) -> tuple[float, float]:
    """(start, end) of a certificate in seconds since 1970."""
    body = _children(_children(der)[0][1])[0][1]
    for tag, content in _children(body):
        if tag == 0x30:
            times = _children(content)
            if len(times) == 2 and all(tag in TIMES for tag, _ in times):
                start, end = (_seconds(tag, text) for tag, text in times)
                return start, end
    raise GatherError("the certificate has no validity")


def _seconds(tag: int, text: bytes) -> float:
    return datetime.strptime(text.decode() + "+0000", TIMES[tag] + "%z").timestamp()


def _children(data: bytes) -> list[tuple[int, bytes]]:
    """(tag, content) of the ASN.1 values that follow each other in `data`."""
    found = []
    position = 0
    while position + 2 <= len(data):
        tag, size = data[position], data[position + 1]
        position += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[position : position + count], "big")
            position += count
        found.append((tag, data[position : position + size]))
        position += size
    return found
