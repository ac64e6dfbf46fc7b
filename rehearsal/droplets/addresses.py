"""Which addresses the box uses. All are of ranges that documentation may use, private, or link-local."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

PUBLIC = IPv4Network("198.51.100.0/24")
"""The public network, one of those for documentation (RFC 5737): nothing real ever has an address of it.

Not 203.0.113.0/24, the one that people take first: where this machine reaches something by it, the box would be in the way.
"""
HOST = "198.51.100.1"
"""This machine, and the droplets' gateway, which leads nowhere."""
INTERNET = "198.51.100.2"
"""DNS, object storage, and where `from_outside` looks from."""
FIRST_DROPLET, LAST_DROPLET = IPv4Address("198.51.100.10"), IPv4Address("198.51.100.127")
RESERVED = IPv4Network("198.51.100.128/25")
METADATA = "169.254.169.254"
BACKPLANE = "169.254.169.250"
"""Where droplets find the machine's images: of the box, not of DigitalOcean. No cloud firewall stands before it."""

SPACES = "spaces.test"
"""Object storage answers as <region>.spaces.test and <bucket>.<region>.spaces.test."""


def not_for_droplets() -> frozenset[str]:
    """Addresses of the public network that no droplet gets by itself."""
    return frozenset(str(one) for one in PUBLIC if not FIRST_DROPLET <= one <= LAST_DROPLET)
