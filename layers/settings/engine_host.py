"""The way to an engine: a socket of this machine, or SSH to another."""

import re
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator

from ..errors import SettingsError
from .form import Form

_ALLOWED = "unix:// with the path of a socket, or ssh://user@host, with :port where it is not 22"
_NAME = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"


def _check_no_password(text: str) -> str:
    """Before anything else: no other message may repeat what is in it."""
    user, at, rest = text.split("://", 1)[-1].rpartition("@")
    if at and ":" in user:
        host = re.match(rf"{_NAME}(:[0-9]+)?$", rest)
        raise SettingsError.of(
            "has a password (not shown), which belongs in no file of a repository",
            allowed=f"use {_ALLOWED}",
            fix=f"write ssh://deploy@{host[0] if host else '<host>'}, give the user an SSH key, and change the password",
        )
    return text


def _check_address(text: str) -> str:
    if not text.startswith("ssh://"):
        return text
    address = text.rpartition("@")[2]
    match = re.fullmatch(r"(?:\[(?P<v6>.*)\]|(?P<host>[^:]*))(?::(?P<port>[0-9]+))?", address)
    assert match is not None, f"the form has let {address} through"
    host, port = match["v6"] if match["v6"] is not None else match["host"], match["port"]
    try:
        if match["v6"] is not None or re.fullmatch(r"[0-9.]+", host):
            ip_address(host)
    except ValueError:
        raise SettingsError.of(
            f"{host} is not an IP address",
            allowed=f"use {_ALLOWED}",
            fix="write a host name, an IPv4 address, or an IPv6 address in brackets",
        ) from None
    if port is not None and not 1 <= int(port) <= 65535:
        raise SettingsError.of(f"port {port} is out of range", fix="use 1 to 65535, or leave it out for 22")
    return text


EngineHost = Annotated[
    str,
    AfterValidator(_check_no_password),
    Form(
        what="a way to the engine",
        pattern=rf"unix:///[^\s]+|ssh://[A-Za-z0-9_][A-Za-z0-9._-]*@({_NAME}|\[[0-9A-Fa-f:.]+\])(:[0-9]{{1,5}})?",
        allowed=_ALLOWED,
        example="unix:///var/run/docker.sock or ssh://deploy@swarm.example.com",
    ),
    AfterValidator(_check_address),
]
"""Known at synth. A password in it would be in the plan, in the state and in the arguments of ssh."""
