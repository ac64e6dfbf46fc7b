"""Which authority issues the certificates, and whether their chain can be verified from here."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from layers.settings.environment import Environment
from ops.smoke.browser import Reach
from ops.swarm.containers import Tasks

AUTHORITY = "acme-authority"
ROOT = "https://localhost:15000/roots/0"
"""Pebble's management API, inside its task. The file in the image verifies its listener's certificate."""

LEAST_DAYS = 14
"""Traefik renews a month before expiry; fewer days mean that renewal fails."""

TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What certificates are verified with.

    Args:
        context: for browsers; verifies nothing where the authority's root is not known.
        verifies: whether it verifies the chain.
        described: the authority, for people.
        issuer: text that the issuer must contain where the chain cannot be verified.
    """

    context: ssl.SSLContext
    verifies: bool
    described: str
    issuer: str = ""


def trust_of(settings: Environment, tasks: Tasks | None) -> Trust:
    """The authority that the environment's settings name."""
    authority = settings.ingress.acme.authority
    if authority == "production":
        return Trust(context=ssl.create_default_context(), verifies=True, described="Let's Encrypt")
    if authority == "test" and tasks is not None:
        root = _test_root(tasks)
        if root:
            context = ssl.create_default_context(cadata=root)
            return Trust(
                context=context, verifies=True, described="the test authority inside the swarm (Pebble)"
            )
    issuer = "Pebble" if authority == "test" else "STAGING"
    name = "the test authority" if authority == "test" else "Let's Encrypt's staging authority"
    return Trust(
        context=_trusting(), verifies=False, described=f"{name}, by the issuer's name only", issuer=issuer
    )


def _test_root(tasks: Tasks) -> str:
    container = tasks.container(AUTHORITY)
    if container is None:
        return ""
    done = tasks.get(container, ROOT, "--fail", "--cacert", "/etc/pebble/ca.pem")
    return done.output if done.code == 0 and "BEGIN CERTIFICATE" in done.output else ""


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """The certificate of a host: a problem, or its issuer and the days left.

    Args:
        answers: whether anything speaks TLS there; if nothing does, there is no point in waiting.
    """

    problem: str = ""
    answers: bool = True
    issuer: str = ""
    days_left: int = 0


def certificate_of(host: str, reach: Reach, trust: Trust) -> Certificate:
    """Does a TLS handshake. Verifies chain, name and dates; without a root, name and dates."""
    try:
        context = trust.context if trust.verifies else _leaf_only(host, reach)
        decoded, _ = _handshake(host, reach, context)
    except ssl.SSLCertVerificationError as error:
        return Certificate(problem=f"not valid for {host}: {error.verify_message}")
    except OSError as error:
        return Certificate(problem=f"no TLS at {host}: {error}", answers=False)
    return described(decoded, trust)


def described(decoded: Mapping[str, Any], trust: Trust, now: datetime | None = None) -> Certificate:
    """Judges a verified certificate, as ``getpeercert`` decodes it, by issuer and days left."""
    issuer = " ".join(value for part in decoded.get("issuer", ()) for _, value in part)
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(decoded["notAfter"]), UTC)
    days = (ends - (now or datetime.now(UTC))).days
    if trust.issuer and trust.issuer.lower() not in issuer.lower():
        return Certificate(problem=f"issued by {issuer}", issuer=issuer, days_left=days)
    problem = f"expires in {days} days; it should have been renewed by now" if days < LEAST_DAYS else ""
    return Certificate(problem=problem, issuer=issuer, days_left=days)


def _leaf_only(host: str, reach: Reach) -> ssl.SSLContext:
    """Trusts the certificate that the host shows, so that its name and dates are still verified."""
    _, shown = _handshake(host, reach, _trusting())
    context = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(shown))
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


def _handshake(host: str, reach: Reach, context: ssl.SSLContext) -> tuple[Mapping[str, Any], bytes]:
    """The certificate, decoded (empty where it was not verified) and as DER."""
    with (
        socket.create_connection((reach.address(host), 443), timeout=TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        return secured.getpeercert() or {}, secured.getpeercert(binary_form=True) or b""
