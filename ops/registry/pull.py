"""Pulls an image to an engine, with the login of its registry."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import docker.errors
import urllib3.exceptions

from ops.model.image_name import ImageName
from ops.registry.login import Logins
from ops.registry.repository import Repository
from ops.terminal import screen

PAUSES_S = (5.0, 15.0)
"""Before a second and a third attempt: a registry that limits or restarts answers again within seconds."""

LOOK_S = 0.2
"""How often somebody who waits for an engine asks whether to give up."""

ENGINE_ERRORS = (
    docker.errors.DockerException,
    urllib3.exceptions.HTTPError,  # of an answer that is read as it comes, such as that of a pull
    http.client.HTTPException,
    OSError,  # those of requests, too
)
"""What a request to the engine may raise."""

T = TypeVar("T")
IsOver = Callable[[], bool]


def _never() -> bool:
    return False


class NotPulled(Exception):
    """The engine could not pull an image, at the third attempt either; says why in the engine's words."""


class OutOfTime(Exception):
    """The time was over while an image was being pulled."""


def has_image(api: Any, image: str, *, is_over: IsOver = _never) -> bool:
    """Whether an engine has an image. Its registry is not asked.

    Raises:
        OutOfTime: it was over.
    """
    try:
        next(_answers(lambda: [api.inspect_image(image)], is_over))
    except ENGINE_ERRORS:
        return False
    return True


def pull(
    api: Any,
    image: str,
    logins: Logins,
    *,
    is_over: IsOver = _never,
    progressed: Callable[[], None] = lambda: None,
    where: str = "",
) -> None:
    """Pulls an image, unless the engine has it.

    The engine gets the login in a header of the request.

    Args:
        is_over: whether to give up; asked all the time, whether the engine says anything or not. The engine
            goes on until this process ends and its connection with it.
        progressed: called at each message of the engine: more of a layer is there, or unpacked.
        where: words for a warning, such as ``on node-1``.

    Raises:
        NotPulled: it cannot, at the third attempt either.
        OutOfTime: it was over.
    """
    if has_image(api, image, is_over=is_over):
        return
    name = ImageName.parse(image)
    pauses = iter(PAUSES_S)
    while error := _error_of_pull(api, name, logins, is_over, progressed):
        what, is_final = error
        pause_s = next(pauses, None)
        if is_final or pause_s is None:
            raise NotPulled(what)
        screen.warn(
            f"warning: {name} cannot be pulled{where and f' {where}'}: {what}; tried again in {pause_s:.0f} s"
        )
        until = time.monotonic() + pause_s
        while (left_s := until - time.monotonic()) > 0:
            if is_over():
                raise OutOfTime
            time.sleep(min(LOOK_S, left_s))


def _error_of_pull(
    api: Any, image: ImageName, logins: Logins, is_over: IsOver, progressed: Callable[[], None]
) -> tuple[str, bool] | None:
    """Why one attempt failed, and whether another one would, too: the registry does not have it, or not for us."""

    def lines() -> Iterable[dict[str, Any]]:
        login = logins.of(Repository.of(image.name))
        given = {"username": login.user, "password": login.password} if login else None
        found: Iterable[dict[str, Any]] = api.pull(
            image.name, tag=image.digest or image.tag, stream=True, decode=True, auth_config=given
        )
        return found

    try:
        for line in _answers(lines, is_over):
            if "error" in line:
                return str(line["error"]), False
            progressed()
    except ENGINE_ERRORS as error:
        return words(error), isinstance(error, docker.errors.APIError) and error.is_client_error()
    return None


def _answers(ask: Callable[[], Iterable[T]], is_over: IsOver) -> Iterator[T]:
    """What is answered, bit by bit. The docker package waits without end for it, so a thread of its own does.

    A thread that still waits when it is over does not keep this process alive.

    Raises:
        OutOfTime: it was over.
    """
    found: SimpleQueue[tuple[T, ...] | Exception | None] = SimpleQueue()
    left = threading.Event()

    def read() -> None:
        try:
            for each in ask():
                found.put((each,))
                if left.is_set():
                    return
            found.put(None)
        except Exception as error:
            found.put(error)

    if is_over():
        raise OutOfTime
    threading.Thread(target=read, daemon=True).start()
    try:
        while True:
            try:
                got = found.get(timeout=LOOK_S)
            except Empty:
                got = ()  # nothing yet
            if got is None:
                return
            if is_over():
                raise OutOfTime
            if isinstance(got, Exception):
                raise got
            yield from got
    finally:
        left.set()


def words(error: Exception) -> str:
    """What an engine said, or what kept it from saying it."""
    return str(getattr(error, "explanation", None) or error or type(error).__name__)
