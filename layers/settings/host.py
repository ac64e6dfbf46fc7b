"""Host names, with a sentence for each way to write something else."""

import re
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, Field

from ..errors import SettingsError
from .form import shown

NOBODYS = ("example", "invalid", "localhost", "test")
"""Top-level domains that public DNS never has (RFC 2606 and 6761). An environment below one has its outside world simulated:
it lives in a box of its own with an account of its own, however many of them are called alike."""

LONGEST = 253
LONGEST_LABEL = 63
_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
PATTERN = rf"{_LABEL}(\.{_LABEL})+"
ALLOWED = "a host is a name such as sprocket.example.com: labels of a-z, 0-9 and -, with dots between them"


def _is_address(text: str) -> bool:
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def _faults(text: str) -> list[str]:
    """All that is wrong with it, each as the end of a sentence; nothing for a host name."""
    if not text.strip():
        return ["is empty"]
    if _is_address(text):
        return ["is an IP address; cookies and certificates are for names"]
    found = []
    host = text
    if "://" in host:
        host = host.split("://", 1)[1]
        found.append("is a URL with its scheme")
    if re.search(r"[/?#]", host):
        host = re.split(r"[/?#]", host, maxsplit=1)[0]
        found.append("has a path")
    if "@" in host:
        host = host.rsplit("@", 1)[1]
        found.append("has a user before an @")
    if re.search(r":\d*$", host):
        host = host.rsplit(":", 1)[0]
        found.append("has a port")
    if host != host.strip():
        host = host.strip()
        found.append("has a space or line break around it")
    if not host.isascii():
        found.append("has letters other than a-z; DNS has their xn-- spelling (punycode)")
    if host != host.lower():
        host = host.lower()
        found.append("has upper-case letters")
    if host.endswith("."):
        host = host.rstrip(".")
        found.append("ends in a dot")
    if host.startswith("*."):
        host = host[2:]
        found.append("is a wildcard")
    return found + _faults_of_labels(host)


def _faults_of_labels(host: str) -> list[str]:
    found = []
    labels = host.split(".")
    if "" in labels:
        found.append("has an empty label (two dots together, or one in front)")
    if "_" in host:
        found.append("has an underscore")
    if re.search(r"[^a-z0-9._-]", host) and host.isascii():
        found.append("has characters that no host name has")
    if any(label.startswith("-") or label.endswith("-") for label in labels):
        found.append("has a label that begins or ends with a dash")
    if any(len(label) > LONGEST_LABEL for label in labels):
        found.append(f"has a label of more than {LONGEST_LABEL} characters")
    if len(host) > LONGEST:
        found.append(f"has {len(host)} characters, more than {LONGEST}")
    if len(labels) == 1 and host:
        found.append("has one label only; browsers refuse a cookie for one")
    return found


def _probable_host(text: str) -> str:
    """The host in what was written, if there is one."""
    rest = re.split(r"[/?#]", text.split("://", 1)[-1], maxsplit=1)[0].rsplit("@", 1)[-1]
    return re.sub(r":\d*$", "", rest).strip().lower().strip(".").removeprefix("*.").replace("_", "-")


def _punycode(host: str) -> str:
    """The host in the spelling of DNS; as it is where that would be another name, as with a sharp s."""
    try:
        encoded = host.encode("idna")
        return encoded.decode("ascii") if encoded.decode("idna") == host else host
    except UnicodeError:
        return host


def is_below(host: str, domain: str) -> bool:
    """Whether a host is a domain or below it: browsers send it the cookies of that domain (RFC 6265, 5.1.3)."""
    return host == domain or host.endswith(f".{domain}")


def check_host(text: str) -> str:
    """The host name itself.

    Raises:
        SettingsError: it is something else; the message says what, and which host was probably meant.
    """
    faults = _faults(text)
    if not faults:
        return text
    meant = _punycode(_probable_host(text))
    fix = f"write {meant}" if not _faults(meant) else "write the full host name and nothing else"
    said = " and ".join(part for part in (", ".join(faults[:-1]), faults[-1]) if part)
    raise SettingsError.of(f"{shown(text)} {said}", allowed=ALLOWED, fix=fix)


HostName = Annotated[
    str,
    AfterValidator(check_host),
    Field(json_schema_extra={"pattern": f"^{PATTERN}$", "maxLength": LONGEST}),
]
"""A DNS name of at least two labels, lower case (a cookie for one label would be refused by browsers)."""
