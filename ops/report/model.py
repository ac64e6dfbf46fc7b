"""What a report consists of. Plain data: rendered as text, markdown or JSON, and compared in tests."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ops.model.changes import Action
from ops.model.cost import Charge
from ops.report.topology import Topology


@dataclass(frozen=True, kw_only=True)
class SettingChange:
    """One setting; an empty text is one that is not set."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """A config or secret that a service reads. Secrets have no diff: only that their content changes."""

    path: str
    name: str
    kind: str
    action: Action
    diff: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ImageChange:
    """A service's image before and after, each as ``web 1.2 (ab12cd34)``; empty where there is none.

    Attributes:
        shown: the image, or the two if they differ.
    """

    before: str
    after: str
    shown: str


@dataclass(frozen=True, kw_only=True)
class ServiceChange:
    """One service that changes.

    Attributes:
        away_s: longest time without any task during the change, an estimate; 0 where none leaves before the next is
            there.
        effect: what its users notice, in words.
        restarts: whether tasks that run now are stopped, whatever takes their place.
        because: what forces a replacement.
        routes: addresses that lead to it, before and after; all of the platform for what publishes ports of the nodes.
        clients: services that connect to it and do not change themselves.
    """

    name: str
    action: Action
    image: ImageChange
    replicas: tuple[int, int]
    order: str
    away_s: int
    effect: str
    restarts: bool = False
    because: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    files: tuple[FileChange, ...] = ()
    joins: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    routes_added: tuple[str, ...] = ()
    routes_removed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ItemChange:
    """Any other resource that changes: a network, volume, config, secret, droplet, record.

    Attributes:
        because: what forces a replacement.
    """

    type: str
    name: str
    action: Action
    note: str = ""
    because: tuple[str, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    details: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GuardedChange:
    """A change that a deploy refuses unless it was acknowledged: what it loses, opens or stops.

    Attributes:
        fix: what to do, where a deploy refuses it, or asks first.
        acknowledged: until when, and why, where it may be deployed.
    """

    what: str
    fix: str = ""
    acknowledged: str = ""


@dataclass(frozen=True, kw_only=True)
class ChargeChange:
    """One thing on the bill that becomes dearer or cheaper.

    Attributes:
        before, after: US dollars a month; 0 where it is not there, ``None`` where no price is known.
    """

    what: str
    before: float | None
    after: float | None


@dataclass(frozen=True, kw_only=True)
class CostChange:
    """What a stack costs a month by list price, before and after.

    Attributes:
        before, after: US dollars for all that has a known price.
        changes: what makes the difference.
        charges: all that is on the bill afterwards.
        budget: what the environment may cost; ``None`` is no bound.
    """

    before: float
    after: float
    changes: tuple[ChargeChange, ...]
    charges: tuple[Charge, ...]
    budget: float | None = None

    @property
    def unpriced(self) -> tuple[str, ...]:
        """What has no known price, and is in neither sum."""
        return tuple(charge.what for charge in self.charges if charge.dollars is None)

    @property
    def is_above_budget(self) -> bool:
        """Whether it costs more than it may, afterwards."""
        return self.budget is not None and self.after > self.budget


@dataclass(frozen=True, kw_only=True)
class LayerReport:
    """One layer: what changes in it, and how many services do not."""

    name: str
    services: tuple[ServiceChange, ...]
    items: tuple[ItemChange, ...]
    unchanged: int


@dataclass(frozen=True, kw_only=True)
class StackReport:
    """One stack.

    Attributes:
        compared_with: what the plan is a difference to, in words (``the swarm and its state``, ``nothing``).
        offline: why Terraform did not make this plan; empty when it did.
        dangers: what is destroyed or replaced, in words, worst first.
        images: image changes with the services that use them.
        sharing: services by network.
        unresolved: services whose image has no digest yet, with the image.
        guarded: changes that a deploy refuses without an acknowledgement, or asks about.
        cost: what it costs; ``None`` for a stack that orders nothing.
    """

    name: str
    compared_with: str
    offline: str
    counts: dict[Action, int]
    dangers: tuple[str, ...]
    images: tuple[tuple[str, tuple[str, ...]], ...]
    layers: tuple[LayerReport, ...]
    sharing: dict[str, tuple[str, ...]]
    unresolved: tuple[tuple[str, str], ...]
    guarded: tuple[GuardedChange, ...] = ()
    cost: CostChange | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not any(self.counts.values())

    @property
    def services(self) -> tuple[ServiceChange, ...]:
        """All services that change."""
        return tuple(change for layer in self.layers for change in layer.services)

    @property
    def interrupted(self) -> tuple[ServiceChange, ...]:
        """Services that do not serve for a while, or not any more: those that are gone first, then the longest away."""
        found = [each for each in self.services if each.action is Action.DESTROY or each.away_s]
        return tuple(
            sorted(found, key=lambda each: (each.action is not Action.DESTROY, -each.away_s, each.name))
        )

    @property
    def restarted(self) -> tuple[ServiceChange, ...]:
        """Services whose tasks are replaced while others of them serve."""
        away = {each.name for each in self.interrupted}
        return tuple(each for each in self.services if each.restarts and each.name not in away)


@dataclass(frozen=True, kw_only=True)
class Report:
    """The plan of one environment: all its stacks.

    Attributes:
        topology: nodes with what runs on them afterwards, and networks; ``None`` where nobody asked for it.
    """

    environment: str
    stacks: tuple[StackReport, ...] = field(default_factory=tuple)
    topology: Topology | None = None

    @property
    def is_refused(self) -> bool:
        """Whether a deploy would refuse it."""
        return any(each.fix for stack in self.stacks for each in stack.guarded)

    def as_data(self) -> dict[str, Any]:
        """For ``--json``: all fields, and of each stack the names of services that stop serving or only restart."""
        data = asdict(self)
        for stack, shown in zip(self.stacks, data["stacks"], strict=True):
            shown["interrupted"] = [change.name for change in stack.interrupted]
            shown["restarted"] = [change.name for change in stack.restarted]
        return data
