"""One-time work that others wait for, as a service that stays."""

from collections.abc import Callable
from pathlib import Path

from sprocket_constructs import (
    Construct,
    HealthCheck,
    Image,
    NodeSelector,
    Stop,
    SwarmConfig,
    SwarmService,
    UpdatePolicy,
)

from ..rendering import render
from ..site import Site

HERE = Path(__file__).parent
SCRIPT = "/etc/sprocket/keeper.sh"


def keeper(scope: Construct, id_: str, *, site: Site, image: Image, work: Callable[[], str]) -> SwarmService:
    """A service that does the work, then sleeps; it is healthy only when the work is done.

    The work is done again whenever its text, or a secret that it reads, changes, and after each restart: it must be safe to repeat.
    It runs on managers: what it reads is mostly an administrator's. When it fails, the task ends with the reason in its log and starts over after 10 s, and the apply fails.

    Args:
        work: the POSIX shell text of the work; called when everybody has declared what they need.
    """
    service = SwarmService(
        scope,
        id_,
        image=image,
        command=("/bin/sh", SCRIPT),
        health=HealthCheck.shell("test -f /tmp/done").every("5s", timeout="5s", retries=3, start_period="2m"),
        resources=site.resources("keeper"),
        update=UpdatePolicy.stop_first().watched_for("5s"),
        stop=Stop(grace="20s"),
    )
    service.runs_on(NodeSelector.managers())
    script = SwarmConfig(
        service, "script", name=f"{id_}-script", content=lambda: render(HERE / "keeper.sh.j2", work=work())
    )
    service.reads(script, at=SCRIPT)
    return service
