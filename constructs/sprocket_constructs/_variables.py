"""The environment variable in a service's spec."""

from __future__ import annotations

from ._cdktf import Construct
from ._checks import no_secrets, set_once
from .errors import ConstructError


class Variables:
    """The environment variables of one service."""

    def __init__(self, service: Construct) -> None:
        self._service = service
        self._in_spec: dict[str, str] = {}

    @property
    def in_spec(self) -> dict[str, str]:
        """A copy of what is set in the service's spec: none or one."""
        return dict(self._in_spec)

    def set(self, variable: str, value: str) -> None:
        """Sets the one variable of the spec."""
        for other in self._in_spec.keys() - {variable}:
            raise ConstructError(
                self._service,
                f"sets {variable} beside {other}, and several variables restart all tasks on any change",
                fix="put settings into a file that it reads, or export them in its command",
            )
        no_secrets(self._service, f"variable {variable}", value)
        set_once(self._service, self._in_spec, variable, value, what=f"variable {variable}")
