"""Droplets as containers: the machines behind the emulator of DigitalOcean's API, in a box.

The real user data boots in them. Each droplet has a public and a private network, a metadata service, volumes,
a cloud firewall, and no route out of this machine. `Box.stand_ins` lists what is not real.
"""

from .box import Box
from .machines import DropletMachines

__all__ = ["Box", "DropletMachines"]
