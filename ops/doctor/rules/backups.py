"""Stores whose last copy failed or is late."""

from __future__ import annotations

from collections.abc import Iterator

from ops.backup import listing
from ops.backup.jobs import jobs_of
from ops.backup.world import World
from ops.doctor.facts import Facts
from ops.doctor.finding import Finding
from ops.swarm.moment import seconds_since_1970
from ops.terminal.amounts import moment


def late(facts: Facts) -> Iterator[Finding]:
    """Each of them; a store that is younger than the time between two copies may have none yet.

    Raises:
        OpsError: the bucket cannot be read.
    """
    chosen = {service.name for service in facts.chosen}
    jobs = [
        job for job in jobs_of(list(facts.declared.values())) if chosen & {job.store, job.service, job.server}
    ]
    if not jobs:
        return
    world = World(target=facts.target, swarm=facts.swarm, tasks=facts.tasks)
    for job, found in zip(jobs, listing.listed(world, jobs, states=False), strict=True):
        there = facts.running.get(job.service)
        age_s = facts.now - seconds_since_1970(there.created) if there else 0.0
        if not found.problem or (not found.snapshots and age_s < job.every_s + listing.GRACE_S):
            continue
        last = f"last copy {moment(found.snapshots[-1].time)}" if found.snapshots else "no copy in the bucket"
        yield Finding(
            kind="backup",
            about=f"backup of {job.store}",
            cause=found.problem,
            evidence=(last,),
            next=facts.ops("backup", f"--store {job.store}"),
            follows=(f"service {job.service}", f"service {job.sender}", f"service {job.server}"),
        )
