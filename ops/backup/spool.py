"""The spool of a store: where requests to its job and its sender are written, and their answers read.

The files are described in layers/backup/job.sh.j2 and sender.sh.j2.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sprocket_constructs.backup import SPOOL

from ops.backup import side_by_side
from ops.backup.jobs import Job
from ops.backup.reasons import what_to_do
from ops.backup.side_by_side import Work
from ops.backup.snapshots import Snapshot
from ops.errors import OpsError
from ops.lines import lines_in
from ops.swarm.containers import Finished, Tasks
from ops.terminal.amounts import size
from ops.waiting import wait_until

GONE_S = 120.0
"""How long a task may be away while something is asked of it: a restart goes on where it was."""
READ_WITHIN_S = 10.0
"""How long a reading is repeated that does not come whole."""
LONGEST_S = 6 * 3600.0
"""After which nobody waits any more for one step of a store."""
FETCHED = "fetched"

Verb = Literal["copy", "load", "verify"]
Side = Literal["job", "sender"]

_TAKEN = 7
# A link is made whole or not at all, and not over another one: no request is read half written or lost.
# On a full disk it takes the room that the job keeps there.
_ASK = f"""cd "$1" || exit 3
ask() {{ printf '%s %s\\n' "$2" "$3" > "$1.$2"; }}
{{ ask "$2" "$3" "$4" || {{ rm -f reserve && ask "$2" "$3" "$4"; }}; }} 2> /dev/null || {{
    echo "the spool cannot be written: $(df -Pk . | tail -n 1 | {{ read -r _ _ _ free _; echo "$free"; }}) KiB free"
    rm -f "$2.$3"
    exit 3
}}
code=0
why="$(ln "$2.$3" "$2" 2>&1)" || case "$why" in
    *xists*) code={_TAKEN} ;;
    *) echo "$why"; code=3 ;;
esac
rm -f "$2.$3"
exit "$code"
"""
# What is asked comes before its answer: then an answer that is missing although nothing is asked any more is lost. The last
# line shows that the engine handed out all lines; on a busy node it may end early, and without an error.
_READ = """cd "$1" || exit 3
for file in request result fetch fetch-result copied failed sent send-failed last/about; do
    if [ -f "$file" ]; then printf '%s %s\\n' "$file" "$(head -n 1 "$file" 2> /dev/null)"; fi
done
echo end
"""
_LINES = 'cd "$1" && cat "$2" 2> /dev/null'
_FREE = 'df -Pk "$1" | tail -n 1 | { read -r _ _ _ free _; echo "$free"; }'
_DROP = 'rm -rf "$1/fetched" "$1/fetching"'


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a job or a sender said to a request: exit code, and its output."""

    code: int
    lines: tuple[str, ...]

    @property
    def reason(self) -> str:
        """The last line of the output."""
        last = next((line for line in reversed(self.lines) if line.strip()), "it gave no reason")
        return last.removeprefix("error: ").strip()


