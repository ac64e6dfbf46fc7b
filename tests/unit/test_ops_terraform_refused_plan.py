"""Plans that Terraform itself refuses to make, and the way out."""

from __future__ import annotations

import pytest

from layers.cloud.protected import STEPS
from ops.terraform.refused_plan import explained
from ops.terraform.runner import Diagnostic, Outcome, TerraformFailed


@pytest.mark.parametrize(
    ("summary", "detail", "words"),
    [
        (
            "Instance cannot be destroyed",
            'Resource digitalocean_volume.stores["redis"] has\nlifecycle.prevent_destroy set, but the plan calls for',
            'digitalocean_volume.stores["redis"] would be destroyed or replaced, and with it the data of a store',
        ),
        ("volumes `size` can only be expanded and not shrunk", "", "would shrink, which is not possible"),
    ],
)
def test_a_plan_that_terraform_refuses_gets_a_way_out(summary: str, detail: str, words: str) -> None:
    outcome = Outcome(code=1, diagnostics=[Diagnostic(severity="error", summary=summary, detail=detail)])
    told = explained(TerraformFailed("terraform plan", outcome))
    assert words in told.fix and STEPS in told.fix
    assert summary in told.problem


def test_other_errors_stay_as_they_are() -> None:
    error = TerraformFailed("terraform plan", Outcome(code=1))
    assert explained(error) is error
