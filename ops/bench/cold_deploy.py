"""How long services take from nothing to healthy, as we deploy them and as ``docker stack deploy`` does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

from ops.bench.checkout import Checkout
from ops.bench.command import run
from ops.bench.compose_file import compose_file
from ops.bench.result import CannotRun, Measured
from ops.bench.sameness import require_same
from ops.bench.swarm import PREFIX, remove_all
from ops.bench.timing import Seconds, in_turns, timed
from ops.errors import OpsError
from ops.model.inventory import Inventory, from_state
from ops.swarm.engine import Swarm
from ops.swarm.live_service import LiveService, live_services
from ops.swarm.tasks import wait_until_converged
from ops.terminal.screen import Say
from ops.terraform.runner import PARALLELISM

RUNS = 3
HEALTHY_S = 300.0
OURS, THEIRS = "terraform apply", "docker stack deploy"


class ColdDeploy:
    """Deploys one stack in both ways.

    Args:
        folder: for the Compose file.
    """

    def __init__(self, copy: Checkout, swarm: Swarm, inventory: Inventory, folder: Path, host: str) -> None:
        self._copy = copy
        self._swarm = swarm
        self._host = host
        self._file = compose_file(inventory).write(folder)
        self._names = [resource.name for resource in inventory.of_type("docker_service")]
        self._live: dict[str, list[LiveService]] = {}

    def ours(self) -> Seconds:
        """Terraform plans and applies; providers and backend are initialised before."""
        self.clear()
        with timed() as taken:
            self._copy.apply(parallelism=PARALLELISM)
            self._wait(self._names)
        recorded = from_state(self._copy.terraform.state(), {})
        self._live[OURS] = live_services(self._swarm, recorded)
        return taken

    def theirs(self) -> Seconds:
        """The Compose file, by Docker's command line; no registry is asked, as the images have digests."""
        self.clear()
        command = ["docker", "--host", self._host, "stack", "deploy", "--resolve-image", "never"]
        command += ["--compose-file", str(self._file), PREFIX]
        with timed() as taken:
            done = run(command, timeout_s=HEALTHY_S)
            if done.returncode:
                raise OpsError(f"docker stack deploy failed: {done.stderr.strip()[-600:]}")
            self._wait([f"{PREFIX}_{name}" for name in self._names])
        self._live[THEIRS] = live_services(self._swarm, Inventory(resources={}))
        return taken

    def clear(self) -> None:
        """Removes what either has deployed."""
        remove_all(self._swarm)
        self._copy.forget()

    def require_same(self) -> None:
        """Compares what the swarm said that each of the two had deployed last.

        Raises:
            OpsError: the services differ; says in what.
        """
        require_same(self._live[OURS], self._live[THEIRS])

    def _wait(self, names: Collection[str]) -> None:
        """The same for both: every task runs, which it does not before its health check has passed."""
        wait_until_converged(self._swarm, names, stable_s=0, timeout_s=HEALTHY_S, say=lambda text: None)


def measure(copy: Checkout, swarm: Swarm, host: str, say: Say) -> Measured:
    """``cold-deploy``: seconds from an empty swarm to healthy services over those of ``docker stack deploy``; at most 1.5.

    Medians of three runs each, in turns, of the fourteen services of ``tests/bench/tiers.py``, images on the node. Ours is Terraform's plan
    and apply, where a service waits for those that it connects to, by the provider's word; theirs is the same services in a Compose file, all
    at once. Both end when the same function finds every task running. Afterwards the swarm's own accounts of both
    are compared.

    What ``ops deploy`` takes as a whole is shown beside it: it also synthesizes, checks and records.
    """
    require_docker()
    inventory = copy.declare()
    with tempfile.TemporaryDirectory(prefix="sprocket-bench-") as folder:
        both = ColdDeploy(copy, swarm, inventory, Path(folder), host)
        taken = in_turns({THEIRS: both.theirs, OURS: both.ours}, RUNS, say, warm_up=False)
        both.require_same()
        say("ops deploy of the same")
        both.clear()
        whole = copy.ops("deploy", "--stable", "0").seconds
    count = len(inventory.of_type("docker_service"))
    return Measured(
        name="cold-deploy",
        value=taken[OURS].wall / taken[THEIRS].wall,
        bar=1.5,
        detail=f"{OURS} {taken[OURS].wall:.1f} s, {THEIRS} {taken[THEIRS].wall:.1f} s, {count} services; whole ops deploy {whole.wall:.1f} s",
    )


def require_docker() -> None:
    """Fails where Docker's command line is missing.

    Raises:
        CannotRun: it is not installed.
    """
    if shutil.which("docker") is None:
        raise CannotRun("there is no docker command to compare with; Debian: apt-get install docker.io")
