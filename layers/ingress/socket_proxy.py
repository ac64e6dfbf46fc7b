"""What Traefik may ask the engine."""

from sprocket_constructs import Construct, HealthCheck, NodeSelector, SwarmService, UpdatePolicy

from ..site import Site

_VERSION = r"(/v1\.[0-9]{1,2})?"

READS = rf"{_VERSION}/(_ping|version|services|tasks|networks|nodes/[a-z0-9]+)"
"""The calls of Traefik's swarm provider. Not containers, configs or secrets, nor anything that changes something.

The proxy anchors a rule at both ends and matches the path without its query.
"""

PINGS = rf"{_VERSION}/_ping"


class SocketProxy(Construct):
    """Lets those calls through to the engine's socket, for Traefik alone.

    Access to the socket is root access to the node; Traefik, which the whole internet talks to, gets it only through here.

    Args:
        client: name of the service that may ask; it is looked up on the proxy's own network at each call.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site, client: str) -> None:
        super().__init__(scope, id_)
        group = site.settings.engine.socket_group
        self.service = SwarmService(
            self,
            "socket-proxy",
            image=site.image("socket-proxy"),
            listens={"docker": 2375},
            args=(
                "-listenip=0.0.0.0",
                f"-allowfrom={client}",
                f"-allowGET={READS}",
                f"-allowHEAD={PINGS}",
                "-allowhealthcheck",
                "-watchdoginterval=60",
                "-stoponwatchdog",
                "-shutdowngracetime=3",
                "-logjson",
            ),
            health=HealthCheck.command("/healthcheck"),
            resources=site.resources("socket-proxy"),
            update=UpdatePolicy.start_first(),
            user="0:0" if group is None else "65534:65534",
            groups=() if group is None else (str(group),),
        )
        self.service.binds(
            "/var/run/docker.sock",
            at="/var/run/docker.sock",
            read_only=True,
            because="asks the engine for services and tasks",
        )
        self.service.runs_on(NodeSelector.managers())
