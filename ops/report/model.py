"""What a report consists of. Plain data: rendered as text, markdown or JSON, and compared in tests."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ops.model.changes import Action


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
        because: what forces a replacement.
    """

    name: str
    action: Action
    image: ImageChange
    replicas: tuple[int, int]
    order: str
    away_s: int
    effect: str
    because: tuple[str, ...] = ()
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
class StoreStep:
    """A store whose data would go to a version that may not open it, or not let it go back.

    Attributes:
        fix: what to do, where a deploy refuses it.
        acknowledged: until when, and why, where it may be taken.
    """

    what: str
    fix: str = ""
    acknowledged: str = ""


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
        store_steps: stores whose version changes in a way that a deploy refuses without an acknowledgement.
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
    store_steps: tuple[StoreStep, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not any(self.counts.values())


@dataclass(frozen=True, kw_only=True)
class Report:
    """The plan of one environment: all its stacks."""

    environment: str
    stacks: tuple[StackReport, ...] = field(default_factory=tuple)

    @property
    def is_refused(self) -> bool:
        """Whether a deploy would refuse it for the version of a store."""
        return any(step.fix for stack in self.stacks for step in stack.store_steps)

    def as_data(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)
