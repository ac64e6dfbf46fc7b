"""Resources that cannot be had back: destroyed or replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from layers.cloud.protected import PROTECTED, STEPS
from ops.guard.approvals import Approvals
from ops.guard.rule import Loss
from ops.guard.stack_change import StackChange, name_of
from ops.model.changes import DROPLET, Action, ResourceChange
from ops.model.inventory import Values
from ops.model.noun import host_of_record

Losses = Callable[[StackChange, Approvals], Iterator[Loss]]

RECORD = "digitalocean_record"


def protected(*types: str) -> Losses:
    """Resources that the table of the cloud stack says what is lost with."""

    def losses(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
        for change in stack.gone(*types):
            each = PROTECTED[change.type]
            meaning = each.destroyed if change.planned.action is Action.DESTROY else each.replaced
            yield lost(change, each.noun, meaning)

    return losses


def volumes(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Volumes of DigitalOcean and of the engine."""
    yield from protected("digitalocean_volume")(stack, approvals)
    yield from gone("volume", "all data on it is lost", "docker_volume")(stack, approvals)


def gone(noun: str, meaning: str, *types: str) -> Losses:
    """Resources of these types, all of which mean the same."""

    def losses(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
        for change in stack.gone(*types):
            yield lost(change, noun, meaning)

    return losses


def secrets(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Generated passwords and keys, but for those that are renewed on request."""
    for change in stack.gone("random_", "tls_"):
        if change.address not in approvals.renewed:
            noun = "key" if change.type.startswith("tls_") else "generated secret"
            yield lost(change, noun, "the old value is lost, and what needs it may not open again")


def records(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Names in DNS that nothing answers for afterwards; those of a droplet that is destroyed on request go with it."""
    kept = {record_of(each.values) for each in stack.after.of_type(RECORD)}
    addresses = _addresses(stack, {*approvals.destroy, *approvals.replace})
    for change in stack.of_type(RECORD):
        before = change.before or {}
        if change.planned.action is Action.ADD or record_of(before) in kept:
            continue
        if str(before.get("value")) not in addresses:
            type_, name = record_of(before)
            # Where Terraform was not asked, the zone may be a reference.
            shown = name if "${" not in name else before.get("name")
            yield Loss(
                about=change.address,
                what=f"DNS record {type_} {shown} would be gone, and with it what is reached by that name",
            )


def record_of(values: Values) -> tuple[str, str]:
    """A record's type and its whole name."""
    return str(values.get("type")), host_of_record(values)


def _addresses(stack: StackChange, droplets: set[str]) -> set[str]:
    found = [(each.before or {}) for each in stack.gone(DROPLET)]
    keys = ("ipv4_address", "ipv4_address_private", "ipv6_address")
    return {str(each[key]) for each in found if each.get("name") in droplets for key in keys if each.get(key)}


def lost(change: ResourceChange, noun: str, meaning: str) -> Loss:
    """A resource that is destroyed or replaced."""
    because = f" (because of {', '.join(change.planned.because)})" if change.planned.because else ""
    fate = "destroyed" if change.planned.action is Action.DESTROY else f"replaced{because}"
    return Loss(about=change.address, what=f"{noun} {name_of(change)} would be {fate}: {meaning}")


def impossible(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Changes that the provider plans in place although they cannot work in place."""
    for change, before, after in stack.changed("digitalocean_volume"):
        was, will = before.get("size"), after.get("size")
        if isinstance(was, int) and isinstance(will, int) and will < was:
            yield Loss(
                about=change.address,
                what=f"volume {name_of(change)} would shrink from {was} to {will} GiB, which no volume can",
                fix=f"keep {was} GiB; to shrink it, create a second volume, copy the data, and swap them: {STEPS}",
            )
    for change, before, after in stack.changed("digitalocean_spaces_bucket"):
        if "name" in after and before.get("name") != after["name"]:
            yield Loss(
                about=change.address,
                what=f"bucket {name_of(change)} would be renamed to {after['name']}, which changes Terraform's state only",
                fix="keep the name, or create a second bucket, copy (aws s3 sync), then delete the first",
            )
