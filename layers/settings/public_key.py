"""Public SSH keys, with a sentence for each thing that is pasted in place of one."""

import base64
import binascii
import re
from typing import Annotated

from pydantic import AfterValidator

from ..errors import SettingsError
from .form import shown

SUPPLIED = "supplied"
"""Written in place of a public key that is given as a variable: see :func:`ssh_key_variable`."""

KINDS = ("ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ssh-rsa", "ecdsa-sha2-nistp256")
_NOT_ONE = (
    ("PRIVATE KEY", "is a private key, which belongs in no file of a repository"),
    ("BEGIN SSH2 PUBLIC KEY", "is in the format of PuTTY, not in OpenSSH's"),
    ("SHA256:", "is the fingerprint of a key, not the key"),
    ("://", "is a URL, not a key"),
)


def ssh_key_variable(name: str) -> str:
    """The Terraform variable that gives the supplied key of that name."""
    return f"ssh_key_{name.replace('-', '_')}"


def _fault(text: str) -> str | None:
    for mark, fault in _NOT_ONE:
        if mark in text:
            return fault
    if len(text.splitlines()) > 1:
        return "has several lines; a key is one line, and each person's key an entry of its own"
    if text.startswith(("~", "/")) or text.endswith(".pub"):
        return f"{shown(text)} is the path of a file, not what is in it"
    kind, _, rest = text.strip().partition(" ")
    if kind not in KINDS:
        return f"begins with {shown(kind)}, which is no kind of key that is taken here"
    data = rest.split(" ", 1)[0]
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return "has something other than base64 after its kind"
    # The first field inside is the kind again, after its length in four bytes (RFC 4253, 6.6).
    if decoded[4 : 4 + int.from_bytes(decoded[:4])] != kind.encode():
        return f"is cut off, or not of kind {kind}: what is encoded in it says otherwise"
    if kind == "ssh-ed25519" and len(decoded) != 51:
        return f"is cut off: a key of kind {kind} has 68 characters after its kind, this one {len(data)}"
    return None


def check_public_key(text: str) -> str:
    """The key itself, or ``supplied``.

    Raises:
        SettingsError: it is something else; the message says what.
    """
    if text == SUPPLIED:
        return text
    fault = _fault(text)
    if fault is None and not re.search(r"[\x00-\x1f\x7f]", text):
        return text
    raise SettingsError.of(
        fault or "has control characters in it",
        allowed=f"a public key is one line that begins with {', '.join(KINDS[:-1])} or {KINDS[-1]}",
        fix="paste the one line of ~/.ssh/id_ed25519.pub, or write supplied and give it as TF_VAR_ssh_key_<name>",
    )


PublicKey = Annotated[str, AfterValidator(check_public_key)]
