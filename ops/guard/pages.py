"""Pages: who may use them, and whether anything answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from layers.pages import MONITORING
from ops.guard.approvals import Approvals
from ops.guard.ports import WEB
from ops.guard.rule import Loss
from ops.guard.stack_change import StackChange
from ops.model.changes import Action
from ops.model.service import Page, Rollout, Service
from ops.model.services import TYPE

LONGEST_S = 120
"""How long a public service may be away in an update without an acknowledgement, in seconds: decision 0021."""

PUBLIC, SIGN_IN = "public", "sign-in"


def undeclared_routes(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Hosts that a service which changes would answer at, without anybody having said who may use them.

    A stack that has no such output at all is not the platform's.
    """
    after = stack.services[1] if stack.after.access else {}
    changing = {
        change.address for change in stack.of_type(TYPE) if change.planned.action is not Action.DESTROY
    }
    for address in sorted(changing & after.keys()):
        for page in _pages(after[address]):
            if not stack.after.access.get(page.host):
                yield Loss(
                    about=url(page),
                    what=f"service {after[address].name} would answer at {url(page)}, and nothing says who may use it",
                )


def wider_access(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Pages that are there already and that more people could use."""
    for host, will in sorted(stack.after.access.items()):
        was = stack.before.access.get(host)
        if was and was != will and not _includes(was, will):
            yield Loss(
                about=f"https://{host}",
                what=f"https://{host} would be open to others than now: {was} -> {will}",
            )


def _includes(wide: str, narrow: str) -> bool:
    """Whether all whom the second lets in, the first lets in too."""
    return wide == PUBLIC or (wide == SIGN_IN and narrow != PUBLIC)


def downtime(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Public pages that would be gone, or that nothing would answer at for a while. A stack that is switched off is not asked."""
    if not stack.is_switched_off:
        access = {**stack.after.access, **stack.before.access}
        yield from _removed(stack, access)
        yield from _interrupted(stack, access)


def _removed(stack: StackChange, access: Mapping[str, str]) -> Iterator[Loss]:
    """Public pages that nothing serves afterwards."""
    before, after = (_public_of(services, access) for services in stack.services)
    for page in sorted(before - after, key=url):
        yield Loss(about=url(page), what=f"{url(page)}, which is public, would not be served any more")


def _interrupted(stack: StackChange, access: Mapping[str, str]) -> Iterator[Loss]:
    """Services that are replaced, also by one of another address, or that an update stops for long."""
    before, after = stack.services
    added = {c.address: after[c.address] for c in stack.of_type(TYPE) if c.planned.action is Action.ADD}
    for change in stack.of_type(TYPE):
        old, new = before.get(change.address), after.get(change.address)
        if old is None or change.tainted:
            continue
        pages, is_gateway = _public(old, access), any(port.published in WEB for port in old.published)
        if not pages and not is_gateway:
            continue
        shown = ", ".join(sorted(map(url, pages))) or "every page"
        moved = new is None and bool(is_gateway or pages & _public_of(added, access))
        if moved or change.planned.action is Action.REPLACE:
            because = f" (because of {', '.join(change.planned.because)})" if change.planned.because else ""
            yield Loss(
                about=change.address,
                what=f"service {old.name}, which serves {shown}, would be replaced{because}: down until the new one is healthy, "
                f"about {old.away_s} s, and nothing puts the old one back if it never is",
            )
        elif new is not None and (away := away_s(old, new)) > LONGEST_S:
            yield Loss(
                about=change.address,
                what=f"service {new.name}, which serves {shown}, would be down for up to {away} s; more than {LONGEST_S} s "
                "has to be acknowledged",
            )


def away_s(old: Service, new: Service) -> int:
    """Longest time without a task during an update, in seconds: 0 where one stays, or no task restarts."""
    if new.order == "start-first" or new.replicas > 1 or _of_tasks(old) == _of_tasks(new):
        return 0
    return new.away_s


def _of_tasks(service: Service) -> Service:
    """What its tasks are made of: all but labels, and how an update goes."""
    how = {"labels": {}, "routers": (), "replicas": 1, "update": Rollout(), "rollback": Rollout()}
    return replace(service, **how, converge_timeout="")  # type: ignore[arg-type]  # of several types


def url(page: Page) -> str:
    """As people write it."""
    return f"https://{page.host}{page.path}"


def _pages(service: Service) -> set[Page]:
    return {page for router in service.routers for page in router.pages}


def _public(service: Service, access: Mapping[str, str]) -> set[Page]:
    """Pages of a service that anybody may use; one of which nothing is said counts too. Nobody uses the one for the check from outside."""
    return {
        page
        for page in _pages(service)
        if access.get(page.host, PUBLIC) == PUBLIC and page.path != MONITORING
    }


def _public_of(services: Mapping[str, Service], access: Mapping[str, str]) -> set[Page]:
    return {page for service in services.values() for page in _public(service, access)}
