"""Pulls an image to an engine, with the login of its registry."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from typing import Any

import docker.errors
import urllib3.exceptions

from ops.model.image_name import ImageName
from ops.registry.login import Logins
from ops.registry.repository import Repository
from ops.terminal import screen

PAUSES_S = (5.0, 15.0)
"""Before a second and a third attempt: a registry that limits or restarts answers again within seconds."""

ENGINE_ERRORS = (
    docker.errors.DockerException,
    urllib3.exceptions.HTTPError,  # of an answer that is read as it comes, such as that of a pull
    http.client.HTTPException,
    OSError,  # those of requests, too
)
"""What a request to the engine may raise."""


class NotPulled(Exception):
    """The engine could not pull an image, at the third attempt either; says why in the engine's words."""


class OutOfTime(Exception):
    """The time was over while an image was being pulled."""


def has_image(api: Any, image: str) -> bool:
    """Whether an engine has an image. Its registry is not asked."""
    try:
        api.inspect_image(image)
    except ENGINE_ERRORS:
        return False
    return True


def pull(
    api: Any, image: str, logins: Logins, *, is_over: Callable[[], bool] = lambda: False, where: str = ""
) -> None:
    """Pulls an image, unless the engine has it.

    The engine gets the login in a header of the request.

    Args:
        is_over: whether to give up; asked while the engine pulls.
        where: words for a warning, such as ``on node-1``.

    Raises:
        NotPulled: it cannot, at the third attempt either.
        OutOfTime: it was over.
    """
    if has_image(api, image):
        return
    name = ImageName.parse(image)
    pauses = iter(PAUSES_S)
    while error := _error_of_pull(api, name, logins, is_over):
        what, is_final = error
        pause_s = next(pauses, None)
        if is_final or pause_s is None:
            raise NotPulled(what)
        screen.warn(
            f"warning: {name} cannot be pulled{where and f' {where}'}: {what}; tried again in {pause_s:.0f} s"
        )
        time.sleep(pause_s)


def _error_of_pull(
    api: Any, image: ImageName, logins: Logins, is_over: Callable[[], bool]
) -> tuple[str, bool] | None:
    """Why one attempt failed, and whether another one would, too: the registry does not have it, or not for us."""
    if is_over():
        raise OutOfTime
    login = logins.of(Repository.of(image.name))
    given = {"username": login.user, "password": login.password} if login else None
    try:
        for line in api.pull(
            image.name, tag=image.digest or image.tag, stream=True, decode=True, auth_config=given
        ):
            if "error" in line:
                return str(line["error"]), False
            if is_over():
                raise OutOfTime
    except ENGINE_ERRORS as error:
        return words(error), isinstance(error, docker.errors.APIError) and error.is_client_error()
    return None


def words(error: Exception) -> str:
    """What an engine said, or what kept it from saying it."""
    return str(getattr(error, "explanation", None) or error or type(error).__name__)