class Spool:
    """One store's spool, through the containers of its job and its sender.

    Args:
        environment: its name, for what messages tell to do.
    """

    def __init__(self, job: Job, tasks: Tasks, environment: str) -> None:
        self.job = job
        self._tasks = tasks
        self._environment = environment

    def check(self) -> None:
        """Raises an error unless the job and the sender run.

        Raises:
            OpsError: names the service that does not.
        """
        self._container("job")
        self._container("sender")

    def asked(self, verb: Verb) -> Work[Answer]:
        """Has the job do something, after whatever it is doing now."""
        id_ = secrets.token_hex(6)
        yield from self._placed("job", "request", id_, verb)
        code = yield from self._result("job", "request", "result", id_, _DOING[verb])
        return Answer(code=code, lines=tuple(self.lines("job", "output")))

    def fetched(self, snapshot: Snapshot) -> Work[str]:
        """Has the sender fetch a copy, once the job does nothing with the one before; returns the id of the request.

        Raises:
            OpsError: the node's disk has no room for it, or the bucket does not give it.
        """
        while "request" in self._read("job"):
            yield "waiting for another request"
        free = self._free()
        if free < snapshot.bytes + snapshot.bytes // 10:
            raise OpsError(
                f"{self.job.store}: the copy needs {size(snapshot.bytes)}, and the node's disk has {size(free)} free",
                fix=f"make room on the node of {self.job.service}: docker system df, python -m ops prune --env NAME",
            )
        id_ = secrets.token_hex(6)
        yield from self._placed("sender", "fetch", id_, snapshot.id)
        code = yield from self._result("sender", "fetch", "fetch-result", id_, "fetching")
        if code:
            reason = Answer(code=code, lines=tuple(self.lines("sender", "fetch-output"))).reason
            raise OpsError(
                f"{self.job.store}: the copy was not fetched: {reason}",
                fix=what_to_do(reason, self.job.sender),
            )
        return id_

    def still_has(self, id_: str) -> bool:
        """Whether what was fetched is what this request asked for, and not what another one did since."""
        found = self._read("sender")
        return "fetch" not in found and found.get("fetch-result", ())[:1] == (id_,)

    def state(self, side: Side) -> Mapping[str, Sequence[str]]:
        """The words of each file that says how far things are; those that are not there are left out.

        A job cannot read what its sender wrote.
        """
        return self._read(side)

    def lines(self, side: Side, file: str) -> list[str]:
        """A file of the spool; empty where there is none."""
        done = self._run(side, _LINES, file)
        return lines_in(done.output) if done.code == 0 else []

    def manifest(self) -> list[str]:
        """What was in the fetched copy when it was made."""
        return self.lines("job", f"{FETCHED}/manifest")

    def drop_fetched(self) -> None:
        """Frees the disk of what was fetched."""
        self._run("sender", _DROP)

    def _free(self) -> int:
        done = self._run("sender", _FREE)
        if done.code or not done.output.strip().isdigit():
            raise OpsError(f"{self.job.store}: the spool cannot be read: {done.output.strip()}")
        return int(done.output) * 1024

    def _placed(self, side: Side, file: str, id_: str, word: str) -> Work[None]:
        """Writes a request, as soon as there is no other."""
        while True:
            done = self._run(side, _ASK, file, id_, word)
            if done.code == 0:
                return
            if done.code != _TAKEN:
                reason = done.output.strip() or "its container ended"
                raise OpsError(
                    f"{self.job.store}: {self._name(side)} cannot be asked: {reason}",
                    fix=what_to_do(reason, self._name(side)),
                )
            yield "waiting for another request"

    def _result(self, side: Side, asked: str, answered: str, id_: str, doing: str) -> Work[int]:
        began = seen = side_by_side.now()
        missed = 0
        while side_by_side.now() - began < LONGEST_S:
            container = self._tasks.container(self._name(side))
            if container is None:
                if side_by_side.now() - seen > GONE_S:
                    raise self._does_not_run(side)
                yield f"waiting for a task of {self._name(side)}"
                continue
            seen = side_by_side.now()
            found = self._read_in(container, side)
            if found is not None:
                answer = found.get(answered, ())
                if len(answer) == 2 and answer[0] == id_:
                    return int(answer[1])
                # An engine under load has handed out a reading without its first line, so one is not believed.
                missed = 0 if found.get(asked, ("",))[0] == id_ else missed + 1
                if missed > 1:
                    raise OpsError(
                        f"{self.job.store}: the answer of {self._name(side)} is lost: another command asked it at the same time",
                        fix="run the command again when the other one has ended",
                    )
            yield doing
        raise OpsError(f"{self.job.store}: {doing} took longer than {LONGEST_S / 3600:g} h")

    def _read(self, side: Side) -> Mapping[str, Sequence[str]]:
        found = wait_until(
            lambda: self._read_in(self._container(side), side),
            READ_WITHIN_S,
            done=lambda each: each is not None,
            interval_s=1,
        )
        if found is None:
            raise OpsError(
                f"{self.job.store}: the spool cannot be read through {self._name(side)}",
                fix=f"look at its log: docker service logs {self._name(side)}; then run the command again",
            )
        return found

    def _read_in(self, container: str, side: Side) -> dict[str, tuple[str, ...]] | None:
        done = self._tasks.run(container, "/bin/sh", "-c", _READ, "read", self._folder(side))
        lines = lines_in(done.output)
        if done.code or lines[-1:] != ["end"]:
            return None
        files = [line.split() for line in lines]
        return {words[0]: tuple(words[1:]) for words in files if len(words) > 1}

    def _run(self, side: Side, script: str, *words: str) -> Finished:
        return self._tasks.run(
            self._container(side), "/bin/sh", "-c", script, "spool", self._folder(side), *words
        )

    def _folder(self, side: Side) -> str:
        return SPOOL if side == "job" else self.job.spool

    def _name(self, side: Side) -> str:
        return self.job.service if side == "job" else self.job.sender

    def _container(self, side: Side) -> str:
        found = self._tasks.container(self._name(side))
        if found is None:
            raise self._does_not_run(side)
        return found

    def _does_not_run(self, side: Side) -> OpsError:
        name = self._name(side)
        does = f"copies {self.job.store}" if side == "job" else f"sends copies of {self.job.store}"
        return OpsError(
            f"{name} does not run, and nothing else {does}",
            fix=f"docker service ps --no-trunc {name} says why; a deploy starts it: python -m ops deploy --env {self._environment}",
        )


_DOING: Mapping[Verb, str] = {"copy": "copying", "load": "loading", "verify": "verifying"}
