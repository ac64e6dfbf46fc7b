"""What a trial makes on an engine: containers, networks and volumes with a label, all of which it removes again."""

from __future__ import annotations

import os
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import docker.errors

from ops.boot.container import ThrowawayValues, archive_of, limits_of, settings_of
from ops.lines import lines_in, text_of
from ops.model.redact import scrubbed
from ops.model.service import Service
from ops.model.services import services_by_network
from ops.registry.login import Logins
from ops.registry.pull import ENGINE_ERRORS, NotPulled, pull, words
from ops.terminal import screen
from ops.terminal.interrupts import postponing

LABEL = "sprocket.trial-boot"
"""On everything that a trial makes. Its value says who made it: host, process, and when in seconds since 1970."""

LONGEST_S = 3600
"""What is older was left by a trial that was killed, on whichever machine."""

LOG_LINES = 20

NO_ADDRESS = {"com.docker.network.bridge.inhibit_ipv4": "true"}
"""The node has no address on a network of a trial: on an internal network it would be the one thing beside its members to connect to."""

_BAD_REQUEST = 400
"""How the engine answers where the program of an image is missing or cannot be executed (daemon/errors.go of moby)."""


class NotStarted(Exception):
    """The engine could not pull an image, or not start its program; says why in the engine's words.

    Args:
        of_image: whether the image is at fault wherever it boots, as far as the engine can tell.
    """

    def __init__(self, what: str, *, of_image: bool) -> None:
        super().__init__(what)
        self.of_image = of_image


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A container at one moment.

    Args:
        exit_code: of its program, once that has ended.
        health: the engine's word for it: ``starting``, ``healthy`` or ``unhealthy``; empty without a health check.
        printed: what its last health check printed.
        out_of_memory: whether the kernel ended it for that.
    """

    exit_code: int | None
    health: str = ""
    printed: str = ""
    out_of_memory: bool = False


class Throwaway:
    """The engine's side of one trial. Everything is on networks of the trial, which have no way out and no member of the platform.

    Args:
        api: of the engine.
        world: all services of the trial.
        values: made-up secrets.
        logins: for registries.
        say: shows what is being done.
    """

    def __init__(
        self,
        api: Any,
        world: Sequence[Service],
        values: ThrowawayValues,
        logins: Logins,
        *,
        say: screen.Say = lambda text: None,
    ) -> None:
        self._api = api
        self._say = say
        self._values = values
        self._logins = logins
        started = int(time.time())
        self._label = f"{socket.gethostname()}:{os.getpid()}:{started}"
        self._prefix = f"trial-boot-{os.getpid()}-{started}"
        shared = {name for name, members in services_by_network(world).items() if len(members) > 1}
        self._networks: Mapping[str, list[str]] = {
            service.name: sorted(shared & service.networks.keys()) or ["alone"] for service in world
        }
        mounted = Counter(source for service in world for source in {each.source for each in service.mounts})
        self._shared = {source for source, services in mounted.items() if services > 1}
        self._started = 0

    def __enter__(self) -> Throwaway:
        try:
            for name in sorted({each for names in self._networks.values() for each in names}):
                full = f"{self._prefix}-{name}"
                self._api.create_network(
                    full, driver="bridge", internal=True, options=NO_ADDRESS, labels=self._labels
                )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._say("removing what the trial boot has made")
        told = partial(self._say, "still removing what the trial boot has made; it ends then")
        with postponing(told, all_of_them=True) as postponed:
            remove(self._api, self._label)
        if postponed.came:
            raise KeyboardInterrupt

    def pull(self, image: str, is_over: Callable[[], bool] = lambda: False) -> None:
        """Pulls an image, unless the engine has it.

        Args:
            is_over: whether the time of the trial is over; asked while the engine pulls.

        Raises:
            NotStarted: it cannot, at the third attempt either.
            OutOfTime: it was over.
        """
        try:
            pull(self._api, image, self._logins, is_over=is_over)
        except NotPulled as error:
            raise NotStarted(f"cannot be pulled: {error}", of_image=True) from None

    def start(
        self, service: Service, image: str, *, volumes: str = "", is_over: Callable[[], bool] = lambda: False
    ) -> str:
        """Starts a service as declared, with an image, and returns the container's id.

        Args:
            volumes: a word for volumes of its own; those that another service of the trial mounts stay the same.
            is_over: whether the time of the trial is over.

        Raises:
            NotStarted: the image cannot be pulled, or its program not be started.
            OutOfTime: it was over.
        """
        self.pull(image, is_over)
        container = ""
        try:
            container = self._create(service, image, volumes)
            self._api.put_archive(container, "/", archive_of(service, self._values))
            self._api.start(container)
        except ENGINE_ERRORS as error:
            lacks_program = (
                bool(container)
                and isinstance(error, docker.errors.APIError)
                and error.status_code == _BAD_REQUEST
            )
            self.stop(container)
            raise NotStarted(f"does not start: {self._clean(words(error))}", of_image=lacks_program) from None
        return container

    def _volume(self, source: str, *, apart: str) -> str:
        own = "" if source in self._shared else apart
        return f"{self._prefix}{own}-{re.sub(r'[^A-Za-z0-9_.-]+', '_', source).strip('_')}"

    def _create(self, service: Service, image: str, volumes: str) -> str:
        first, *others = self._networks[service.name]
        self._started += 1
        host = self._api.create_host_config(
            network_mode=f"{self._prefix}-{first}",
            **limits_of(service, volume=partial(self._volume, apart=volumes), labels=self._labels),
        )
        endpoint = self._api.create_endpoint_config(aliases=_names(service, first))
        made = self._api.create_container(
            image,
            name=f"{self._prefix}.{self._started}-{service.name}",  # one that failed to start may still be there
            labels=self._labels,
            host_config=host,
            networking_config=self._api.create_networking_config({f"{self._prefix}-{first}": endpoint}),
            **settings_of(service),
        )
        container = str(made["Id"])
        for name in others:
            self._api.connect_container_to_network(
                container, f"{self._prefix}-{name}", aliases=_names(service, name)
            )
        return container

    def look(self, container: str) -> Seen:
        """How a container is now."""
        state = self._api.inspect_container(container)["State"]
        health = state.get("Health") or {}
        printed = str((health.get("Log") or [{}])[-1].get("Output", ""))
        ended = state.get("Status") in ("exited", "dead")
        return Seen(
            exit_code=int(state.get("ExitCode") or 0) if ended else None,
            health=str(health.get("Status") or "").replace("none", ""),
            printed=self._clean(" ".join(printed.split()))[:300],
            out_of_memory=bool(state.get("OOMKilled")),
        )

    def log(self, container: str) -> tuple[str, ...]:
        """The last lines of a container; none where the engine cannot give them."""
        try:
            raw: bytes = self._api.logs(container, tail=LOG_LINES)
        except ENGINE_ERRORS:
            return ()
        return tuple(lines_in(self._clean(text_of(raw))))

    def stop(self, container: str) -> None:
        """Removes a container at once, with the volumes that its image declares. Where that fails, the removal at the end tries again,
        and tells."""
        if not container:
            return
        with suppress(*ENGINE_ERRORS):
            self._api.remove_container(container, force=True, v=True)

    @property
    def _labels(self) -> dict[str, str]:
        return {LABEL: self._label}

    def _clean(self, text: str) -> str:
        return scrubbed(text, self._values.made)


def remove_leftovers(api: Any) -> int:
    """Removes what killed trials left, and says how many containers, networks and volumes that were.

    Of another machine's trials only what is older than any trial lasts: they may be running.
    """
    labels = {label for label, _ in _labelled(api) if _is_left(label)}
    return sum(remove(api, label) for label in sorted(labels))


def count_leftovers(api: Any) -> int:
    """How many objects :func:`remove_leftovers` would remove."""
    return sum(_is_left(label) for label, _ in _labelled(api))


def remove(api: Any, label: str) -> int:
    """Removes what a trial has made, and says how many objects that were. What cannot be removed is a warning."""
    found = [remove_one for each, remove_one in _labelled(api) if each == label]
    for remove_one in found:
        try:
            remove_one()
        except docker.errors.NotFound:
            continue
        except ENGINE_ERRORS as error:
            _tell_left(error)
    return len(found)


def _labelled(api: Any) -> Iterator[tuple[str, Callable[[], object]]]:
    """The label of everything that trials have made, and how it is removed; users come before what they use."""
    wanted = {"label": LABEL}
    for raw in _listed(partial(api.containers, all=True, filters=wanted)):
        yield raw["Labels"][LABEL], partial(api.remove_container, raw["Id"], force=True, v=True)
    for raw in _listed(partial(api.networks, filters=wanted)):
        yield raw["Labels"][LABEL], partial(api.remove_network, raw["Id"])
    for raw in _listed(lambda: api.volumes(filters=wanted).get("Volumes") or []):
        yield raw["Labels"][LABEL], partial(api.remove_volume, raw["Name"], force=True)


def _listed(ask: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What the engine lists; where it cannot, nothing, and a warning: the other kinds are removed all the same."""
    try:
        return ask()
    except ENGINE_ERRORS as error:
        _tell_left(error)
        return []


def _tell_left(error: Exception) -> None:
    screen.warn(f"warning: a trial boot left something behind: {words(error)}")


def _is_left(label: str) -> bool:
    host, process, started = label.rsplit(":", 2)
    if time.time() - int(started) > LONGEST_S:
        return True
    return host == socket.gethostname() and not _is_alive(int(process))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _names(service: Service, network: str) -> list[str]:
    return [service.name, *service.networks.get(network, ())]
