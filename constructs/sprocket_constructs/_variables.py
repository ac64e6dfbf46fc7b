"""The environment variables of a service: the one in its spec, and those that a shell reads from files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ._cdktf import Construct
from ._checks import no_secrets, set_once
from ._mounts import FileMount, Mounts
from .errors import ConstructError
from .file import SwarmConfig, SwarmSecret
from .secret_value import SecretValue, secret_names_in

PLAIN_FILE = "/run/environment"
SECRET_FILE = "/run/secrets/environment"

VALUE_LIMIT_BYTES = 131_072
"""Linux's limit on ``NAME=value`` with the zero byte at its end (MAX_ARG_STRLEN); a longer one fails exec."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEPT_BY_SHELLS = re.compile(
    r"_|BASH.*|COMP_WORDBREAKS|DIRSTACK|EPOCHREALTIME|EPOCHSECONDS|EUID|FUNCNAME|GROUPS|HISTCMD|LINENO|OPTIND"
    r"|PIPESTATUS|PPID|RANDOM|SECONDS|SHELLOPTS|SHLVL|SRANDOM|UID"
)
"""Names that dash 0.5, bash 5.2 or BusyBox 1.35 refuse to assign, change, or do not export (tried)."""


class Variables:
    """The environment variables of one service.

    Args:
        service: scope of the files; their names begin with ``name``.
        command: what the task starts.
        mounts: where the files are added.
    """

    def __init__(self, service: Construct, *, name: str, command: Sequence[str], mounts: Mounts) -> None:
        self._service = service
        self._command = tuple(command)
        self._name = name
        self._mounts = mounts
        self._in_spec: dict[str, str] = {}
        self._in_files: dict[str, str] = {}

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
                fix="put settings into a file that it reads, or use reads_environment()",
            )
        if variable in self._in_files:
            raise self._set_twice(variable)
        no_secrets(self._service, f"variable {variable}", value)
        set_once(self._service, self._in_spec, variable, value, what=f"variable {variable}")

    def read(self, variables: Mapping[str, str | SecretValue]) -> None:
        """Adds variables to the files; those with secret values go to the secret one."""
        if not self._command:
            raise ConstructError(
                self._service,
                "reads variables from files, but the shell that reads them needs to know what the image starts",
                fix="pass command=(...), the image's ENTRYPOINT followed by its CMD, as docker image inspect shows them",
            )
        if not variables:
            raise ConstructError(
                self._service, "reads no variable", fix="name at least one variable, or remove the call"
            )
        for name, value in variables.items():
            self._check(name, str(value))
        before = self._paths
        self._in_files |= {name: str(value) for name, value in variables.items()}
        for path in self._paths:
            if path not in before:
                self._mount(path)

    @property
    def entry_point(self) -> tuple[str, ...]:
        """The command behind a shell that reads the files and becomes it, so that signals reach the program."""
        if not self._in_files:
            return self._command
        sources = "".join(f". {path}; " for path in self._paths)
        return ("/bin/sh", "-c", f'set -ea; {sources}exec "$@"', "sh", *self._command)

    @property
    def _paths(self) -> list[str]:
        return [path for path in (PLAIN_FILE, SECRET_FILE) if self._of(path)]

    def _of(self, path: str) -> dict[str, str]:
        return {
            name: value
            for name, value in sorted(self._in_files.items())
            if bool(secret_names_in(value)) is (path == SECRET_FILE)
        }

    def _mount(self, path: str) -> None:
        kind, id_ = (
            (SwarmSecret, "secret-environment") if path == SECRET_FILE else (SwarmConfig, "environment")
        )
        file = kind(self._service, id_, name=f"{self._name}-env", content=lambda: assignments(self._of(path)))
        self._mounts.add_file(FileMount(file=file, at=path, mode=0o444, uid=0, gid=0))

    def _check(self, name: str, value: str) -> None:
        if not _NAME.fullmatch(name) or _KEPT_BY_SHELLS.fullmatch(name):
            raise ConstructError(
                self._service,
                f"variable {name!r} cannot be set by a shell",
                fix="use letters, digits and underscores, not a digit first and not a name that shells keep for "
                "themselves, such as UID; or put the setting into a file that the program reads",
            )
        if name in self._in_spec:
            raise self._set_twice(name)
        if name in self._in_files:
            raise ConstructError(self._service, f"reads variable {name} twice", fix="name it once")
        if "\0" in value:
            raise ConstructError(
                self._service, f"variable {name} has a zero byte, which ends a variable", fix="leave it out"
            )
        if len(f"{name}={value}".encode()) >= VALUE_LIMIT_BYTES:
            raise ConstructError(
                self._service,
                f"variable {name} is too long, a variable has less than {VALUE_LIMIT_BYTES:,} bytes with its name",
                fix="put the value into a file that the program reads",
            )

    def _set_twice(self, name: str) -> ConstructError:
        return ConstructError(
            self._service,
            f"variable {name} is given to sets() and reads_environment()",
            fix="use one of them",
        )


def assignments(variables: Mapping[str, str]) -> str:
    """POSIX shell text that assigns each value as it is: in single quotes nothing is special but a single quote."""
    return "".join(f"{name}='{_quoted(value)}'\n" for name, value in variables.items())


def _quoted(value: str) -> str:
    return value.replace("'", "'\\''")
