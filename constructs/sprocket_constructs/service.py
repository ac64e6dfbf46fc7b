"""A service of the swarm and the verbs that connect it to the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ._cdktf import Construct
from ._checks import absolute, dns_label, no_secrets, service_name, tcp_port
from ._declarations import Declarations, Kind
from ._directory_lock import DirectoryLock
from ._exposure import Admission, Exposure, can_publish
from ._mounts import DataMount, FileMount, Mounts, can_store
from ._networks import Attachment, Networks
from ._variables import Variables
from .access import Access
from .endpoint import Endpoint
from .errors import ConstructError, stated
from .file import SwarmConfig, SwarmSecret
from .health import HealthCheck
from .image import Image
from .lock import Lock, LockHolder
from .logs import LogRotation
from .network import OverlayNetwork
from .placement import NodeSelector, Scale
from .resources import Resources
from .restart import RestartPolicy
from .secret_value import SecretValue
from .stop import Stop
from .update import UpdatePolicy
from .volume import Backup, Storage


class Router(Protocol):
    """What routes requests to services: :class:`Gateway`."""

    def admit(
        self,
        service: SwarmService,
        *,
        host: str,
        port: int,
        access: Access,
        path: str | None = None,
        internal_service: str | None = None,
        redirects_to: str | None = None,
    ) -> Admission:
        """Accepts a route and returns what the service has to carry and join for it."""


class SwarmService(Construct):
    """A ``docker_service`` that converges, restarts after a failure, and declares what it needs.

    After an apply the next plan is empty, and a failed rollout is an error with the old version serving; what
    the provider needs for that (docs/decisions/0003-provider-traps.md) is done here, once. All names of other
    things are objects.

    Args:
        name: the service's name on the swarm, unique there; default: the construct's id.
        alias: a further, shorter name on the service's own network (``core`` for ``dev-core``).
        image: pinned image.
        listens: named ports inside the task; the first one is meant where none is named.
        health: the check; :meth:`HealthCheck.none` needs a reason.
        resources: limits and reservations of one task.
        update: order of a rolling update.
        command: overrides the image's ENTRYPOINT; ``args`` overrides its CMD.
        hostname: fixed host name inside the task, for programs that keep data under it.
        converges_within: time for all tasks to become healthy on create or update before the apply fails
            (default 5 m; a new service that fails is deleted again, an updated one rolls back).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        image: Image,
        health: HealthCheck,
        resources: Resources,
        update: UpdatePolicy,
        name: str | None = None,
        alias: str | None = None,
        listens: Mapping[str, int] | None = None,
        scale: Scale = Scale(),
        stop: Stop = Stop(),
        restart: RestartPolicy = RestartPolicy(),
        logs: LogRotation = LogRotation(),
        command: Sequence[str] = (),
        args: Sequence[str] = (),
        user: str | None = None,
        groups: Sequence[str] = (),
        working_directory: str | None = None,
        hostname: str | None = None,
        converges_within: str = "5m",
    ) -> None:
        super().__init__(scope, id_)
        self.name = service_name(self, name or id_)
        self.alias = dns_label(self, "alias", alias or self.name)
        self.image = image
        self.health = health
        self.resources = resources
        self.update = update
        self.scale = scale
        self.stop = stop
        self.restart = restart
        self.logs = logs
        self.command = tuple(command)
        self.args = tuple(args)
        self.user = user
        self.groups = tuple(groups)
        self.working_directory = working_directory
        self.hostname = hostname
        self.converges_within = converges_within
        self.listens = {label: tcp_port(self, port) for label, port in (listens or {}).items()}
        self._networks = Networks(self, name=self.name, alias=self.alias)
        self._mounts = Mounts(self)
        self._exposure = Exposure(self)
        self._variables = Variables(self, name=self.name, command=self.command, mounts=self._mounts)
        self._lock = DirectoryLock(self, command=self.command, stop=self.stop, mounts=self._mounts)
        self._servers: dict[str, SwarmService] = {}
        self._waits_for: list[SwarmService] = []
        self._constraints: list[str] = []
        no_secrets(self, "command", *self.command, *self.args)
        no_secrets(self, "health check", *health.words)
        first = Declarations.around(self, scope=scope).add(self, kind=SERVICES, name=self.name)
        if first is not None:
            raise ConstructError(
                self,
                f"service name {self.name} is taken by {first.node.path}",
                fix="give one of them another name",
            )

    # -- connections ---------------------------------------------------------------------------------------

    @property
    def network(self) -> OverlayNetwork:
        """The service's own network, which its clients join; made on first use."""
        return self._networks.own

    @property
    def has_network(self) -> bool:
        """Whether anybody connects to it."""
        return self._networks.has_own

    @property
    def attachments(self) -> Mapping[str, Attachment]:
        """The networks it is on, by name."""
        return self._networks.attachments

    @property
    def servers(self) -> Mapping[str, SwarmService]:
        """The services that it connects to, by name."""
        return dict(self._servers)

    @property
    def waits_for(self) -> tuple[SwarmService, ...]:
        """Services that must be healthy before this one is deployed."""
        return tuple(self._waits_for)

    @property
    def internet_reasons(self) -> tuple[str, ...]:
        """Why it has a way out of the swarm; empty where it has none."""
        return self._networks.internet_reasons

    def leaves_the_bridge(self) -> None:
        """Gives a service that is on no network one of its own.

        The engine would put it on its default bridge, with a way out and with every other container there.
        """
        self._networks.join_any()

    def connect_to(self, server: SwarmService, *, port: str | None = None, waits: bool = True) -> Endpoint:
        """Joins the server's own network and returns where it answers.

        What is connected always resolves, and no server can be reached by a service that did not declare it.

        Args:
            port: which of the server's ports, by its name in ``listens``; the first one by default.
            waits: whether Terraform deploys this service after the server is healthy (default). Only two
                services that need each other set it to ``False`` on one side.
        """
        if server is self:
            raise ConstructError(self, "connects to itself", fix="use 127.0.0.1 inside a task")
        if not server.listens:
            raise ConstructError(
                self,
                f"connects to {server.node.path}, which listens on no port",
                fix="name that one's ports with listens={...}",
            )
        endpoint = server.endpoint(port)
        self.joins(server.network)
        self._servers[server.name] = server
        if waits:
            self.starts_after(server)
        return endpoint

    def endpoint(self, port: str | None = None) -> Endpoint:
        """Where the service answers its clients."""
        if not self.listens:
            raise ConstructError(self, "listens on no port", fix="name its ports with listens={...}")
        label = port or next(iter(self.listens))
        if label not in self.listens:
            raise ConstructError(self, f"has no port {label!r}", fix=f"use one of {', '.join(self.listens)}")
        return Endpoint(host=self.alias, port=self.listens[label])

    def starts_after(self, other: SwarmService) -> None:
        """Deploys this service only when the other one is healthy (its keeper has done its work)."""
        if other not in self._waits_for:
            self._waits_for.append(other)

    def joins(self, network: OverlayNetwork, *, aliases: Sequence[str] = ()) -> None:
        """Attaches to a network. Layers use :meth:`connect_to`; this is for gateways and the like.

        Joining another network later replaces the service: the provider cannot add one in place.
        """
        self._networks.join(network, aliases=aliases)

    def reaches_internet(self, *, because: str) -> None:
        """Gives the service a way out of the swarm: server networks are internal and have none.

        Args:
            because: whom it has to reach; several reasons share the one way out.
        """
        self._networks.reach_internet(because)

    # -- ports, routes and labels --------------------------------------------------------------------------

    @property
    def published(self) -> Mapping[int, int]:
        """Ports that it publishes on its node, each with the port of the task."""
        return self._exposure.published

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of the service."""
        return self._exposure.labels

    def expose_via(
        self,
        gateway: Router,
        *,
        host: str,
        access: Access,
        port: str | None = None,
        path: str | None = None,
        internal_service: str | None = None,
        aliases: Sequence[str] = (),
    ) -> str:
        """Makes the service answer at ``https://<host>`` through the gateway and returns that address.

        Args:
            access: who may use it; no default, because forgetting it is how admin pages become public.
            path: only below this path prefix; starts with ``/``.
            internal_service: a service of the gateway itself (``api@internal``) that answers in its place.
            aliases: further hosts, such as ``www.<host>``, from which browsers are sent to ``host`` for good (301), with the
                path and query that they asked for. Of public pages only.
        """
        if path is not None:
            absolute(self, path)
        if aliases and not access.is_public:
            raise ConstructError(
                self,
                f"has aliases {', '.join(aliases)} for a page that is not public: {access}",
                fix="leave them out: people sign in at one host, and find the page there",
            )
        target = self.endpoint(port).port
        self._admit(
            gateway.admit(
                self, host=host, port=target, access=access, path=path, internal_service=internal_service
            )
        )
        redirected = Access.public(because=f"sends browsers on to {host}")
        for alias in aliases:
            self._admit(gateway.admit(self, host=alias, port=target, access=redirected, redirects_to=host))
        return f"https://{host}"

    def _admit(self, admission: Admission) -> None:
        left = self._exposure.admit(admission)
        if left is not None:
            self._networks.leave(left)
        self.joins(admission.network)

    def publishes(self, port: int, *, target: str | None = None) -> None:
        """Publishes a port on the node, past every network rule of the swarm.

        Host mode keeps the client's address and needs no IPVS. With it an update must be stop-first: the new
        task could never get the port. For the same reason several tasks need ``Scale.one_per_node``.
        """
        can_publish(self, tcp_port(self, port), scale=self.scale, update=self.update)
        self._exposure.publish(port, target=self.endpoint(target).port)

    def label(self, name: str, value: str) -> None:
        """Puts a label on the service (not on its containers, where a change would replace it)."""
        self._exposure.label(name, value)

    # -- files and data ------------------------------------------------------------------------------------

    @property
    def file_mounts(self) -> tuple[FileMount, ...]:
        """Configs and secrets that it reads."""
        return self._mounts.files

    @property
    def data_mounts(self) -> tuple[DataMount, ...]:
        """Directories and volumes that it uses."""
        return self._mounts.data

    @property
    def keeps_data(self) -> bool:
        """Whether it has a store."""
        return any(mount.backup is not None for mount in self._mounts.data)

    def reads(
        self, file: SwarmConfig | SwarmSecret, *, at: str, mode: int = 0o444, uid: int = 0, gid: int = 0
    ) -> str:
        """Mounts a config or secret at an absolute path and returns the path.

        By default any user of the image may read it: the task is the boundary, and most images drop root.
        """
        self._mounts.add_file(FileMount(file=file, at=at, mode=mode, uid=uid, gid=gid))
        return at

    def stores(self, storage: Storage, *, at: str, backup: Backup, lock: Lock) -> None:
        """Keeps data at a path. Pins the service to the node that has the storage.

        Args:
            backup: the :class:`BackupJob` that copies the data, or :class:`NoBackup`; there is no default.
            lock: what keeps a second server off the data, or why nothing does; there is no default.

        Raises:
            ConstructError: two tasks could run on the data, or nothing that runs backs it up.
        """
        if not isinstance(backup, Backup):
            raise ConstructError(
                self,
                f"stores data at {at} and nothing backs it up: {backup!r} is not a backup that runs",
                fix="give it a BackupJob, or NoBackup(because=...) with a reason that a reviewer would accept",
            )
        can_store(self, at, scale=self.scale, update=self.update)
        self._mounts.add_data(
            DataMount(type=storage.mount_type, source=storage.source, target=at, backup=backup, lock=lock)
        )
        if lock.holder is LockHolder.SHELL:
            self._lock.take(at, flock=lock.flock)
        self.runs_on(storage.held_by)

    def binds(self, source: str, *, at: str, read_only: bool, because: str) -> None:
        """Shows a path of the node (the engine's socket, /proc) inside the task."""
        self._mounts.add_data(
            DataMount(type="bind", source=source, target=at, read_only=read_only, because=stated(because))
        )

    def shares(self, volume: str, *, at: str, because: str, read_only: bool = False) -> None:
        """Mounts a named volume that every node has its own of, for what tasks of one node share or may lose.

        The engine makes it when the first task of the node wants it. Data that must not be lost belongs in a
        store: see :meth:`stores`.
        """
        self._mounts.add_data(
            DataMount(type="volume", source=volume, target=at, read_only=read_only, because=stated(because))
        )

    # -- placement -----------------------------------------------------------------------------------------

    @property
    def constraints(self) -> tuple[str, ...]:
        """Constraints of the scheduler that its node has to meet."""
        return tuple(self._constraints)

    def runs_on(self, node: NodeSelector) -> None:
        """Adds a placement constraint."""
        if node.constraint not in self._constraints:
            self._constraints.append(node.constraint)

    # -- environment variables -----------------------------------------------------------------------------

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables in the service's spec: none or one."""
        return self._variables.in_spec

    @property
    def entry_point(self) -> tuple[str, ...]:
        """What the task starts: ``command``, behind shells where variables are read from files and where data is locked."""
        return self._lock.before(self._variables.entry_point)

    def sets(self, variable: str, value: str) -> None:
        """Sets the one environment variable that a service may have in its spec.

        The provider sends several in random order, so that any change restarts every task. For more of them use
        :meth:`reads_environment`, or a settings file where the program can read one: its changes show in the plan.
        """
        self._variables.set(variable, value)

    def reads_environment(self, variables: Mapping[str, str | SecretValue]) -> None:
        """Gives a program that knows nothing else any number of environment variables, from mounted files.

        Plain values are in a config at ``/run/environment``, those with a secret value in a secret at
        ``/run/secrets/environment``; a change of any is one new task for each old one. ``/bin/sh`` of the image reads
        both files and then becomes the program (``exec``), so that SIGTERM reaches it. The service must be made with
        ``command=(...)``, the image's ENTRYPOINT and CMD: the engine ignores both once there is a shell in front.

        Secret values are neither in the service's spec nor in a plan, but they are in the process's environment: its
        child processes inherit them, and root on the node, or whoever may ``docker exec`` as the task's user, can read
        ``/proc/<pid>/environ`` and the file. Where the program can read a secret from a file (``..._FILE``), mount that
        with :meth:`reads` instead. Health checks and ``docker exec`` do not get the variables.

        Args:
            variables: values by name; text with a secret value in it (``f"postgres://u:{password}@db"``) is secret as a
                whole. Called again, it adds to them.

        Raises:
            ConstructError: no name at all, a name that shells cannot export, the same name twice or in :meth:`sets`, a value
                with a zero byte or longer than Linux passes on; no ``command``.
        """
        self._variables.read(variables)


SERVICES = Kind[SwarmService]("service")
