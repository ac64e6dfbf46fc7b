"""Traefik with TLS and one public page, which is healthy whatever it answers. It stands in a copy of the repository, in place of main.py there."""

import os

from sprocket_constructs import Construct, Stop, SwarmConfig, SwarmStack

from tests.live.platforms import page, synthesize, traefik

CHAIN = (
    "http:\n  middlewares:\n    public:\n      headers:\n        customResponseHeaders: {x-public: 'yes'}\n"
)
PAGE = """
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(%s)
        self.end_headers()

HTTPServer(("", 3000), Handler).serve_forever()
"""


def build(stack: SwarmStack) -> None:
    """Both services; TRY_STATUS is what the page answers."""
    gateway, proxy = traefik(
        Construct(stack, "ingress"),
        entry_point="websecure",
        port=443,
        published=443,
        args=(
            "--entrypoints.websecure.http.tls=true",
            "--providers.file.filename=/etc/traefik/chains.yml",
        ),
        public_middlewares=("public@file",),
    )
    proxy.reads(SwarmConfig(proxy, "chains", name="try-chains", content=CHAIN), at="/etc/traefik/chains.yml")
    program = PAGE % os.environ.get("TRY_STATUS", "200")
    platform = Construct(stack, "platform")
    page(platform, gateway, program=program, at="/page.py", command=("python3", "/page.py"), stop=Stop())


synthesize(build)
