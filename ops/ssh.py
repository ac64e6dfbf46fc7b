"""Commands on other machines. Never asks for a password or a host key: what is not known is an error."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ops.captured import captured
from ops.lines import lines_in
from ops.programs import PROGRAMS

CONNECT_TIMEOUT_S = 10
REFUSED = 255
"""ssh's own exit code, when the other side was not reached; everything else is the command's."""

_LIMITS = ("-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_TIMEOUT_S}")

_BEHIND_A_HOP = ("UNKNOWN port 65535", "kex_exchange_identification: Connection closed by remote host")
"""What ssh adds when the hop before it has failed: it hides the hop's own reason, and names no host."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    output: str
    errors: str

    @property
    def reached(self) -> bool:
        """Whether it ran at all."""
        return self.code != REFUSED

    @property
    def reason(self) -> str:
        """The last line that says what went wrong."""
        lines = [line for line in lines_in(self.errors) if line.strip()]
        lines = [line for line in lines if not any(noise in line for noise in _BEHIND_A_HOP)] or lines
        return lines[-1].strip() if lines else f"exit code {self.code}, without a reason"


@dataclass(frozen=True, kw_only=True)
class Ssh:
    """One machine.

    Args:
        destination: ``user@host``.
        options: words for ssh before the destination, for machines behind this one too.
        port: where it is not ssh's own.
    """

    destination: str
    options: tuple[str, ...] = ()
    port: int | None = None

    @classmethod
    def to(cls, host: str, options: Sequence[str] = ()) -> Ssh:
        """The machine of an engine at ``ssh://user@host:port`` (layers/settings/engine_host.py).

        ssh takes such an address itself, but not with an IPv6 address in it.
        """
        parts = urlsplit(host)
        return cls(destination=f"{parts.username}@{parts.hostname}", options=tuple(options), port=parts.port)

    @property
    def where(self) -> tuple[str, ...]:
        """Port and destination as words."""
        return (*self._port, self.destination)

    @property
    def _port(self) -> tuple[str, ...]:
        return ("-p", str(self.port)) if self.port else ()

    @property
    def words(self) -> tuple[str, ...]:
        """The command up to the destination."""
        alive = ("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3")
        return ("ssh", *self.options, *_LIMITS, *alive, *self.where)

    def run(self, *command: str, stdin: str = "", timeout: float = 30.0) -> Done:
        """Runs a command there; a time-out counts as not reached."""
        try:
            done = captured([*self.words, shlex.join(command)], stdin=stdin, timeout_s=timeout)
        except subprocess.TimeoutExpired:
            return Done(code=REFUSED, output="", errors=f"no answer within {timeout:g} s")
        except FileNotFoundError:
            missing = PROGRAMS["ssh"].missing
            return Done(code=REFUSED, output="", errors=f"{missing.what} ({missing.fix})")
        return Done(code=done.returncode, output=done.stdout, errors=done.stderr)

    def typed(self, *command: str) -> str:
        """A command there as somebody types it in a shell here."""
        return shlex.join(("ssh", *self.options, *self.where, shlex.join(command)))

    def behind(self, destination: str, options: Sequence[str] = ()) -> Ssh:
        """A machine that is reached through this one.

        ``-J`` would not pass the options on to the first hop, and with them the pinned host key.
        """
        hop = shlex.join(("ssh", *self.options, *_LIMITS, *self._port))
        proxy = f"ProxyCommand={hop} -W %h:%p {shlex.quote(self.destination)}"
        return Ssh(destination=destination, options=(*options, "-o", proxy))
