"""How deploys and plans grow with the number of services."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ops.bench import plan
from ops.bench.checkout import Checkout
from ops.bench.cold_deploy import ColdDeploy, require_docker
from ops.bench.result import Measured
from ops.bench.timing import growth, per_service
from ops.swarm.engine import Swarm
from ops.terminal.screen import Say

SIZES = (0, 100, 300)
PARALLELISM = (30, 100, 300)
"""What bare Terraform is tried with at each size."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Seconds by the clock at one size; theirs is 0 where it was not measured."""

    ours: float
    theirs: float


def measure(copy: Checkout, swarm: Swarm, host: str, say: Say) -> Iterator[Measured]:
    """Two numbers: what each of 300 services costs over what each of 100 costs, both beyond a stack without any; 1 is linear.

    - ``deploy-growth``: one cold deploy by Terraform of the services of ``tests/bench/many.py``.
    - ``plan-growth``: one ``ops plan`` of them where nothing is to change.

    No service has a task (0 replicas): a machine that can run 300 is not a developer's. So it is Terraform's, the
    provider's and the swarm manager's work for services, networks, configs and secrets that is measured, not that of
    starting programs. Beside it are the same ratios to ``docker stack deploy`` and to ``terraform plan`` (the fastest of three parallelisms) as those of ``cold-deploy`` and ``plan``.
    """
    require_docker()
    deploys, plans = {}, {}
    for size in SIZES:
        inventory = copy.declare(services=size)
        with tempfile.TemporaryDirectory(prefix="sprocket-bench-") as folder:
            both = ColdDeploy(copy, swarm, inventory, Path(folder), host)
            say(f"terraform apply of {size} services without tasks")
            ours = both.ours().wall
            bare = plan.best_of(copy, PARALLELISM, say)[1].wall
            say(f"ops plan of {size} services")
            plans[size] = Taken(ours=copy.ops("plan").seconds.wall, theirs=bare)
            say(f"docker stack deploy of {size} services without tasks")
            deploys[size] = Taken(ours=ours, theirs=both.theirs().wall if size else 0.0)
            both.clear()
    yield _measured("deploy-growth", deploys, "docker stack deploy")
    yield _measured("plan-growth", plans, "terraform plan")


def _measured(name: str, taken: Mapping[int, Taken], theirs: str) -> Measured:
    costs = {size: each.ours for size, each in taken.items()}
    details = [
        f"{per_service(costs[0], costs[size], size) * 1000:.0f} ms a service at {size} services "
        f"({each.ours:.1f} s, {each.ours / each.theirs:.2f} of {theirs})"
        for size, each in taken.items()
        if size
    ]
    return Measured(name=name, value=growth(costs), detail=", ".join(details))
