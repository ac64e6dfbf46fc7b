"""Who else can read an environment's state: the bucket's grants, its policy, and what its key opens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layers.loading import environment_names, load_environment
from layers.settings.environment import Environment
from ops.errors import Obstacle, WrongUse
from ops.paths import STATE
from ops.state.bucket import Bucket, credentials, endpoint_of

FIX = "states contain passwords: remove its policy and grants by hand before you store any state in it"


def bucket_of(settings: Environment) -> Bucket:
    """The bucket with the environment's state.

    Raises:
        WrongUse: its state is in a file, or there are no credentials.
    """
    if settings.state.backend != "spaces":
        raise WrongUse(
            f"{settings.name} keeps its state in a file on this machine (state/backend is {settings.state.backend})",
            fix="there is no bucket; for one, set state in the environment's file to spaces with bucket and endpoint",
        )
    return Bucket(str(settings.state.bucket), endpoint=endpoint_of(settings), key=credentials())


def public_ways(bucket: Bucket) -> list[str]:
    """How anybody gets at its objects, one sentence each; must be empty."""
    ways = [f"grants {permission} to everybody" for permission in bucket.public_grants()]
    ways += [f"has a policy that lets everybody do {actions}" for actions in bucket.public_statements()]
    if bucket.answers_to(None):
        ways.append("lists its objects for anybody, without a key")
    return ways


def findings(settings: Environment, others: Sequence[Environment]) -> Iterator[Obstacle]:
    """What is wrong with the bucket of an environment's state.

    Where the state is in a file, that is who may open its folder.

    Args:
        others: whose states the same key must not open.

    Raises:
        WrongUse: there are no credentials.
        OpsError: the bucket cannot be asked.
    """
    if settings.state.backend == "local":
        yield from _open_folder()
        return
    bucket = bucket_of(settings)
    again = f"python -m ops state create --env {settings.name}"
    if not bucket.exists():
        yield Obstacle(what=f"bucket {bucket.name} does not exist", fix=again)
        return
    if not bucket.keeps_versions():
        yield Obstacle(
            what=f"bucket {bucket.name} keeps no versions: a state that is written wrongly cannot be restored",
            fix=f"{again} switches versioning on",
        )
    for way in public_ways(bucket):
        yield Obstacle(what=f"bucket {bucket.name} {way}", fix=FIX)
    for other in others:
        if other.state.backend != "spaces" or other.name == settings.name:
            continue
        theirs = Bucket(str(other.state.bucket), endpoint=endpoint_of(other), key=credentials())
        if theirs.answers_to(credentials()):
            yield Obstacle(
                what=f"the key for the state of {settings.name} also opens bucket {theirs.name}, which has the state of {other.name}",
                fix="make a Spaces key that is limited to one bucket, and use that for deploys: docs/runbooks/state.md",
            )


def _open_folder() -> Iterator[Obstacle]:
    """Terraform writes the files themselves readable for everybody; it is their folder that keeps others out."""
    folder = STATE / "state"
    if folder.is_dir() and folder.stat().st_mode & 0o077:
        yield Obstacle(
            what=f"other users of this machine may read the states in {folder}", fix=f"chmod 700 {folder}"
        )


def all_environments() -> list[Environment]:
    """Those with a file here."""
    return [load_environment(name) for name in environment_names()]
