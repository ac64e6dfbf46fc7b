"""What Terraform knows of a stack: what it recorded, what it finds changed, and what a deploy would do about that."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from ops.errors import OpsError
from ops.model.changes import Action, PlannedChange, ResourceDrift, drift_of, from_terraform
from ops.model.inventory import Inventory, from_state
from ops.model.state import ids_in
from ops.terraform import secrets
from ops.terraform.refused_plan import explained
from ops.terraform.runner import TerraformFailed
from ops.terraform.target import Target


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One stack.

    Args:
        recorded: its state, as the last deploy left it.
        ids: of all that is in it.
        secrets: values that no output may show.
        drift: what the providers read otherwise than the state has it.
        planned: what a deploy of the present code would do.
        refused: why a deploy is refused, so that ``planned`` is empty; empty where it is not.
        unread: why the providers read nothing, so that only the state is known; empty where they did.
    """

    target: Target
    recorded: Inventory
    ids: frozenset[str] = frozenset()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    drift: tuple[ResourceDrift, ...] = ()
    planned: Mapping[str, PlannedChange] = field(default_factory=dict)
    refused: str = ""
    unread: str = ""

    @cached_property
    def wanted(self) -> Inventory:
        """What the code asks for."""
        return self.target.wanted

    def remedy(self, address: str, *, reads: bool = True) -> str:
        """What to do about a resource that somebody changed.

        Args:
            reads: whether Terraform's provider can see this change at all.
        """
        deploy = f"python -m ops deploy --env {self.target.name}"
        if self.unread:
            return "undo it by hand: a deploy fails like the plan"
        if self.refused:
            return f"a deploy is refused now: {self.refused}"
        what = self.planned.get(address)
        if what is None:
            why = "" if reads else ": Terraform's provider does not read it"
            return f"a deploy leaves it as it is{why}; undo it by hand, or declare it"
        if what.action is Action.ADD:
            return f"a deploy makes it again: {deploy}"
        if what.action is Action.CHANGE:
            return f"a deploy puts it back: {deploy}; or declare it, if it should stay"
        look = f"python -m ops plan --env {self.target.name}"
        return f"a deploy would {what.action} it: look at the plan first: {look}"


Seen = TypeVar("Seen")


def read(
    target: Target, look: Callable[[Inventory], Seen], say: Callable[[str], None]
) -> tuple[Reading, Seen]:
    """Reads a stack whose folder is initialised, and looks at what it describes, both while nobody deploys.

    The plan takes the state's lock and comes after the look, and the state is the same before and after both: a deploy at any
    time between would have shown.

    Args:
        look: gets what the state records; what it returns is returned.

    Raises:
        OpsError: it is not deployed, the state cannot be read, or somebody else works on it.
    """
    terraform = target.terraform
    say(f"reading the state of {target.stack}")
    state = terraform.state()
    paths = {resource.address: resource.path for resource in target.wanted.resources.values()}
    recorded = from_state(state, paths)
    if not recorded.resources:
        raise OpsError("it is not deployed: its state is empty")
    seen = look(recorded)
    reading = Reading(
        target=target,
        recorded=recorded,
        ids=frozenset(ids_in(state)),
        secrets=frozenset(secrets.known_values(state)),
    )
    say(f"terraform plan of {target.stack}")
    try:
        with tempfile.TemporaryDirectory(prefix="sprocket-drift-") as private:
            plan, refused = _planned(target, Path(private) / "plan")
    except TerraformFailed as error:
        if error.outcome.is_locked_out:
            raise
        reading = replace(reading, unread=" ".join(error.problem.split()))
    else:
        planned = {} if refused else from_terraform(plan)
        reading = replace(reading, drift=tuple(drift_of(plan)), planned=planned, refused=refused)
    if terraform.state() != state:
        raise OpsError("somebody deployed meanwhile", fix="run this command again")
    return reading, seen


def _planned(target: Target, file: Path) -> tuple[Mapping[str, Any], str]:
    """A plan, and why Terraform refuses to make one of the present code; what it only reads is in the plan then."""
    refused = ""
    try:
        target.terraform.plan(file)
    except TerraformFailed as error:
        refused = explained(error).problem.splitlines()[0]
        target.terraform.refresh_only(file)
    return target.terraform.show(file), refused
