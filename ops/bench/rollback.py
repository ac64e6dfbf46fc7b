"""How long it takes to go back with one service."""

from __future__ import annotations

from ops.bench.checkout import Checkout
from ops.bench.result import Measured
from ops.errors import OpsError
from ops.terminal.screen import Say

SERVICE = "sprocket-bench-web"


def measure(copy: Checkout, say: Say) -> Measured:
    """``rollback``: seconds of ``ops rollback --service``, from the command to the service stable in its former version; at most 60.

    One run, after a deploy that changed a file of the service. Ten seconds of it are the watch for restarts.
    """
    say("ops deploy of a change to one service")
    copy.declare(version=2)
    copy.ops("deploy", "--stable", "0")
    say(f"ops rollback of {SERVICE}")
    ran = copy.ops("rollback", "--service", SERVICE)
    if "is back at release" not in ran.output:
        raise OpsError(f"ops rollback did not go back: {ran.output.strip()[-600:]}")
    return Measured(
        name="rollback",
        value=ran.seconds.wall,
        bar=60.0,
        unit="s",
        detail="one service with a changed file, 10 s of watching included",
    )
