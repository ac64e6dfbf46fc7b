"""Every host's certificate."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

from ops.smoke.authority import Certificate, certificate_of
from ops.smoke.outcome import Outcome
from ops.smoke.route import hosts_of
from ops.smoke.scene import Scene
from ops.waiting import wait_until

AREA = "certificates"

PATIENCE_S = 60.0
"""After a deploy, Traefik requests certificates one after the other; each takes a second or two."""


def check_certificates(scene: Scene, end: threading.Event) -> Iterator[Outcome]:
    """Chain, name and dates of each; waits for certificates that are not issued yet."""
    deadline = time.monotonic() + PATIENCE_S
    for host in hosts_of(scene.routes):
        found = wait_until(
            partial(certificate_of, host, scene.reach, scene.trust),
            deadline - time.monotonic(),
            done=lambda found: not found.problem or not found.answers,
            interval_s=1,
            sleep=end.wait,
        )
        yield _outcome(host, found, scene)


def _outcome(host: str, found: Certificate, scene: Scene) -> Outcome:
    how = (
        "chain, name and dates"
        if scene.trust.verifies
        else "issuer, name and dates; the chain is not verified"
    )
    return Outcome.of(
        AREA,
        host,
        not found.problem,
        expected=f"of {scene.trust.described}: {how}",
        found=found.problem or f"{found.issuer}, {found.days_left} days left",
        fix="docker service logs traefik, and look for acme; if only the test authority was restarted, its root is "
        "a new one: docker service update --force traefik",
    )
