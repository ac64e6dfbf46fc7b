"""The log of a service, from its engine: each line with its time and its task."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import urllib3.exceptions

from layers.settings.form import did_you_mean
from ops.errors import OpsError, WrongUse
from ops.lines import lines_in, text_of
from ops.swarm.containers import TASK
from ops.swarm.engine import Swarm
from ops.swarm.moment import seconds_since_1970

_SPAN = re.compile(r"([0-9]{1,9})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line.

    Args:
        time: as the engine writes it.
        task: service and number of its task and the start of its id, ``web.1.x3kf9``.
    """

    time: str
    task: str
    text: str


def seconds_in(text: str, option: str = "--since") -> int:
    """Of ``30s``, ``10m``, ``2h``, ``1d``.

    Args:
        option: what the text was given to, for the error.

    Raises:
        WrongUse: it is none of these.
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        raise WrongUse(f"{option} {text}: is no length of time", fix="write 30s, 10m, 2h or 1d")
    return int(match[1]) * _UNITS[match[2]]


def pattern_of(text: str) -> re.Pattern[str]:
    """A regular expression of Python.

    Raises:
        WrongUse: it is none.
    """
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise WrongUse(
            f"--grep {text}: is no regular expression: {error}",
            fix=r"write \ before one of . * + ? ( ) [ ] { } | ^ $",
        ) from None


class ServiceLog:
    """The log of one service.

    Raises:
        WrongUse: the swarm has no such service; names near ones.
    """

    def __init__(self, swarm: Swarm, service: str) -> None:
        by_name = {each.name: each for each in swarm.services()}
        if service not in by_name:
            there = ", ".join(sorted(by_name)) or "none: make up deploys them"
            raise WrongUse(
                f"the swarm has no service {service!r}",
                fix=did_you_mean(service, by_name, otherwise=f"there are: {there}", count=3),
            )
        self._api: Any = swarm.api
        self._id = by_name[service].id
        tasks = [task for task in swarm.tasks() if task.service_id == self._id]
        self._names = {task.id: f"{service}.{task.slot or task.node[:5]}.{task.id[:5]}" for task in tasks}

    @property
    def has_several_tasks(self) -> bool:
        """Whether lines of more than one task may come, those that ended included."""
        return len(self._names) > 1

    def lines(self, *, since: int = 0, tail: int | None = None, follow: bool = False) -> Iterator[Line]:
        """By time; with ``follow`` as they come.

        Args:
            since: seconds since 1970; 0 is the beginning.
            tail: the last lines of each task only.
            follow: go on until somebody ends it.

        Raises:
            OpsError: the connection to the engine was cut.
        """
        raw = self._api.service_logs(
            self._id,
            details=True,
            follow=follow,
            stdout=True,
            stderr=True,
            since=since,
            timestamps=True,
            tail="all" if tail is None else tail,
            is_tty=False,
        )
        found = (self._line(part) for frame in raw for part in lines_in(text_of(frame)))
        # The engine gives the lines of one task after those of another.
        try:
            yield from found if follow else sorted(found, key=lambda line: seconds_since_1970(line.time))
        except (urllib3.exceptions.HTTPError, struct.error) as error:
            # The docker package reads below the requests package, and lets what happens there through.
            raise OpsError(
                f"the connection to the engine ended within the log: {error}", fix="run the command again"
            ) from None

    def _line(self, raw: str) -> Line:
        """``TIME com.docker.swarm.node.id=...,com.docker.swarm.task.id=... TEXT``"""
        time, _, rest = raw.partition(" ")
        details, _, text = rest.partition(" ")
        known = dict(pair.partition("=")[::2] for pair in details.split(","))
        id_ = unquote_plus(known.get(TASK, ""))
        return Line(time=time, task=self._names.get(id_, id_[:5]), text=text)
