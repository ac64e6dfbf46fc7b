"""What a plan changes, as Terraform says it."""

from __future__ import annotations

import pytest

from ops.errors import OpsError
from ops.model.changes import NEVER_CAME_UP, Action, PlannedChange, changes_of, from_terraform
from tests.unit.ops_cloud import change, plan

DROPLET = "digitalocean_droplet.app-1"


def test_only_what_changes_is_a_change() -> None:
    read = {**change("digitalocean_image.x", "read"), "mode": "data"}
    assert changes_of(plan(change("docker_service.a", "no-op"), read)) == []


def test_a_change_has_its_values_and_what_forces_it() -> None:
    (found,) = changes_of(
        plan(change(DROPLET, "delete", "create", before={"name": "a"}, after={"name": "b"}, paths=("image",)))
    )
    assert found.planned == PlannedChange(action=Action.REPLACE, because=("image",))
    assert (found.actions, found.before, found.values) == (
        ("delete", "create"),
        {"name": "a"},
        {"name": "b"},
    )


def test_a_droplet_that_never_came_up_is_told_from_one_that_is_rebuilt() -> None:
    tainted = change(DROPLET, "delete", "create", reason="replace_because_tainted", paths=("id",))
    expected = PlannedChange(action=Action.REPLACE, because=(NEVER_CAME_UP,), unfinished=True)
    assert from_terraform(plan(tainted)) == {DROPLET: expected}


def test_what_nobody_would_show_or_guard_is_refused() -> None:
    with pytest.raises(OpsError, match=r"the plan would forget docker_service\.a; supported are") as caught:
        changes_of(plan(change("docker_service.a", "forget")))
    assert "removed block" in caught.value.fix


def test_what_an_interrupted_apply_left_is_no_change_of_the_resource_that_took_its_place() -> None:
    left = {**change("random_password.key", "delete", before={}), "deposed": "1a2b3c4d"}
    assert from_terraform(plan(change("random_password.key", "create", after={}), left)) == {
        "random_password.key": PlannedChange(action=Action.ADD)
    }
    assert from_terraform(plan(left)) == {}
    assert [each.address for each in changes_of(plan(left))] == ["random_password.key"]
