"""An account of RabbitMQ for one client, and what it may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sprocket_constructs import SecretValue

MADE_HERE = "declared"
"""Tag of accounts that come from this repository. RabbitMQ gives it no rights: whoever has it alone may not even sign in to the
management pages (deps/rabbitmq_management/src/rabbit_mgmt_util.erl, v3.10.8 and v4.0.9). It tells them from accounts that people made."""


@dataclass(frozen=True, kw_only=True)
class Rights:
    """Which queues and exchanges of its virtual host an account may use.

    Regular expressions without anchors, each for a whole name. RabbitMQ asks for ``configure`` to declare and to delete, for ``write`` to
    publish into an exchange and to bind a queue, for ``read`` to consume and to bind to an exchange.
    """

    configure: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Account:
    """One client's login: no tag that opens a page, one virtual host, and in it what its rights name."""

    name: str
    password: SecretValue
    virtual_host: str
    rights: Rights

    @property
    def user(self) -> dict[str, str]:
        """As ``users`` of RabbitMQ's definitions has it. The password is in clear; the broker stores a salted hash."""
        return {"name": self.name, "password": str(self.password), "tags": MADE_HERE}

    @property
    def permission(self) -> dict[str, str]:
        """As ``permissions`` of RabbitMQ's definitions has it."""
        return {
            "user": self.name,
            "vhost": self.virtual_host,
            "configure": _any_of(self.rights.configure),
            "write": _any_of(self.rights.write),
            "read": _any_of(self.rights.read),
        }


def _any_of(patterns: Iterable[str]) -> str:
    """One anchored pattern; RabbitMQ searches in names, and an empty one matches none."""
    found = "|".join(patterns)
    return f"^({found})$" if found else "^$"
