"""Lines of application images: one module per era, found by its name.

A line is a module here with a function ``build(instance)`` that declares the services of its images; ``OPTIONAL_SHARES``
names what only an option of an instance switches on. The
environment's ``platform/line`` names it (``postgres-queues`` is ``postgres_queues.py``), and ``images.lock.yaml`` has its
images under ``application``. Adding one changes no other file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from ...errors import SettingsError

if TYPE_CHECKING:
    from ..instance import Instance

Build = Callable[["Instance"], None]


def line_names() -> list[str]:
    """Names of all lines, sorted."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def optional_shares() -> frozenset[str]:
    """Names of limits and reservations that the lines ask for only where an option of an instance is on."""
    modules = (importlib.import_module(f"{__name__}.{line.replace('-', '_')}") for line in line_names())
    return frozenset(name for module in modules for name in getattr(module, "OPTIONAL_SHARES", ()))


def builder_of(line: str, *, environment: str) -> Build:
    """The function that declares the services of a line.

    Raises:
        SettingsError: there is no such line.
    """
    if line not in line_names():
        raise SettingsError.of(
            f"there is no line {line!r} of application images",
            fix=f"use one of {', '.join(line_names())}, or add layers/platform/lines/{line.replace('-', '_')}.py",
            setting="platform/line",
            file=f"{environment}.yaml",
        )
    module = importlib.import_module(f"{__name__}.{line.replace('-', '_')}")
    return cast(Build, module.build)
