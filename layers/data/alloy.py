"""Alloy: the log lines of every service, to Loki."""

from pathlib import Path

from sprocket_constructs import Construct, HealthCheck, Stop, SwarmConfig, SwarmService, UpdatePolicy

from ..node_local import NodeLocal
from ..rendering import render
from ..site import Site
from .collectors_proxy import CollectorsProxy
from .loki import Loki

HERE = Path(__file__).parent
CONFIG = "/etc/alloy/config.alloy"
STORAGE = "/var/lib/alloy/data"
PORT = 12345


class Alloy(Construct):
    """One task on each node, which reads logs where the engine keeps them.

    No service waits for it: when it or Loki is away, lines stay in the engine's files (30 MB for each task) and follow later.
    Passwords in URLs are taken out before a line leaves the node; some programs print their broker's address when they start.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site, proxy: CollectorsProxy, loki: Loki) -> None:
        super().__init__(scope, id_)
        ready = f"exec 3<>/dev/tcp/127.0.0.1/{PORT} && printf 'GET /-/ready HTTP/1.0\\r\\n\\r\\n' >&3 && head -1 <&3 | grep -q 200"
        self.service = SwarmService(
            self,
            "alloy",
            image=site.image("alloy"),
            hostname="{{.Node.Hostname}}",
            args=(
                "run",
                CONFIG,
                f"--storage.path={STORAGE}",
                f"--server.http.listen-addr=0.0.0.0:{PORT}",
                "--disable-reporting",
            ),
            listens={"http": PORT},
            # The image has bash and neither wget nor curl.
            health=HealthCheck.command("bash", "-c", ready).every(
                "10s", timeout="5s", retries=5, start_period="1m"
            ),
            resources=site.resources("alloy"),
            update=UpdatePolicy.stop_first(),
            scale=site.one_per_node(),
            stop=Stop(grace="15s"),
        )
        docker = proxy.serve(self.service)
        config = render(HERE / "config.alloy.j2", docker=docker, loki=loki.connect(self.service))
        self.service.reads(SwarmConfig(self, "config", name="alloy-config", content=config), at=CONFIG)
        positions = NodeLocal(self, "positions", name="sprocket-alloy", site=site)
        positions.mount(self.service, at=STORAGE, because="how far each log was read")
