"""deploy, plan, down, purge, failures and Ctrl-C on a real swarm, with a small platform in a copy of the repository."""

from __future__ import annotations

import signal
import time

import pytest

from tests.live.checkout import LOCAL, Here, here, left_over

__all__ = ["LOCAL", "Here", "here"]

# The swarm is started by `deploy` where there is none.
pytestmark = pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider"])


def test_up_down_up_purge(here: Here) -> None:
    shown = here.run("deploy", *LOCAL, "--stable", "3")
    assert "2 services converged" in shown
    assert "https://page.sprocket.localhost  try-page, public" in shown
    assert here.counts() == {"add": 0, "change": 0, "replace": 0, "destroy": 0}
    assert here.counts(TRY_CONF="a: 2\n") == {"add": 0, "change": 2, "replace": 0, "destroy": 0}
    assert "1 volume and 2 generated secrets stay" in here.run("down", *LOCAL)
    assert left_over() == ["try-store"]
    # The store refuses to start on data that was made with another password.
    assert "2 services converged" in here.run("deploy", *LOCAL, "--stable", "3")
    here.run("purge", *LOCAL, "--confirm", "local")
    assert left_over() == []
    assert not list((here.root / ".sprocket").rglob("*.tfstate*"))


def test_a_failed_first_start_shows_why_and_the_log_without_secrets(here: Here) -> None:
    broken = {"TRY_FIRST": "echo cannot open amqp://user:pw12345@host; exit 3", "TRY_WITHIN": "20s"}
    shown = here.run("deploy", *LOCAL, expect=1, env=broken)
    assert "did not converge after 20s" in shown
    assert "service try-store: its task failed: task: non-zero exit (3)" in shown
    assert "cannot open amqp://user:***@host" in shown
    assert "Traceback" not in shown
    assert "2 services converged" in here.run("deploy", *LOCAL, "--stable", "1")


def test_a_replaced_service_that_ignores_term_is_whole_after_one_up(here: Here) -> None:
    here.run("deploy", *LOCAL, "--stable", "1", TRY_IGNORES_TERM="1")
    shown = here.run("deploy", *LOCAL, "--stable", "1", TRY_IGNORES_TERM="1", TRY_NETWORK="1")
    assert "! service try-store is replaced (networks)" in shown
    assert "applying again" in shown
    assert "2 services converged" in shown


def test_ctrl_c_leaves_nothing_that_terraform_does_not_know(here: Here) -> None:
    process = here.start("deploy", *LOCAL)
    time.sleep(1)
    seen = ""
    assert process.stdout is not None
    while "to add" not in seen:
        seen += process.stdout.readline()
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output
    assert "interrupted: running operations finished, state is saved" in output
    assert "2 services converged" in here.run("deploy", *LOCAL, "--stable", "1")


def test_a_stores_next_major_version_needs_an_acknowledgement(here: Here) -> None:
    """Two tags of one image: what Terraform keeps and what ops refuses is real, the program is the same."""
    name, _, digest = here.image.split()
    old, new = (f"{name} {tag} {digest}" for tag in ("8.2.9", "9.0.0"))
    here.run("deploy", *LOCAL, "--stable", "1", TRY_IMAGE=old)
    before = here.state()
    shown = here.run("plan", *LOCAL, expect=1, TRY_IMAGE=new)
    assert "A DEPLOY REFUSES THIS\n  ! store try-store (docker_service." in shown
    assert "redis 8.2.9 -> redis 9.0.0, an upgrade to another major version" in shown
    refused = here.run("deploy", *LOCAL, expect=1, TRY_IMAGE=new)
    assert "local-services is not deployed; nothing was changed" in refused
    assert here.state() == before
    # Switched off, the service is gone from the state, and an edit meanwhile is still the first thing to open the data.
    here.run("down", *LOCAL, TRY_IMAGE=new)
    assert "redis 8.2.9 -> redis 9.0.0" in here.run("deploy", *LOCAL, expect=1, TRY_IMAGE=new)
    acknowledged = here.root / "environments" / "acknowledged" / "local.yaml"
    acknowledged.parent.mkdir(exist_ok=True)
    acknowledged.write_text(
        'upgrades:\n  - {store: try-store, from: "8", to: "9", reason: a test, until: 9999-12-31}\n'
    )
    assert "acknowledged until 9999-12-31: a test" in here.run("plan", *LOCAL, TRY_IMAGE=new)
    assert "2 services converged" in here.run("deploy", *LOCAL, "--stable", "1", TRY_IMAGE=new)
    assert here.counts(TRY_IMAGE=new) == {"add": 0, "change": 0, "replace": 0, "destroy": 0}
    shown = here.run("deploy", *LOCAL, expect=1, TRY_IMAGE=old)
    assert "redis 9.0.0 -> redis 8.2.9, a downgrade; redis 8.2.9 may not open what 9.0.0 wrote" in shown
