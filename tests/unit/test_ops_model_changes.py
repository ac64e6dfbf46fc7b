"""What a plan changes, as Terraform says it."""

from __future__ import annotations

from typing import Any

import pytest

from ops.errors import OpsError
from ops.model.changes import NEVER_CAME_UP, Action, PlannedChange, changes_of, drift_of, from_terraform
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
    tainted["change"]["before"] = {"status": "active"}
    (made,) = from_terraform(plan(tainted)).values()
    assert made.unfinished and made.because == ("the apply that made it did not finish",)


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


def drifted(type_: str, before: dict[str, Any], after: dict[str, Any] | None, **marks: Any) -> dict[str, Any]:
    entry = change(f"{type_}.x", "update" if after else "delete", before=before, after=after)
    entry["change"] |= marks
    return {"resource_drift": [entry]}


def test_what_was_changed_beside_terraform_has_both_sides() -> None:
    (found,) = drift_of(drifted("digitalocean_volume", {"size": 5}, {"size": 9}))
    assert (found.address, found.type) == ("digitalocean_volume.x", "digitalocean_volume")
    assert (found.before, found.after, found.secrets) == ({"size": 5}, {"size": 9}, ())
    (gone,) = drift_of(drifted("digitalocean_volume", {"size": 5}, None))
    assert gone.after is None and gone.before == {"size": 5}


@pytest.mark.parametrize(
    ("type_", "name", "marks"),
    [
        ("digitalocean_database_user", "password", {}),
        ("other", "token", {"before_sensitive": {"token": True}, "after_sensitive": {"token": True}}),
    ],
    ids=["known by name", "marked"],
)
def test_of_a_secret_only_that_it_changed_is_told(type_: str, name: str, marks: dict[str, Any]) -> None:
    (found,) = drift_of(drifted(type_, {name: "one-secret"}, {name: "other-secret"}, **marks))
    assert found.secrets == (name,)
    assert "secret" not in str((found.before, found.after)).replace("sensitive", "")


def test_marks_in_the_shape_of_a_list_mark_nothing() -> None:
    marks = {"before_sensitive": {"droplet_ids": []}, "after_sensitive": {"droplet_ids": [False]}}
    (found,) = drift_of(drifted("digitalocean_volume", {"droplet_ids": []}, {"droplet_ids": [7]}, **marks))
    assert (found.secrets, found.after) == ((), {"droplet_ids": [7]})


def test_a_plan_without_drift_has_none() -> None:
    assert drift_of(plan(change("docker_service.a", "update", before={}, after={}))) == []
