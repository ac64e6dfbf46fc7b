"""How fast the emulated cloud is, which addresses it gives, how much it allows."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network

from .errors import EmulatorError

# Ranges that documentation may use (RFC 5737), so that nothing real is ever named.
PUBLIC = IPv4Network("203.0.113.0/24")
RESERVED = IPv4Network("198.51.100.0/24")


@dataclass(frozen=True)
class Seconds:
    """How long things take, in seconds. The real ones take 20 s to minutes; the provider itself never looks before
    10 s (15 s for a database), so that anything shorter costs nothing."""

    create: float = 2  # a droplet, from new to active (and then as long as its machine needs to start)
    action: float = 1  # any action on a droplet, volume or reserved IP
    destroy: float = 1  # a droplet, until it answers 404
    database: float = 3  # a cluster, from creating to online; the same for resizing and migrating
    firewall: float = 1  # from waiting to succeeded

    @classmethod
    def of(cls, words: list[str]) -> Seconds:
        """From `kind=seconds`."""
        allowed = [one.name for one in fields(cls)]
        found: dict[str, float] = {}
        for one in words:
            kind, _, number = one.partition("=")
            try:
                found[kind] = float(number)
            except ValueError:
                raise EmulatorError(
                    f"{one!r}: give a number of seconds, such as {kind or 'create'}=2"
                ) from None
            if kind not in allowed:
                raise EmulatorError(f"{one!r}: unknown operation; use one of {', '.join(allowed)}")
        return cls(**found)


@dataclass(frozen=True)
class Settings:
    seconds: Seconds = field(default_factory=Seconds)
    public_range: IPv4Network = PUBLIC
    reserved_range: IPv4Network = RESERVED
    requests_per_hour: int = 5000  # the API's own limits, per token
    requests_per_minute: int = 250
