"""Creates an environment's bucket for states, and tests that two Terraform runs cannot write it at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from layers.settings.environment import Environment
from ops.errors import OpsError
from ops.state import lock, terraform_race
from ops.state.bucket import Bucket, credentials
from ops.state.privacy import FIX, bucket_of, ways_in
from ops.terraform.runner import program

WAY_OUT = (
    "do not deploy from two places at once: both would write this state, and one would lose its resources. "
    "Instead, keep the state on a server whose conditional writes exclude (Spaces does by its documentation; "
    "AWS S3 and MinIO do), set state/bucket and state/endpoint to it, and run this again; until then let only one "
    "CI job deploy (its own concurrency limit), and do not deploy by hand. docs/runbooks/state.md"
)


@dataclass(frozen=True, kw_only=True)
class Created:
    """The result of a run."""

    bucket: str
    endpoint: str
    made: bool
    writers: lock.Race
    terraforms: terraform_race.TerraformRace | None

    @property
    def excludes(self) -> bool:
        """Whether the lock can be trusted."""
        return self.writers.excludes and (self.terraforms is None or self.terraforms.excludes)

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "bucket": self.bucket,
            "endpoint": self.endpoint,
            "made": self.made,
            "lock_excludes": self.excludes,
            "writers": str(self.writers),
            "terraform": str(self.terraforms) if self.terraforms else None,
        }

    def lines(self) -> list[str]:
        """For people."""
        return [
            f"bucket {self.bucket} at {self.endpoint}: {'created' if self.made else 'already existed'}, private, keeps versions",
            f"lock: {self.writers}",
            f"lock: {self.terraforms or f'not tried with Terraform itself: {program()} is not installed'}",
        ]


def create(
    settings: Environment, *, rounds: int = lock.ROUNDS, say: Callable[[str], None] = lambda text: None
) -> Created:
    """Creates the bucket unless it exists, and tests its lock. Safe to repeat, also on a bucket with states.

    Raises:
        WrongUse: this environment keeps its state on this machine, or there are no credentials.
        OpsError: the bucket cannot be created, is public, or keeps no versions.
    """
    bucket = bucket_of(settings)
    say(f"bucket {bucket.name} at {bucket.endpoint}")
    made = not bucket.exists()
    if made:
        bucket.create()
    _harden(bucket, say)
    writers = lock.race(lambda: bucket_of(settings), rounds=rounds, say=say)
    terraforms = None
    if shutil.which(program()):
        say("two Terraforms at once")
        terraforms = terraform_race.race(bucket, credentials())
    return Created(
        bucket=bucket.name, endpoint=bucket.endpoint, made=made, writers=writers, terraforms=terraforms
    )


def _harden(bucket: Bucket, say: Callable[[str], None]) -> None:
    say("versioning and privacy")
    bucket.keep_versions()
    if not bucket.keeps_versions():
        raise OpsError(
            f"bucket {bucket.name} does not keep versions although versioning was turned on",
            fix="a state that was written wrongly could not be restored; use a server that has versioning",
        )
    if bucket.grants_to_others():
        bucket.make_private()
    if left := ways_in(bucket):
        raise OpsError(f"bucket {bucket.name} is not private: it {', and '.join(left)}", fix=FIX)
