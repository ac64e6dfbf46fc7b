"""Signature version 4 of AWS for S3 requests: made by `mc`, checked by the front for its admin paths.

Source: docs.aws.amazon.com, "Authenticating Requests (AWS Signature Version 4)".
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlsplit

REGION = "us-east-1"
_SIGNED = ("host", "x-amz-content-sha256", "x-amz-date")


def sign(
    method: str, url: str, body: bytes, access_key: str, secret_key: str, when: str = ""
) -> dict[str, str]:
    """Headers that sign a request; `when` is the time as 20260131T235959Z, by default now."""
    parts = urlsplit(url)
    when = when or time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {
        "host": parts.netloc,
        "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-amz-date": when,
    }
    signature = _signature(method, parts.path, parts.query, headers, secret_key)
    scope = f"{when[:8]}/{REGION}/s3/aws4_request"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={';'.join(_SIGNED)}, Signature={signature}"
    )
    return headers


def is_signed_by(
    method: str, target: str, headers: Mapping[str, str], body: bytes, access_key: str, secret_key: str
) -> bool:
    """Whether a request (header names in lower case) carries that key's signature, made in the last 15 minutes."""
    parts = urlsplit(target)
    try:
        at = time.mktime(time.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ")) - time.timezone
        said = {name: headers[name] for name in _SIGNED}
    except (KeyError, ValueError):
        return False
    scope = f"{said['x-amz-date'][:8]}/{REGION}/s3/aws4_request"
    expected = (
        f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={';'.join(_SIGNED)}, "
        f"Signature={_signature(method, parts.path, parts.query, said, secret_key)}"
    )
    return (
        abs(time.time() - at) < 900
        and said["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()
        and hmac.compare_digest(headers.get("authorization", "").encode(), expected.encode())
    )


def _signature(method: str, path: str, query: str, headers: Mapping[str, str], secret_key: str) -> str:
    pairs = sorted(
        (quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(query, keep_blank_values=True)
    )
    request = "\n".join(
        [
            method, path or "/", "&".join(f"{k}={v}" for k, v in pairs),
            *(f"{name}:{headers[name].strip()}" for name in _SIGNED), "",
            ";".join(_SIGNED), headers["x-amz-content-sha256"],
        ]
    )  # fmt: skip
    day = headers["x-amz-date"][:8]
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256", headers["x-amz-date"], f"{day}/{REGION}/s3/aws4_request",
            hashlib.sha256(request.encode()).hexdigest(),
        ]
    )  # fmt: skip
    key = f"AWS4{secret_key}".encode()
    for part in (day, REGION, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
