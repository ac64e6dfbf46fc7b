"""The login that the swarm keeps with each service, for nodes that have to pull its image."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import docker.errors
from docker.auth import encode_header

from ops.errors import OpsError
from ops.model.image_name import ImageName
from ops.swarm.engine import RunningService, Swarm
from ops.swarm.updating import update_current

UNFINISHED = ("updating", "paused", "rollback_started", "rollback_paused")
"""States of an update that another update would cut off or start again."""


def pulled_services(swarm: Swarm, registry: str, ids: Collection[str]) -> list[RunningService]:
    """Those of these services whose image names the registry, by name.

    The provider chooses services by the same rule: what stands before the image's first slash.
    """
    found = [each for each in swarm.services() if each.id in ids]
    ours = [each for each in found if ImageName.parse(each.image).name.partition("/")[0] == registry]
    return sorted(ours, key=lambda each: each.name)


def give_login(swarm: Swarm, service: RunningService, *, registry: str, user: str, token: str) -> None:
    """Gives a service another login and changes nothing else. No task restarts.

    A task that runs has its image, so swarmkit leaves the login out when it compares a task with its service (``IsTaskDirty`` in Engine
    20.10 and 28). Every later task gets the login of the service. Repeats if the service was changed in between.

    Raises:
        OpsError: the engine refuses it.
    """
    login = {"username": user, "password": token, "serveraddress": registry}
    header = {"X-Registry-Auth": encode_header(login).decode()}
    api = swarm.api
    # The docker package builds a spec of its own from arguments; this one must stay as it is.
    url = api._url("/services/{0}/update", service.id)

    def update(raw: Mapping[str, Any]) -> None:
        version = {"version": raw["Version"]["Index"]}
        api._raise_for_status(api._post_json(url, data=raw["Spec"], params=version, headers=header))

    try:
        update_current(f"service {service.name}", partial(api.inspect_service, service.id), update)
    except OpsError as error:
        # Removed or made anew in between: by a deploy, which gives it the login that is exported now.
        if not isinstance(error.__cause__, docker.errors.NotFound):
            raise
