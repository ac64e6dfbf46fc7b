"""Runs the benchmarks that this machine can run, and says why it cannot run the others."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import docker.errors

from ops.bench import cold_deploy, growth, plan, rollback, synthesis
from ops.bench.checkout import Checkout, checkout
from ops.bench.result import CannotRun, Measured, Skipped
from ops.bench.swarm import engine, own_swarm
from ops.swarm.engine import Swarm
from ops.terminal.screen import Say

NAMES = ("synth", "cold-deploy", "plan", "rollback", "growth")
"""What can be chosen, in the order in which it runs."""
ON_THE_SWARM = NAMES[1:]

Result = Measured | Skipped


def measure(chosen: Collection[str], say: Say) -> Iterator[Result]:
    """Runs the chosen benchmarks; each result comes as soon as it is known.

    Raises:
        OpsError: one of them failed, which is not the same as a missed bar; what it had deployed is removed.
        Interrupted: Ctrl-C; the same.
    """
    if "synth" in chosen:
        yield from synthesis.measure(say)
    wanted = [name for name in ON_THE_SWARM if name in chosen]
    done: set[str] = set()
    try:
        if wanted:
            for result in _on_the_swarm(wanted, say):
                done.add(result.name)
                yield result
    except CannotRun as error:
        yield from (Skipped(name=name, reason=str(error)) for name in wanted if name not in done)


def _on_the_swarm(wanted: Collection[str], say: Say) -> Iterator[Result]:
    host = engine()
    with own_swarm(host) as swarm, checkout(host) as copy:
        say("looking for the image of every task")
        _pull(swarm, copy.image)
        if "cold-deploy" in wanted:
            yield cold_deploy.measure(copy, swarm, host, say)
        elif {"plan", "rollback"} & set(wanted):
            _deploy(copy, say)
        if "plan" in wanted:
            yield plan.measure(copy, say)
        if "rollback" in wanted:
            yield rollback.measure(copy, say)
        if "growth" in wanted:
            yield from growth.measure(copy, swarm, say)


def _pull(swarm: Swarm, image: str) -> None:
    """Has the node hold the image, so that no run pulls it."""
    inspect = swarm.api.inspect_image
    try:
        inspect(image)
    except docker.errors.NotFound:
        try:
            swarm.api.pull(image)
            inspect(image)
        except docker.errors.APIError as error:
            raise CannotRun(
                f"the engine has no {image} and cannot pull it ({error.explanation or error}); python -m images build makes it and starts its registry"
            ) from None


def _deploy(copy: Checkout, say: Say) -> None:
    """What is planned and rolled back, where ``cold-deploy`` has not left it."""
    say("ops deploy")
    copy.declare()
    copy.ops("deploy", "--stable", "0")
