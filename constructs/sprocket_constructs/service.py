"""A service of the swarm and the verbs that connect it to the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ._cdktf import Construct, Service
from ._checks import absolute, can_publish, can_store, dns_label, no_secrets, service_name, set_once, tcp_port
from ._rendering import service_of
from .errors import ConstructError, stated
from .file import SwarmConfig, SwarmSecret
from .gateway import Access, Gateway, Route
from .health import HealthCheck
from .image import Image
from .logs import LogRotation
from .network import OverlayNetwork
from .placement import NodeSelector, Scale
from .resources import Resources
from .restart import RestartPolicy
from .stack import SwarmStack
from .stop import Stop
from .update import UpdatePolicy
from .volume import Backup, Storage
from .wiring import Attachment, DataMount, Endpoint, FileMount, Wiring

__all__ = ["DataMount", "Endpoint", "SwarmService"]


class SwarmService(Construct):
    """A ``docker_service`` that converges, comes back, and says what it needs.

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
        self.wiring = Wiring()
        self.resource: Service | None = None
        self._network: OverlayNetwork | None = None
        no_secrets(self, "command", *self.command, *self.args)
        no_secrets(self, "health check", *health.words)
        SwarmStack.holding(self, scope=scope).register_service(self)

    # -- connections ---------------------------------------------------------------------------------------

    @property
    def network(self) -> OverlayNetwork:
        """The service's own network, which its clients join; made on first use."""
        if self._network is None:
            self._network = OverlayNetwork(self, "network", name=f"{self.name}-net")
            aliases = () if self.alias == self.name else (self.alias,)
            self.joins(self._network, aliases=aliases)
        return self._network

    @property
    def has_network(self) -> bool:
        """Whether anybody connects to it."""
        return self._network is not None

    def leaves_the_bridge(self) -> None:
        """Gives a service that is on no network one of its own.

        The engine would put it on its default bridge, with a way out and with every other container there.
        """
        if not self.wiring.attachments:
            self.joins(self.network)

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
        self.wiring.servers[server.name] = server
        if waits:
            self.starts_after(server)
        return endpoint

    def endpoint(self, port: str | None = None) -> Endpoint:
        """Where the service answers for those who are connected to it."""
        if not self.listens:
            raise ConstructError(self, "listens on no port", fix="name its ports with listens={...}")
        label = port or next(iter(self.listens))
        if label not in self.listens:
            raise ConstructError(self, f"has no port {label!r}", fix=f"use one of {', '.join(self.listens)}")
        return Endpoint(host=self.alias, port=self.listens[label])

    def starts_after(self, other: SwarmService) -> None:
        """Deploys this service only when the other one is healthy (its keeper has done its work)."""
        if other not in self.wiring.waits_for:
            self.wiring.waits_for.append(other)

    def joins(self, network: OverlayNetwork, *, aliases: Sequence[str] = ()) -> None:
        """Attaches to a network. Layers use :meth:`connect_to`; this is for gateways and the like.

        Joining another network later replaces the service: the provider cannot add one in place.
        """
        before = self.wiring.attachments.get(network.name)
        names = tuple(dict.fromkeys((*(before.aliases if before else ()), *aliases)))
        self.wiring.attachments[network.name] = Attachment(network=network, aliases=names)

    def reaches_internet(self, *, because: str) -> None:
        """Gives the service a way out of the swarm: server networks are internal and have none.

        Args:
            because: whom it has to reach; several reasons share the one way out.
        """
        reason = stated(because)
        if not self.wiring.internet:
            self.joins(OverlayNetwork(self, "egress", name=f"{self.name}-egress", internal=False))
        if reason not in self.wiring.internet:
            self.wiring.internet.append(reason)

    def expose_via(
        self,
        gateway: Gateway,
        *,
        host: str,
        access: Access,
        port: str | None = None,
        path: str | None = None,
        internal_service: str | None = None,
    ) -> str:
        """Makes the service answer at ``https://<host>`` through the gateway and returns that address.

        Args:
            access: who may use it; no default, because forgetting it is how admin pages become public.
            path: only below this path prefix; starts with ``/``.
            internal_service: a service of the gateway itself (``api@internal``) that answers in its place.
        """
        if path is not None:
            absolute(self, path)
        route = Route(
            host=host,
            port=self.endpoint(port).port,
            access=access,
            service=self,
            path=path,
            internal_service=internal_service,
        )
        for name, value in gateway.admit(route).items():
            self.label(name, value)
        gateway.finds(self)
        return f"https://{host}"

    def publishes(self, port: int, *, target: str | None = None) -> None:
        """Publishes a port on the node, past every network rule of the swarm.

        Host mode keeps the client's address and needs no IPVS. With it an update must be stop-first: the new
        task could never get the port. For the same reason several tasks need ``Scale.one_per_node``.
        """
        can_publish(self, tcp_port(self, port))
        number = self.endpoint(target).port
        set_once(self, self.wiring.published, port, number, what=f"published port {port}")

    # -- files, data and settings --------------------------------------------------------------------------

    def reads(
        self, file: SwarmConfig | SwarmSecret, *, at: str, mode: int = 0o444, uid: int = 0, gid: int = 0
    ) -> str:
        """Mounts a config or secret at an absolute path and returns the path.

        By default any user of the image may read it: the task is the boundary, and most images drop root.
        """
        absolute(self, at)
        if any(mount.at == at for mount in self.wiring.files):
            raise ConstructError(self, f"two files at {at}", fix="give each file a path of its own")
        self.wiring.files.append(FileMount(file=file, at=at, mode=mode, uid=uid, gid=gid))
        return at

    def stores(self, storage: Storage, *, at: str, backup: Backup) -> None:
        """Keeps data at a path. Pins the service to the node that has the storage.

        Args:
            backup: how the data is backed up, or why not; there is no default.
        """
        absolute(self, at)
        can_store(self, at)
        self._mount(DataMount(type=storage.mount_type, source=storage.source, target=at, backup=backup))
        self.runs_on(storage.held_by)

    def binds(self, source: str, *, at: str, read_only: bool, because: str) -> None:
        """Shows a path of the node (the engine's socket, /proc) inside the task."""
        absolute(self, source)
        absolute(self, at)
        reason = stated(because)
        self._mount(DataMount(type="bind", source=source, target=at, read_only=read_only, because=reason))

    def runs_on(self, node: NodeSelector) -> None:
        """Adds a placement constraint."""
        if node.constraint not in self.wiring.constraints:
            self.wiring.constraints.append(node.constraint)

    def sets(self, variable: str, value: str) -> None:
        """Sets the one environment variable that a service may have.

        The provider sends several in random order, so that any change restarts every task; a file shows its
        changes in the plan, line by line, and restarts nothing else.
        """
        for other in self.wiring.environment.keys() - {variable}:
            raise ConstructError(
                self,
                f"sets {variable} beside {other}, and several variables restart all tasks on any change",
                fix="put settings into a file that it reads, or export them in its command",
            )
        no_secrets(self, f"variable {variable}", value)
        set_once(self, self.wiring.environment, variable, value, what=f"variable {variable}")

    def label(self, name: str, value: str) -> None:
        """Puts a label on the service (not on its containers, where a change would replace it)."""
        no_secrets(self, f"label {name}", value)
        set_once(self, self.wiring.labels, name, value, what=f"label {name}")

    # -- rendering -----------------------------------------------------------------------------------------

    def render(self) -> Service:
        """The ``docker_service``, made on first use; when the stack is finished, everything it waits for is made first."""
        if self.resource is None:
            self.resource = service_of(self, after=[other.render() for other in self.wiring.waits_for])
        return self.resource

    def _mount(self, mount: DataMount) -> None:
        if any(other.target == mount.target for other in self.wiring.data):
            raise ConstructError(self, f"two mounts at {mount.target}", fix="give each a path of its own")
        self.wiring.data.append(mount)
