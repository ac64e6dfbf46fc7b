"""Takes one store to its declared version: copies it, changes the server alone, checks the data, and starts its clients again."""

from __future__ import annotations

from collections.abc import Iterator

from layers.data.upgrades import RUNBOOK, Comparison, Kind, Way
from ops.backup import side_by_side
from ops.backup.last_copy import LastCopy
from ops.backup.manifest import differences, missing
from ops.backup.pause import STARTED_WITHIN_S, STOPPED_WITHIN_S, Pause
from ops.backup.snapshots import Snapshot, picked
from ops.backup.world import World
from ops.deploy import feature_flags
from ops.errors import Interrupted, OpsError, Refused
from ops.swarm.replicas import scale, wait_until_stopped
from ops.terminal import screen
from ops.terraform.apply import apply
from ops.upgrade import set_aside
from ops.upgrade.change import COMMAND, Change, record_of
from ops.upgrade.check import obstacles
from ops.upgrade.copies import Copies
from ops.upgrade.directories import Directories
from ops.upgrade.position import Position
from ops.upgrade.steps import Intent, away_s, way_back
from ops.upgrade.upgraded import Upgraded
from ops.waiting import wait_until

HERE = "-"
"""Instead of a snapshot: the directory gone to has its data."""


class Upgrade:
    """One change of version of one store.

    Nothing is lost whenever it ends: until the new version has the data and it was compared, the old directory or the copy in
    the bucket has it, and clients stay stopped. The same command goes on from there.

    Args:
        at: an older version that starts empty loads the newest copy of this time or before.
        without_copy: do not copy what there is before the way back, for a server too broken to be copied.
        stable_s: services have converged when they have run the same tasks for so long.
        parallelism: Terraform's.
    """

    def __init__(
        self,
        world: World,
        change: Change,
        *,
        at: float | None,
        without_copy: bool,
        stable_s: float,
        parallelism: int,
    ) -> None:
        self._world = world
        self._change = change
        self._without_copy = without_copy
        self._stable_s = stable_s
        self._parallelism = parallelism
        self._spool = world.spool(change.job)
        self._spool.check()
        self._pause = Pause(world, [change.job])
        self._directories = (
            Directories(world.tasks, change.server.name) if change.program.way is Way.LOAD else None
        )
        self._position = Position(
            change=change, found=self._directories.read() if self._directories else None, at=at
        )
        self._done = Upgraded(store=change.store, change=str(change))
        self._stopped_at = 0.0
        self._copies = Copies(world, change, self._spool)

    def intent(self) -> Intent:
        """What it is about to do."""
        change, last = self._change, LastCopy.of(self._spool.state("sender"))
        return Intent(
            change=change,
            found=self._position.found,
            stops=[*self._pause.clients, change.server.name],
            loads=self._position.loads,
            goes_on=self._position.goes_on,
            gives_up=self._position.gives_up,
            away_s=away_s(last, change, loads=self._position.loads) + self._stable_s,
            last_copy=last,
        )

    def check(self) -> None:
        """Whether it may begin; one that was begun goes on without being asked again.

        Raises:
            Refused: something is in the way; names all of it.
        """
        if self._position.is_begun:
            return
        found = obstacles(self._world, self._position)
        if found:
            raise Refused(f"{self._change.store} is not changed", found)

    def run(self) -> Upgraded:
        """Does it.

        Raises:
            Interrupted: Ctrl-C; says what is stopped and what to run.
            OpsError: a step failed; the same.
        """
        snapshot: Snapshot | None = None
        if self._position.is_begun:
            self._stopped_at = side_by_side.now()
            with screen.doing() as say:
                self._pause.stop_clients(say)
        else:
            snapshot = self._prepare()
        try:
            self._replace(snapshot)
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted; {self._left()}", fix=self._way_on()) from None
        except Interrupted as error:
            raise Interrupted(
                f"{error.problem.splitlines()[0]}; {self._left()}", fix=self._way_on()
            ) from None
        except OpsError as error:
            if self._old_one_goes_on():
                text = f"{self._change.before} runs again and has its data; what was stopped starts again"
                raise OpsError(
                    f"{error}\n  {text}", fix="fix the new version, then run the same command again"
                ) from None
            raise OpsError(f"{error}\n  {self._left()}", fix=self._way_on()) from None
        self._done.notes += self._notes()
        return self._done

    # -- while the old version has the data ------------------------------------------------------------------------

    def _prepare(self) -> Snapshot | None:
        """Everything before the server is changed; failing here leaves the platform as it was."""
        change = self._change
        try:
            with screen.doing() as say:
                self._start_server(say)
                self._enable_feature_flags(say)
                chosen = self._chosen()
                if not change.is_back:
                    with self._done.step("copy, fetch and compare while everything runs"):
                        self._copies.compare(self._copies.make(say), say)
                elif chosen is not None:
                    with self._done.step("fetch and compare the copy"):
                        self._copies.compare(chosen, say)
                self._stopped_at = side_by_side.now()
                with self._done.step("stop"):
                    self._pause.stop_clients(say)
                with self._done.step("copy what there is"):
                    copy = None if self._without_copy else self._copies.make(say)
                if chosen is None and not change.is_back:
                    assert copy is not None
                    chosen = copy
                if chosen is not None:
                    with self._done.step("fetch and compare"):
                        self._copies.compare(chosen, say)
                self._allow(chosen)
        except KeyboardInterrupt:
            self._undo()
            raise Interrupted(
                f"interrupted: {change.store} is as before", fix="run the same command again"
            ) from None
        except OpsError as error:
            self._undo()
            raise OpsError(
                f"{error.problem}\n  {change.store} is as before; what was stopped starts again",
                fix=error.fix,
            ) from None
        return chosen

    def _start_server(self, say: screen.Say) -> None:
        """Starts the server where an earlier run stopped it: what it has is copied, and set aside once more."""
        name = self._change.server.name
        if name in self._pause.cut_off:
            say(f"starting {name}")
            scale(self._world.swarm, {name: self._change.server.replicas})
            wait_until(lambda: self._world.tasks.container(name), STARTED_WITHIN_S, interval_s=1)

    def _chosen(self) -> Snapshot | None:
        """The copy that an older version loads; none where it has its directory, or on the way forward."""
        if not self._change.is_back or self._position.has_directory:
            return None
        return picked(
            self._world.snapshots().get(self._change.store, ()), self._change.store, self._position.at
        )

    def _enable_feature_flags(self, say: screen.Say) -> None:
        change = self._change
        if change.after.program != "rabbitmq" or change.step is None or change.step.kind is not Kind.UPGRADE:
            return
        say("enabling feature flags")
        found = feature_flags.enable(self._world.tasks, change.server.name)
        if found:
            raise Refused(f"{change.store} is not changed", found)

    def _allow(self, chosen: Snapshot | None) -> None:
        if self._directories is None or self._change.way is not Way.LOAD:
            return
        if not self._position.has_directory:
            self._directories.remove(self._change.major)
        self._directories.allow(self._change.major, HERE if chosen is None else chosen.id)

    def _undo(self) -> None:
        """Starts what was stopped. A server with directories runs on its whole data, so what an earlier run stopped starts, too."""
        with screen.doing() as say:
            if self._directories is not None:
                self._pause.start(say)
            else:
                self._pause.undo(say)

    # -- the new version -------------------------------------------------------------------------------------------

    def _replace(self, snapshot: Snapshot | None) -> None:
        change = self._change
        if self._position.gives_up:
            self._apply()
            self._of_versions.cancel()
        elif change.way is Way.LOAD or self._position.goes_on:
            if self._position.goes_on:
                snapshot = self._begun_snapshot()
            else:
                self._apply()
            if snapshot is not None:
                self._load()
            self._of_versions.finish()
        elif change.is_back:
            self._older_in_place()
        else:
            self._apply()
            self._compare()
        self._start()

    @property
    def _of_versions(self) -> Directories:
        assert self._directories is not None, "only a program whose versions have directories comes here"
        return self._directories

    def _begun_snapshot(self) -> Snapshot | None:
        """The copy that an earlier run was about to load, fetched again."""
        found = self._position.found
        begun = found.begun if found else None
        if found is None or begun is None or begun.snapshot == HERE or found.uses == found.runs:
            return None
        there = self._copies.named(begun.snapshot)
        if there is None:
            raise OpsError(
                f"the bucket does not have snapshot {begun.snapshot[:8]} any more, which was to be loaded"
            )
        with self._done.step("fetch and compare"), screen.doing() as say:
            self._copies.compare(there, say)
        return there

    def _load(self) -> None:
        with self._done.step("load and compare"), screen.doing() as say:
            self._copies.load(say)

    def _apply(self) -> None:
        """The server, what copies it, and the version in the state; with all that they need, and no client."""
        world, change = self._world, self._change
        job = next(service for service in world.services if service.name == change.job.service)
        keeper = [each.address for each in world.services if each.name == f"{change.server.name}-keeper"]
        targets = (change.server.address, job.address, *keeper, record_of(world, change.server))
        with self._done.step(f"start {change.after}"):
            apply(world.target, parallelism=self._parallelism, targets=targets)

    def _older_in_place(self) -> None:
        """An older version opens nothing that is there: it gets the copy, in place of the files or into an empty directory."""
        change = self._change
        if change.job.stops_server:
            with self._done.step("load"), screen.doing() as say:
                self._pause.stop_servers(say)
                self._copies.load(say)
            self._apply()
            return
        place = set_aside.place_of(self._world.tasks, change.server)
        with self._done.step("set the directory aside"), screen.doing() as say:
            say(f"stopping {change.server.name}")
            scale(self._world.swarm, {change.server.name: 0})
            wait_until_stopped(self._world.swarm, [change.server.name], timeout_s=STOPPED_WITHIN_S)
            name = set_aside.set_aside(place, change.before.version)
        self._done.notes.append(f"what {change.before} had is in {place.at}/{name}; --remove-old removes it")
        self._apply()
        self._load()

    def _compare(self) -> None:
        comparison = self._change.program.compares
        if comparison is Comparison.NOTHING:
            self._done.notes.append(f"what it has was {comparison}")
            return
        before = self._copies.manifest
        with self._done.step("copy and compare"), screen.doing() as say:
            self._copies.compare(self._copies.make(say), say)
        compared = differences if comparison is Comparison.CONTENT else missing
        found = compared(before, self._copies.manifest)
        if found:
            raise OpsError("\n  ".join([f"{self._change.store} does not have what it had before", *found]))

    def _start(self) -> None:
        with screen.doing() as say:
            with self._done.step("start"):
                self._pause.start(say)
                self._pause.wait(self._stable_s, say)
            self._done.away_s = side_by_side.now() - self._stopped_at
            self._spool.drop_fetched()

    # -- what is said ----------------------------------------------------------------------------------------------

    def _old_one_goes_on(self) -> bool:
        """Starts everything again, where the swarm has put the version back that has the data."""
        if self._directories is None:
            return False
        try:
            found = self._directories.read()
            if found.runs != found.uses or found.runs == self._change.major:
                return False
            self._directories.cancel()
            with screen.doing() as say:
                self._pause.start(say)
        except OpsError:
            return False
        return True

    def _notes(self) -> Iterator[str]:
        change, name = self._change, self._world.name
        if change.way is Way.LOAD and not self._position.gives_up:
            yield f"the directory of {change.before.name} is kept; --remove-old removes it"
        if not self._position.gives_up:
            yield f"the way back: {way_back(change, name)}"
        if change.entry is not None:
            yield f"remove the entry {change.entry} from environments/acknowledged/{name}.yaml"
        yield f"look at it: python -m ops smoke --env {name}; whatever else changed in the files: python -m ops deploy --env {name}"

    def _left(self) -> str:
        stopped = ", ".join(self._pause.all) or "nothing"
        return f"{self._change.store} may not have its data yet, so these stay stopped: {stopped}"

    def _way_on(self) -> str:
        change, name = self._change, self._world.name
        if change.way is Way.LOAD:
            again = f"{COMMAND} --env {name} --store {change.store}"
            return f"run it again: {again}; or give it up: name {change.before.version} in the files again, then run the same command"
        return in_place_way_on(change.store, name)


def in_place_way_on(store: str, environment: str) -> str:
    """What to do about a store that one of two versions may have changed, and whose clients are stopped."""
    return (
        f"look at its data; python -m ops deploy --env {environment} runs on what is there, and "
        f"python -m ops restore --env {environment} --store {store} --at TIME puts a copy back; {RUNBOOK}"
    )
