"""Droplets as containers: the machines behind the emulator of DigitalOcean's API, in a box of their own.

The real user data boots in them. Each droplet has a public and a private network, a metadata service, volumes,
a cloud firewall that holds, and no way out of this machine. `Box.stand_ins` says what is not the real thing.
"""

from .box import Box
from .machines import DropletMachines

__all__ = ["Box", "DropletMachines"]
