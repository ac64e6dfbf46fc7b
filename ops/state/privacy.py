"""Who else can read an environment's state: the bucket's grants, its policy, and what its key opens."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from layers.loading import environment_names, load_environment
from layers.settings.environment import Environment
from ops.errors import Obstacle, OpsError, WrongUse
from ops.paths import STATE
from ops.state.bucket import CREDENTIALS, Bucket, credentials, endpoint_of

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


def ways_in(bucket: Bucket, objects: Sequence[str] = ()) -> list[str]:
    """How others get at its objects, one sentence each; must be empty.

    Args:
        objects: keys of objects, each of which can be public by itself.
    """
    ways = [*bucket.grants_to_others(), *bucket.policy_for_others()]
    if bucket.lists_for(None):
        ways.append("lists its objects for anybody, without a key")
    return ways + [
        f"gives {each} to anybody, without a key" for each in objects if bucket.gives_to_anybody(each)
    ]


def findings(
    settings: Environment, others: Sequence[Environment], environment: Mapping[str, str] = os.environ
) -> Iterator[Obstacle]:
    """What is wrong with the bucket of an environment's state, and what could not be asked.

    A key that is limited to one bucket is what deploys should have; on Spaces it may not read the bucket's settings. So those are
    asked with the Spaces key of the provider, where there is one. Where the state is in a file, that is who may open its folder.

    Args:
        others: whose states the same key must not open.

    Raises:
        WrongUse: there are no credentials.
    """
    if settings.state.backend == "local":
        yield from _open_folder()
        return
    own = credentials(environment)
    key, secret = CREDENTIALS[1]
    full = (
        (environment[key], environment[secret]) if environment.get(key) and environment.get(secret) else own
    )
    bucket = Bucket(str(settings.state.bucket), endpoint=endpoint_of(settings, environment), key=full)
    again = f"python -m ops state create --env {settings.name}"
    try:
        there = bucket.exists()
    except OpsError as error:
        yield Obstacle(what=error.problem, fix=error.fix)
        return
    if not there:
        yield Obstacle(what=f"bucket {bucket.name} does not exist", fix=again)
        return
    versions = Obstacle(
        what=f"bucket {bucket.name} keeps no versions: a state that is written wrongly cannot be restored",
        fix=f"{again} switches versioning on",
    )
    objects = [f"{stack}.tfstate" for stack in (settings.cloud_stack, settings.services_stack)]
    yield from _asked(lambda: [] if bucket.keeps_versions() else [versions])
    yield from _asked(
        lambda: [Obstacle(what=f"bucket {bucket.name} {way}", fix=FIX) for way in ways_in(bucket, objects)]
    )
    for other in others:
        if other.state.backend == "spaces" and other.name != settings.name:
            yield from _asked(partial(_opened, settings, other, own, environment))


def _opened(
    settings: Environment, other: Environment, key: tuple[str, str], environment: Mapping[str, str]
) -> list[Obstacle]:
    bucket = Bucket(str(other.state.bucket), endpoint=endpoint_of(other, environment), key=key)
    if not bucket.lists_for(key):
        return []
    what = f"the key for the state of {settings.name} also opens bucket {bucket.name}, which has the state of {other.name}"
    fix = "make a Spaces key that is limited to one bucket, and use that for deploys: docs/runbooks/state.md"
    return [Obstacle(what=what, fix=fix)]


def _asked(question: Callable[[], list[Obstacle]]) -> Iterator[Obstacle]:
    """What was found; a question without an answer is a finding itself: nothing is known then."""
    try:
        yield from question()
    except OpsError as error:
        fix = f"export {CREDENTIALS[1][0]} and {CREDENTIALS[1][1]} of a key with full access, which is used for such questions only"
        yield Obstacle(what=f"not asked: {error.problem}", fix=fix)


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
