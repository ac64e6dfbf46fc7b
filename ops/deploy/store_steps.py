"""Steps between versions of stores that a plan would take: refused, unless they are acknowledged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from layers.data.upgrades import OTHERS, PROGRAMS, RUNBOOK, Kind, Step, Way, step_between
from ops.check.acknowledgement import upgrades_of
from ops.check.store_upgrade import StoreUpgrade
from ops.deploy import feature_flags
from ops.errors import Obstacle, Refused
from ops.model.inventory import Inventory, from_state
from ops.model.store_versions import CLUSTER, StoreVersions, versions_of_stores
from ops.report.model import GuardedChange
from ops.terraform.target import Target

_CLUSTER_TAKES = (
    "DigitalOcean upgrades it in place, while its clients cannot connect, and Terraform does not wait"
)
"""As provider 2.71 does it (UpgradeMajorVersion)."""


def steps(
    environment: str, before: Inventory, after: Inventory, *, today: date | None = None
) -> tuple[GuardedChange, ...]:
    """All steps between two inventories of a stack, each refused or with its acknowledgement.

    Raises:
        SettingsError: the environment's file of acknowledgements is wrong.
    """
    return tuple(
        GuardedChange(
            what=_what(store, step),
            fix=_refused(environment, store, step, entry),
            acknowledged=f"until {entry.until}: {entry.reason}" if entry else "",
        )
        for store, step, entry in found(environment, before, after, today)
    )


def refuse(target: Target, state: Mapping[str, Any] | None) -> None:
    """Refuses to deploy a step that nobody acknowledged, or that a running broker is not ready for.

    Args:
        state: what the stack's state says (``terraform show -json``, or the ``prior_state`` of a plan).

    Raises:
        Refused: names every such step, and what to do.
    """
    wanted = target.wanted
    paths = {resource.address: resource.path for resource in wanted.resources.values()}
    refused: list[Obstacle] = []
    for store, step, entry in found(target.name, from_state(state, paths), wanted):
        fix = _refused(target.name, store, step, entry)
        if fix:
            refused.append(Obstacle(what=_what(store, step), fix=fix))
        elif store.after.program == "rabbitmq" and step.kind is Kind.UPGRADE:
            refused += feature_flags.obstacles(target, store.store)
    if refused:
        raise Refused(f"{target.stack} is not deployed; nothing was changed", refused)


def obstacle(environment: str, store: StoreVersions, step: Step) -> Obstacle:
    """Why a step is refused that nobody acknowledged, and what to do."""
    return Obstacle(what=_what(store, step), fix=_fix(environment, store, step))


def found(
    environment: str, before: Inventory, after: Inventory, today: date | None = None
) -> Iterator[tuple[StoreVersions, Step, StoreUpgrade | None]]:
    """Each step with its acknowledgement. The file is read only where there is a step.

    Args:
        today: day of the acknowledgements; ``None`` for the present one, in UTC.
    """
    day = today or datetime.now(UTC).date()
    for store in versions_of_stores(before, after):
        step = step_between(store.before, store.after)
        if step is not None:
            entries = upgrades_of(environment)
            yield store, step, next((each for each in entries if each.covers(store.store, step, day)), None)


def _what(store: StoreVersions, step: Step) -> str:
    why = _CLUSTER_TAKES if _is_managed(store) and step.kind is Kind.UPGRADE else step.why
    return f"store {store.store} ({store.address}): {store.before} -> {store.after}, {_article(step.kind)}; {why}"


def _refused(environment: str, store: StoreVersions, step: Step, entry: StoreUpgrade | None) -> str:
    """What to do where a deploy refuses the step; empty where it takes it."""
    if entry is None:
        return _fix(environment, store, step)
    return _upgrade(environment, store) if _is_loaded(store, step) else ""


def _is_loaded(store: StoreVersions, step: Step) -> bool:
    """Whether the new version starts empty: then it takes more than a deploy."""
    way = PROGRAMS.get(store.after.program, OTHERS).way
    return way is Way.LOAD and step.kind in (Kind.UPGRADE, Kind.DOWNGRADE) and not _is_managed(store)


def _upgrade(environment: str, store: StoreVersions) -> str:
    return f"take the step first, a deploy does the rest: python -m ops upgrade-store --env {environment} --store {store.store}"


def _article(kind: Kind) -> str:
    return f"an {kind}" if kind is Kind.UPGRADE else f"a {kind}"


def _is_managed(store: StoreVersions) -> bool:
    return store.address.startswith(f"{CLUSTER}.")


def _fix(environment: str, store: StoreVersions, step: Step) -> str:
    where = (
        f"cloud/database/version of {environment}.yaml"
        if _is_managed(store)
        else f"images.lock.yaml, or images/overrides of {environment}.yaml"
    )
    entry = f'{{store: {store.store}, from: "{step.from_}", to: "{step.to}", reason: ..., until: YYYY-MM-DD}}'
    return (
        f"keep {store.before.version} in {where}; to change it, follow {RUNBOOK}, with an entry "
        f"under upgrades in environments/acknowledged/{environment}.yaml:\n    - {entry}"
    )
