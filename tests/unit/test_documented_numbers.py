"""Numbers that the documentation promises are those of the code: each is read where the code has it, and put into the sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from sprocket_constructs import RestartPolicy, Stop, seconds

from layers.cloud.protected import PROTECTED
from layers.loading import load_environment
from ops.backup import listing
from ops.bench import cold_deploy, plan, rollback, synthesis
from ops.boot import container, memory, run, throwaway
from ops.cli import change
from ops.deploy import observation, pull_ahead
from ops.doctor import resources
from ops.guard import pages
from ops.nodes import authorized_keys
from ops.registry import pull as image_pull
from ops.release import release, stack_file
from ops.state import lock
from tests.stacks.synthesis import declared, service, synthesized

ROOT = Path(__file__).parents[2]
WORDS = {
    2: "two",
    3: "three",
    4: "four",
    5: "five",
    6: "six",
    7: "seven",
    8: "eight",
    10: "ten",
    11: "eleven",
}


def word(number: float) -> str:
    """As texts spell it; a number that no text spells is left in digits, and so is not found."""
    return WORDS.get(int(number), f"{number:g}") if number == int(number) else f"{number:g}"


def minutes(number: float) -> str:
    """Seconds, as texts say whole minutes."""
    return "a minute" if number == 60 else f"{word(number / 60)} minutes"


def hours(number: float) -> str:
    """Seconds, as texts say whole hours."""
    return "an hour" if number == 3600 else f"{word(number / 3600)} hours"


def in_source(path: str, pattern: str) -> int:
    """A number of a script, or of a function, which has no name that could be imported."""
    (found,) = re.findall(pattern, (ROOT / path).read_text())
    return int(found)


def bars(module: ModuleType) -> list[str]:
    """What the lines of a benchmark may be at most, in their order."""
    return [
        f"{float(number):g}" for number in re.findall(r"bar=([\d.]+)", Path(str(module.__file__)).read_text())
    ]


def core_is_away_s() -> int:
    """As a plan estimates it: stop grace and start period."""
    core = service(declared("prod"), "core")
    return seconds(core.stop.grace) + seconds(core.health.start_period or "0s")


def admin_pages_of_prod() -> int:
    """Each has a certificate of its own."""
    domain = load_environment("prod").pages_domain
    hosts = {route.host for route in declared("prod").ingress.gateway.routes}
    return sum(host.endswith(f".{domain}") for host in hosts)


def release_of_prod_kb() -> int:
    """To the nearest ten."""
    return round(len(stack_file.packed(synthesized("prod").document)), -4) // 1000


JOB, SENDER, MIGRATION = (
    "layers/backup/job.sh.j2",
    "layers/backup/sender.sh.j2",
    "layers/platform/migration.py",
)
BOOT, OBSERVE, GUARD, RELEASES = (
    f"docs/decisions/{name}.md"
    for name in (
        "0026-a-new-image-is-booted-first",
        "0025-a-deploy-that-loses-pages-goes-back",
        "0021-changes-that-cannot-be-undone",
        "0022-releases",
    )
)
BACK_UP, FIRST, ROLL_BACK, IMAGES, LOAD = (
    f"docs/runbooks/{name}.md"
    for name in ("backup-and-restore", "first-deploy", "rollback", "images", "load")
)
BENCHMARKS = "docs/benchmarks.md"

PROMISES: tuple[tuple[str, str, Callable[[], object]], ...] = (
    (BOOT, "when its declared health check does, within {} s", lambda: int(run.LONGEST_S)),
    (BOOT, "when it runs for {} s", lambda: int(run.UNCHECKED_S)),
    (BOOT, "Each container has {} s", lambda: int(run.LONGEST_S)),
    (BOOT, "and {} boot at once", lambda: word(run.AT_ONCE)),
    (BOOT, "The whole trial has {:.0f} minutes", lambda: run.TRIAL_S / 60),
    (BOOT, "less {} MiB", lambda: memory.KEPT_FREE // 1024**2),
    (BOOT, "at most {} processes", lambda: container.PIDS),
    (BOOT, "A pull is tried {} times", lambda: word(len(image_pull.PAUSES_S) + 1)),
    (BOOT, "by one from another host once it is {} old", lambda: hours(throwaway.LONGEST_S)),
    (IMAGES, "a trial ends after {:.0f} minutes", lambda: run.TRIAL_S / 60),
    (LOAD, "is below {:g} times the peak", lambda: resources.LEAST),
    (LOAD, "above {:g} times the peak", lambda: resources.MOST),
    (IMAGES, "{} images at a time on each", lambda: word(pull_ahead.AT_ONCE)),
    (IMAGES, "makes no progress for {:.0f} minutes", lambda: pull_ahead.SILENT_S / 60),
    (IMAGES, "started, ran for {} s", lambda: int(run.UNCHECKED_S)),
    (IMAGES, "or from another host after {}", lambda: hours(throwaway.LONGEST_S)),
    (OBSERVE, "`--observe`, {} by default", lambda: minutes(change.OBSERVE_S)),
    (OBSERVE, "{} seconds on this machine's engine", lambda: word(change.HERE_OBSERVE_S)),
    (OBSERVE, "fails in {} readings in a row", lambda: word(observation.FAILURES)),
    (OBSERVE, "for {} seconds at least", lambda: int(observation.LEAST_S)),
    (ROLL_BACK, "fails for {} seconds", lambda: int(observation.LEAST_S)),
    (ROLL_BACK, "for {} after the services have converged", lambda: minutes(change.OBSERVE_S)),
    (ROLL_BACK, "any of the last {}", lambda: word(release.KEPT)),
    (RELEASES, "The last {} that converged are kept", lambda: word(release.KEPT)),
    (RELEASES, "({} kB for prod)", release_of_prod_kb),
    ("docs/runbooks/ci.md", "watches the pages for {}", lambda: minutes(change.OBSERVE_S)),
    (GUARD, "for more than **{} s**", lambda: pages.LONGEST_S),
    (GUARD, "Core takes up to {} s", core_is_away_s),
    (GUARD, "`prevent_destroy` covers {} types", lambda: word(len(PROTECTED))),
    ("docs/runbooks/acknowledge-a-change.md", "away for more than {}", lambda: minutes(pages.LONGEST_S)),
    (
        BACK_UP,
        "Copies of the last {} days all stay",
        lambda: word(in_source(SENDER, r"--keep-within (\d+)d")),
    ),
    (BACK_UP, "late when it is {} older", lambda: hours(listing.GRACE_S)),
    (BACK_UP, "late when it is {} older", lambda: hours(in_source(SENDER, r"- copied - \$2 - (\d+)"))),
    (BACK_UP, "tries again every {}", lambda: minutes(in_source(JOB, r"failed:-0\}\)\) -ge (\d+)"))),
    (BACK_UP, "sent within {} when", lambda: minutes(in_source(SENDER, r"retry=\S+ \+%s\) \+ (\d+)"))),
    (FIRST, "It waits up to {} minutes", lambda: word(in_source(MIGRATION, r'converges_within="(\d+)m"'))),
    (FIRST, "starts over every {} seconds", lambda: word(seconds(RestartPolicy().delay))),
    ("docs/decisions/0003-provider-traps.md", "sent, {} s by default", lambda: seconds(Stop().grace)),
    ("docs/runbooks/access.md", "the old ones back after {}", lambda: minutes(authorized_keys.UNDO_S)),
    ("docs/runbooks/state.md", "race for the same object {} times", lambda: lock.ROUNDS),
    (
        "docs/runbooks/move-admin-pages.md",
        "Traefik asks for {} certificates",
        lambda: word(admin_pages_of_prod()),
    ),
    (BENCHMARKS, "with the same bindings | {} |", lambda: bars(synthesis)[0]),
    (BENCHMARKS, "in a stack of 100 | {} |", lambda: bars(synthesis)[1]),
    (BENCHMARKS, "over `docker stack deploy` | {} |", lambda: bars(cold_deploy)[0]),
    (BENCHMARKS, "with the parallelism that is fastest | {} |", lambda: bars(plan)[0]),
    (BENCHMARKS, "10 s of watching for restarts | {} s |", lambda: bars(rollback)[0]),
)
"""Page, sentence, and where its number is."""


@cache
def text_of(page: str) -> str:
    """A page in one line."""
    return " ".join((ROOT / page).read_text().split())


@pytest.mark.parametrize(
    ("page", "says", "number"), PROMISES, ids=[f"{Path(page).stem}: {says}" for page, says, _ in PROMISES]
)
def test_a_page_has_the_number_of_the_code(page: str, says: str, number: Callable[[], object]) -> None:
    assert says.format(number()) in text_of(page)


def test_another_number_would_be_found() -> None:
    for page, says, _ in PROMISES:
        assert says.format(987) not in text_of(page)
