"""Who gets in on a node, against what is declared: the operators' keys, and accounts that are root's equal."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from layers.settings.environment import Environment
from ops.errors import OpsError
from ops.nodes.authorized_keys import declared_text
from ops.ssh import Ssh

DECLARED = {"docker": {"deploy", "join"}, "sudo": set[str]()}
"""Members of the groups that make root's equals: whoever speaks to the engine is root there. As ``sprocket-users`` in layers/node/scripts makes
them; nobody has sudo."""

_TIMEOUT_S = 20.0
# Groups and accounts as lines of /etc/group and /etc/passwd. The keys come last: a line of theirs can be anything.
READ = """getent group docker sudo; echo
getent passwd; echo
cat "$HOME/.ssh/authorized_keys"
"""


@dataclass(frozen=True, kw_only=True)
class Access:
    """What differs on one node, one sentence each.

    Args:
        keys: of the operators' account; writing the declared ones corrects it.
        rights: accounts that no deploy made, and no deploy takes away.
    """

    keys: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()


def declared_keys(settings: Environment, environment: Mapping[str, str] = os.environ) -> list[str]:
    """The lines that each node should have.

    Raises:
        WrongUse: a key is supplied, and the shell does not have it; or there is none.
    """
    return declared_text(settings, environment).splitlines()


def access_of(ssh: Ssh, wanted: Sequence[str] | None) -> Access:
    """Asks one node.

    Args:
        wanted: lines of the operators' keys; none to not compare them.

    Raises:
        OpsError: it was not reached, or does not tell.
    """
    done = ssh.run("sh", "-c", READ, timeout=_TIMEOUT_S)
    if done.code:
        raise OpsError(done.reason)
    parts = done.output.split("\n\n", 2)
    if len(parts) != 3:
        raise OpsError("its answer is incomplete")
    groups, accounts, there = (part.split("\n") for part in parts)
    keys = () if wanted is None else tuple(_keys(there, wanted))
    return Access(keys=keys, rights=tuple(_rights(groups, accounts)))


def _rights(groups: Sequence[str], accounts: Sequence[str]) -> Iterator[str]:
    # name:password:number:group's number:...
    users = [line.split(":") for line in accounts if line.count(":") >= 6]
    for line in groups:
        group, _, number, members = [*line.split(":"), "", "", ""][:4]
        if group in DECLARED:
            inside = {*filter(None, members.split(",")), *(user[0] for user in users if user[3] == number)}
            for name in sorted(inside - DECLARED[group]):
                yield f"user {name} is in the group {group}, which makes it root's equal"
    for name in sorted(user[0] for user in users if user[2] == "0" and user[0] != "root"):
        yield f"user {name} has the number of root, 0"


def _keys(lines: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
    there = [line.strip() for line in lines]
    there = [line for line in there if line and not line.startswith("#")]
    granted, known = set(map(_grant, wanted)), set(map(_key, wanted))
    for line in there:
        if _grant(line) not in granted:
            yield (
                f"lets a declared key in with other options: {_shown(line)}"
                if _key(line) in known
                else f"lets in a key that is not declared: {_shown(line)}"
            )
    present = set(map(_key, there))
    for line in wanted:
        if _key(line) not in present:
            yield f"lacks the key {_shown(line)}"


def _key(line: str) -> str:
    """The key itself, without options before it and the comment behind it."""
    words = line.split()
    at = next((i for i, word in enumerate(words[:-1]) if word.startswith(("ssh-", "sk-", "ecdsa-"))), None)
    return line if at is None else " ".join(words[at : at + 2])


def _grant(line: str) -> str:
    """The key with the options before it. A comment says nothing to sshd."""
    key = _key(line)
    return line.partition(key)[0] + key


def _shown(line: str) -> str:
    """Its fingerprint as ``ssh-keygen -l`` prints it, and its comment."""
    words = _key(line).split()
    comment = line.partition(_key(line))[2].strip()
    try:
        digest = hashlib.sha256(base64.b64decode(words[1], validate=True)).digest()
    except (ValueError, IndexError):
        return "a line that is no key"
    print_ = base64.b64encode(digest).decode().rstrip("=")
    return f"SHA256:{print_}" + (f" ({comment})" if comment else "")
