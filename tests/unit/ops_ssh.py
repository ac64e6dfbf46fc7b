"""Machines behind ssh, without ssh, for the tests of ops."""

from __future__ import annotations

import pytest

from ops.nodes.access import READ
from ops.nodes.readiness import COMMAND
from ops.ssh import REFUSED, Done, Ssh


class FakeSsh(Ssh):
    """Answers from a list, the last for ever, and remembers what it was asked."""

    def __init__(self, *answers: Done) -> None:
        super().__init__(destination="deploy@node")
        object.__setattr__(self, "answers", list(answers))
        object.__setattr__(self, "asked", [])

    def run(self, *command: str, stdin: str = "", timeout: float = 30.0) -> Done:
        """The next answer."""
        answers: list[Done] = self.__dict__["answers"]
        self.__dict__["asked"].append((command, stdin))
        return answers.pop(0) if len(answers) > 1 else answers[0]


def said(output: str, code: int = 0, errors: str = "") -> Done:
    """A command that ran."""
    return Done(code=code, output=output, errors=errors)


def gets_in(
    keys: str = "", *, docker: str = "deploy,join", sudo: str = "", accounts: tuple[str, ...] = ()
) -> Done:
    """What a node tells of who gets in: lines of the operators' keys, members of two groups, further lines of /etc/passwd."""
    usual = ("root:x:0:0::/root:/bin/bash", "deploy:x:2000:2000::/home/deploy:/bin/bash")
    groups = (f"docker:x:999:{docker}", f"sudo:x:27:{sudo}")
    return said("\n".join([*groups, "", *usual, *accounts, "", keys]))


UNREACHED = Done(code=REFUSED, output="", errors="ssh: connect to host swarm port 22: Connection refused")
READY = said('{"ready": true}')


class FakeNodes:
    """All nodes: every ssh connection ends here.

    Attributes:
        statuses: answers of a node to the question whether it is ready, by host name, the last for ever; others are ready.
        access: answers to the question who gets in; as declared, but for the keys.
        writes: answers to everything else that is run on a node.
        asked: node, words and stdin of all that was run, but for those questions.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.statuses: dict[str, list[Done]] = {}
        self.access = [gets_in()]
        self.writes = [said("")]
        self.asked: list[tuple[str, tuple[str, ...], str]] = []

        def run(ssh: Ssh, *command: str, stdin: str = "", timeout: float = 30.0) -> Done:
            return self._run(ssh.destination.partition("@")[2], command, stdin)

        patch.setattr(Ssh, "run", run)

    def _run(self, host: str, command: tuple[str, ...], stdin: str) -> Done:
        answers = self.writes
        if command[0] == COMMAND[0]:
            answers = self.statuses.get(host, [READY])
        elif READ in command:
            answers = self.access
        else:
            self.asked.append((host, command, stdin))
        return answers.pop(0) if len(answers) > 1 else answers[0]
