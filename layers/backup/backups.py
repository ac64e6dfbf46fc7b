"""Backups of every store: who copies it, and who sends the copies away."""

from collections.abc import Callable, Mapping
from pathlib import Path

from sprocket_constructs import (
    BackupJob,
    Construct,
    HealthCheck,
    Image,
    NodeSelector,
    Retention,
    Stop,
    Stops,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    UpdatePolicy,
)
from sprocket_constructs.backup import SPOOL

from ..images import PROGRAM
from ..node_local import NodeLocal
from ..rendering import render
from ..secrets import PlatformSecrets
from ..site import Site
from ..stores import owner_of
from .bucket import BackupBucket, BackupStore, bucket_elsewhere

HERE = Path(__file__).parent
SCRIPT = "/etc/sprocket/sender.sh"
PASSWORD = "/run/secrets/restic-password"
KEYS = "/run/secrets/backup-bucket-keys"
STATUS = "/status"
STATE = "/state"
"""What the sender remembers: its cache of the repository, and when it last checked it."""


class Backups(Construct):
    """Makes a job beside each store, and one sender on each node that has stores.

    A job knows its store and nothing else; a sender knows the bucket and no store. Both share a spool on the node, which
    may be lost: what is in it is on its way.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site, secrets: PlatformSecrets) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._secrets = secrets
        settings = site.settings.backups
        self._retention = Retention(daily=settings.daily, weekly=settings.weekly, monthly=settings.monthly)
        self.bucket: BackupBucket = (
            bucket_elsewhere(settings)
            if settings.where == "s3"
            else BackupStore(
                self,
                "store",
                site=site,
                access_key=secrets.backup_access_key,
                secret_key=secrets.backup_secret_key,
            ).bucket
        )
        self.status = NodeLocal(self, "status", name="sprocket-backup-status", site=site)
        """Where senders write what Telegraf reads on the same node: the age of each store's last copy."""
        self._jobs: dict[str, BackupJob] = {}
        self._senders: dict[str, SwarmService] = {}

    @property
    def jobs(self) -> Mapping[str, BackupJob]:
        """By the store's name."""
        return dict(self._jobs)

    def job(
        self,
        scope: Construct,
        store: str,
        *,
        image: Image,
        work: Callable[[], str],
        server: SwarmService | None,
        stops: Stops = Stops.CLIENTS,
        listens: Mapping[str, int] | None = None,
        begins_from_last: bool = False,
    ) -> BackupJob:
        """The job of a store, on the store's node, as the user that owns the store's directory.

        Args:
            work: POSIX shell functions, each of which gets a directory: ``copy`` makes a consistent copy in it and a file
                ``manifest`` beside it with what is in the copy, one line per thing: name, count, checksum. ``load`` reads
                such a directory back into the running store. ``verify`` loads it into a server of its own and prints what is
                there as a manifest. All are called when everybody has declared what they need, end non-zero when they fail,
                and can be repeated.
            begins_from_last: whether ``copy`` changes the last copy into a new one, instead of making it from nothing.
        """
        held_by = self._site.node_of(store)
        skips = f"{store} is a stand-in here, which keeps nothing" if PROGRAM in image.lacks else ""
        job = BackupJob(
            scope,
            "backup",
            store=store,
            image=image,
            script=lambda: render(
                HERE / ("no-job.sh.j2" if skips else "job.sh.j2"),
                store=store,
                every=job.every_seconds,
                begins_from_last=begins_from_last,
                skips=skips,
                work=work(),
            ),
            resources=self._site.resources(f"{store}-backup"),
            held_by=held_by,
            server=server,
            stops=stops,
            user=owner_of(store),
            listens=listens,
            skips=skips,
        )
        self._jobs[store] = job
        spool = NodeLocal(job, "spool", name=f"sprocket-{store}-spool", site=self._site)
        sender = self._sender(held_by)
        spool.mount(job, at=SPOOL, because="copies on their way to the bucket, and back")
        spool.mount(sender, at=f"{SPOOL}/{store}", because=f"sends copies of {store}, and fetches them")
        job.starts_after(sender)
        return job

    def _sender(self, held_by: NodeSelector) -> SwarmService:
        if held_by.constraint in self._senders:
            return self._senders[held_by.constraint]
        first = next(iter(self._senders.values()), None)
        name = "backup-sender" + (f"-{held_by.value}" if held_by.is_label else "")
        service = self._senders[held_by.constraint] = SwarmService(
            self,
            name,
            image=self._site.image("restic"),
            command=("/bin/sh", SCRIPT),
            # restic tells by it whether a lock is its own, of a task that was killed.
            hostname=name,
            health=HealthCheck.shell("test -f /tmp/open").every(
                "10s", timeout="5s", retries=3, start_period="3m"
            ),
            resources=self._site.resources("backup-sender"),
            update=UpdatePolicy.stop_first(),
            stop=Stop(grace="30s"),
        )
        service.runs_on(held_by)
        if first is not None:
            # The first one makes the repository: two that make it at once damage it.
            service.starts_after(first)
        NodeLocal(service, "state", name=f"sprocket-{name}", site=self._site).mount(
            service, at=STATE, because="a cache of the bucket, and when it was last checked"
        )
        self.status.mount(service, at=STATUS, because="the age of each store's last copy, for Telegraf")
        script = SwarmConfig(
            service, "script", name=f"{name}-script", content=lambda: self._sender_script(held_by)
        )
        service.reads(script, at=SCRIPT)
        self._reads_keys(service, name)
        if self.bucket.server is not None:
            service.connect_to(self.bucket.server)
        else:
            service.reaches_internet(because=f"sends backups to the bucket {self.bucket.name}")
        return service

    def _reads_keys(self, service: SwarmService, name: str) -> None:
        secrets = self._secrets
        password = SwarmSecret(
            service, "password", name=f"{name}-password", content=str(secrets.restic_password)
        )
        service.reads(password, at=PASSWORD)
        keys = (
            f"[default]\naws_access_key_id = {secrets.backup_access_key}\n"
            f"aws_secret_access_key = {secrets.backup_secret_key}\n"
        )
        service.reads(SwarmSecret(service, "keys", name=f"{name}-keys", content=keys), at=KEYS)

    def _sender_script(self, held_by: NodeSelector) -> str:
        jobs = [job for job in self._jobs.values() if job.held_by == held_by]
        return render(
            HERE / "sender.sh.j2",
            repository=self.bucket.repository,
            region=self.bucket.region,
            password=PASSWORD,
            keys=KEYS,
            state=STATE,
            status=STATUS,
            spool=SPOOL,
            names=" ".join(job.store for job in jobs),
            stores=[_facts(job) for job in jobs],
            makes=held_by.constraint == next(iter(self._senders)),
            retention=self._retention,
        )


def _facts(job: BackupJob) -> dict[str, str | int]:
    user, _, group = owner_of(job.store).partition(":")
    return {
        "name": job.store,
        "every": job.every_seconds,
        "user": user,
        "group": group,
        "skips": job.skips,
    }
