"""How deploys and plans grow with the number of services."""

from __future__ import annotations

from collections.abc import Mapping

from ops.bench import plan
from ops.bench.checkout import Checkout
from ops.bench.result import Measured
from ops.bench.swarm import remove_all
from ops.bench.timing import growth, per_service, timed
from ops.swarm.engine import Swarm
from ops.terminal.screen import Say
from ops.terraform.runner import PARALLELISM

SIZES = (0, 100, 300)
BARE = (30, 100)
"""The parallelism that bare Terraform is tried with at each size."""


def measure(copy: Checkout, swarm: Swarm, say: Say) -> list[Measured]:
    """Two numbers: what each of 300 services costs over what each of 100 costs, both beyond a stack without any; 1 is linear.

    - ``deploy-growth``: one first deploy by Terraform of the services of ``tests/bench/many.py``.
    - ``plan-growth``: one ``ops plan`` of them where nothing is to change. Beside it is its ratio to ``terraform plan``
      at that size, with the faster of two parallelisms.

    No service has a task (0 replicas): a machine that runs 300 is not a developer's. So it is the work of Terraform, the
    provider and the swarm's manager for services, networks, configs and secrets that is measured, and the provider's pauses,
    but no start of a program. There is no comparison with ``docker stack deploy``, which without tasks only writes down what it is told.
    """
    deploys: dict[int, float] = {}
    plans: dict[int, float] = {}
    bare: dict[int, float] = {}
    for size in SIZES:
        remove_all(swarm)
        copy.forget()
        say(f"synthesizing {size} services without tasks")
        copy.declare(services=size)
        say(f"terraform apply of {size} services without tasks")
        with timed() as taken:
            copy.apply(parallelism=PARALLELISM)
        deploys[size] = taken.wall
        bare[size] = plan.best_of(copy, BARE, say)[1].wall
        say(f"ops plan of {size} services")
        plans[size] = copy.ops("plan").seconds.wall
    ratios = {size: f", {plans[size] / bare[size]:.2f} of terraform plan" for size in SIZES}
    return [
        _measured("deploy-growth", deploys, dict.fromkeys(SIZES, "")),
        _measured("plan-growth", plans, ratios),
    ]


def _measured(name: str, costs: Mapping[int, float], beside: Mapping[int, str]) -> Measured:
    details = [
        f"{per_service(costs[0], cost, size) * 1000:.0f} ms a service at {size} services ({cost:.1f} s{beside[size]})"
        for size, cost in costs.items()
        if size
    ]
    return Measured(name=name, value=growth(costs), detail=", ".join(details))
