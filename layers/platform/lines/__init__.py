"""Lines of application images: one module per era, found by its name.

A line is a module here with a function ``build(instance)`` that declares the services of its images. The
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


def builder_of(line: str, *, environment: str) -> Build:
    """The function that declares the services of a line.

    Raises:
        SettingsError: there is no such line.
    """
    if line not in line_names():
        raise SettingsError(
            f"{environment}.yaml: platform/line: there is no line {line!r} of application images; use one of "
            f"{', '.join(line_names())}, or add layers/platform/lines/{line.replace('-', '_')}.py"
        )
    module = importlib.import_module(f"{__name__}.{line.replace('-', '_')}")
    return cast(Build, module.build)
