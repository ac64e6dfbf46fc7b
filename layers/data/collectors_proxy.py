"""The engine's API for collectors: read-only, and only what they need."""

from sprocket_constructs import (
    Construct,
    Endpoint,
    HealthCheck,
    NodeSelector,
    Scale,
    Stop,
    SwarmService,
    UpdatePolicy,
)

from ..node_local import NodeLocal
from ..site import Site

FOLDER = "/run/collectors"
SOCKET = f"{FOLDER}/docker.sock"

_VERSION = r"(/v1\.[0-9]{1,2})?"
_CONTAINER = "containers/(json|[a-zA-Z0-9_.-]+/(json|logs|stats))"
OF_A_NODE = f"{_VERSION}/(_ping|version|info|events|networks|{_CONTAINER})"
OF_THE_SWARM = f"{_VERSION}/(_ping|version|info|containers/json|services|tasks|nodes)"
"""Paths. The proxy puts ``^`` and ``$`` around a rule without brackets, so a choice between two needs its own."""


def has_workers(site: Site) -> bool:
    """Whether some nodes cannot be asked about the swarm."""
    return any(pool.role == "worker" for pool in site.settings.nodes.values())


class CollectorsProxy(Construct):
    """A filter in front of the engine's socket, one on each node.

    It listens on a Unix socket in a volume that only tasks of the same node can mount: so each collector reads its own node's
    engine, which a service name cannot ensure (it answers with any task's address), and no network is needed. The
    proxy of Traefik is another one, since reading a container shows its whole environment.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site) -> None:
        super().__init__(scope, id_)
        self._volume = NodeLocal(self, "socket", name="sprocket-collectors-socket", site=site)
        rules = OF_A_NODE if has_workers(site) else f"({OF_A_NODE}|{OF_THE_SWARM})"
        self.service = _proxy(
            self,
            "collectors-socket-proxy",
            site=site,
            scale=site.one_per_node(),
            args=(
                f"-proxysocketendpoint={SOCKET}",
                "-proxysocketendpointfilemode=0666",
                f"-allowGET={rules}",
            ),
        )
        self._volume.mount(self.service, at=FOLDER, because="collectors of the same node connect here")

    def serve(self, client: SwarmService) -> str:
        """Shows the socket to a collector and returns its address."""
        self._volume.mount(client, at=FOLDER, because="the filtered socket of this node's engine")
        client.starts_after(self.service)
        return f"unix://{SOCKET}"


class SwarmProxy(Construct):
    """The same for services and tasks, which only managers know; needed where there are workers."""

    def __init__(self, scope: Construct, id_: str, *, site: Site) -> None:
        super().__init__(scope, id_)
        self.service = _proxy(
            self,
            "swarm-socket-proxy",
            site=site,
            scale=Scale(),
            listens={"docker": 2375},
            args=("-listenip=0.0.0.0", "-allowfrom=telegraf", f"-allowGET={OF_THE_SWARM}"),
        )
        self.service.runs_on(NodeSelector.managers())

    def serve(self, client: SwarmService) -> Endpoint:
        """Lets a collector reach it."""
        return client.connect_to(self.service)


def _proxy(
    scope: Construct,
    id_: str,
    *,
    site: Site,
    scale: Scale,
    args: tuple[str, ...],
    listens: dict[str, int] | None = None,
) -> SwarmService:
    service = SwarmService(
        scope,
        id_,
        image=site.image("socket-proxy"),
        args=(
            "-loglevel=WARN",
            "-allowhealthcheck",
            "-watchdoginterval=60",
            "-stoponwatchdog",
            # Followed logs never end by themselves.
            "-shutdowngracetime=3",
            "-logjson",
            f"-allowHEAD={_VERSION}/_ping",
            *args,
        ),
        listens=listens,
        # It makes its own socket in a volume that root owns; the engine's socket is root's as well.
        user="0:0",
        health=HealthCheck.command("/healthcheck").every("10s", timeout="5s", retries=3, start_period="30s"),
        resources=site.resources("collectors-socket-proxy"),
        update=UpdatePolicy.stop_first(),
        scale=scale,
        stop=Stop(grace="10s"),
    )
    service.binds(
        "/var/run/docker.sock", at="/var/run/docker.sock", read_only=True, because="it filters this socket"
    )
    return service
