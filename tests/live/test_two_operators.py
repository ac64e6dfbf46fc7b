"""Two checkouts, one state, a real swarm: who comes second touches nothing, and a plan that somebody approved is applied as it is."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.swarm.engine import connected
from tests.live.checkout import ENGINE, LOCAL, Here, checkout, copied, left_over

pytestmark = pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider"])

SLOW = {"TRY_CLIENTS": "2", "TRY_SLOW": "30"}


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Here, Here]]:
    """Ann's checkout and Ben's; the state is Ann's."""
    for name in ("ann", "ben"):
        (tmp_path / name).mkdir()
    with checkout(tmp_path / "ann", "fault_platform", environments=("local",)) as ann:
        ben = copied(tmp_path / "ben", "fault_platform", environments=("local",))
        ben.always(TRY_STATE=str(ann.root / ".sprocket" / "state"))
        try:
            yield ann, ben
        finally:
            ann.always(**SLOW)  # A purge recognises what a failed test left by its declared name.
    assert left_over() == []


def services() -> dict[str, str]:
    with connected(ENGINE) as swarm:
        return {service.name: service.id for service in swarm.services()}


def answer() -> str:
    """What the server says its version is."""
    task = ["docker", "ps", "-q", "--filter", "label=com.docker.swarm.service.name=try-server"]
    container = subprocess.run(task, capture_output=True, text=True, check=True).stdout.split()[0]
    asked = ["docker", "exec", container, "redis-cli", "-p", "3000", "get", "version"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def test_two_operators(both: tuple[Here, Here], tmp_path: Path) -> None:
    ann, ben = both
    ann.run("deploy", *LOCAL, "--stable", "1", TRY_CLIENTS="1")
    the_second_touches_nothing(ann, ben)
    a_service_of_our_name_that_is_not_ours_stays(ann)
    an_outdated_plan_is_refused(ann, ben, tmp_path / "try.plan")
    exactly_the_approved_plan_is_applied(ben, tmp_path / "try.plan")


def the_second_touches_nothing(ann: Here, ben: Here) -> None:
    """Ann's services are just being made, under names that Ben's deploy has too and that no state knows yet."""
    with ann.start("deploy", *LOCAL, "--stable", "1", env=SLOW) as first:
        end = time.monotonic() + 120
        while "try-client-1" not in services():
            assert time.monotonic() < end and first.poll() is None
            time.sleep(0.2)
        made = services()
        refused = ben.run("deploy", *LOCAL, "--stable", "1", expect=1, env=SLOW)
        assert first.poll() is None, "the first deploy still runs"
        output, _ = first.communicate(timeout=300)
    assert first.returncode == 0, output
    assert re.search(
        r"is locked, so nothing was changed: \S+@\S+ has held it for an apply since .*UTC \(\d+ s\)", refused
    )
    assert "Terraform: Error acquiring the state lock" in refused
    assert services() == made
    assert "nothing to change" in ben.run("deploy", *LOCAL, "--stable", "1", env=SLOW)


def a_service_of_our_name_that_is_not_ours_stays(ann: Here) -> None:
    name, tag, digest = ann.image.split()
    words = ["docker", "service", "create", "--detach", "--no-resolve-image", "--name", "try-client-2"]
    subprocess.run([*words, f"{name}:{tag}@{digest}", "sleep", "600"], check=True, capture_output=True)
    by_hand = services()["try-client-2"]
    refused = ann.run("deploy", *LOCAL, expect=1, env=SLOW, TRY_CLIENTS="3")
    assert "service try-client-2 exists already, but not in Terraform's state" in refused
    assert services()["try-client-2"] == by_hand
    subprocess.run(["docker", "service", "rm", "try-client-2"], check=True, capture_output=True)


def an_outdated_plan_is_refused(ann: Here, ben: Here, file: Path) -> None:
    assert "with secrets in it" in ben.run("plan", *LOCAL, "--out", str(file), env=SLOW, TRY_VERSION="2")
    assert file.stat().st_mode & 0o777 == 0o600
    ann.run("deploy", *LOCAL, "--stable", "1", env=SLOW, TRY_VERSION="3")
    refused = ben.run("deploy", *LOCAL, "--plan", str(file), expect=1, env=SLOW, TRY_VERSION="2")
    assert "is out of date and was not applied; since it was made, this has changed:" in refused
    assert re.search(r"- service try-server was changed: task_spec", refused)
    assert "- config try-server-conf-" in refused
    assert answer() == "3"


def exactly_the_approved_plan_is_applied(ben: Here, file: Path) -> None:
    ben.run("plan", *LOCAL, "--out", str(file), env=SLOW, TRY_VERSION="4")
    other = ben.run("deploy", *LOCAL, "--plan", str(file), expect=1, env=SLOW, TRY_VERSION="5")
    assert "declare something else now" in other
    shown = ben.run("deploy", *LOCAL, "--plan", str(file), "--stable", "1", env=SLOW, TRY_VERSION="4")
    assert "services converged" in shown
    assert answer() == "4"
    spent = ben.run("deploy", *LOCAL, "--plan", str(file), expect=1, env=SLOW, TRY_VERSION="4")
    assert "is out of date" in spent
    assert ben.changes() == []
