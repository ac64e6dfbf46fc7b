"""A deploy on this machine drops data only with the environment's name, with the real Terraform on a real swarm."""

from __future__ import annotations

import pytest

from tests.live.checkout import LOCAL, Here, here, left_over

__all__ = ["here"]

pytestmark = pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider"])


def test_a_volume_goes_only_with_the_name(here: Here) -> None:
    here.run("deploy", *LOCAL, "--stable", "3", TRY_SPARE="yes")
    shown = here.run("plan", expect=1)
    assert "A DEPLOY REFUSES THIS\n  ! volume try-spare would be destroyed: all data on it is lost" in shown
    assert "a deploy asks for the name local first, and --confirm local answers" in shown

    for words in (("deploy", *LOCAL, "--yes"), ("down", *LOCAL, "--yes")):
        refused = here.run(*words, expect=2)
        assert "this deletes data of local:\n  volume try-spare would be destroyed" in refused
        assert "confirm with --confirm local" in refused
    assert "'prod' is not 'local'; nothing was changed" in here.run(
        "deploy", *LOCAL, "--confirm", "prod", expect=2
    )
    assert {"try-spare", "try-store", "try-page"} <= set(left_over())

    here.run("deploy", *LOCAL, "--confirm", "local", "--stable", "3")
    assert "try-spare" not in left_over()
    assert here.counts() == {"add": 0, "change": 0, "replace": 0, "destroy": 0}
