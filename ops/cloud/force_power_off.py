"""Powers off one droplet through the API: a droplet that hangs does not shut down when asked to."""

from __future__ import annotations

from ops.cloud.client import Client, NotFound
from ops.errors import OpsError
from ops.waiting import wait_until

POWER_OFF_S = 180.0
_INTERVAL_S = 2.0


def power_off(droplet: str, client: Client) -> None:
    """Powers it off and returns when it is off, or gone.

    Terraform asks a droplet to shut down and waits ten minutes for that; it destroys one that is off at once.

    Raises:
        OpsError: it is not off in time.
    """
    try:
        if _is_off(droplet, client):
            return
        client.act(f"droplets/{droplet}/actions", {"type": "power_off"})
        off = wait_until(lambda: _is_off(droplet, client), POWER_OFF_S, interval_s=_INTERVAL_S)
    except NotFound:
        return
    if not off:
        raise OpsError(
            f"droplet {droplet} is not off after {POWER_OFF_S:g} s",
            fix="power it off in the control panel, then run the same command again",
        )


def _is_off(droplet: str, client: Client) -> bool:
    return client.one(f"droplets/{droplet}", "droplet").get("status") == "off"
