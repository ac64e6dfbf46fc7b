"""An app without anything in it that imports the same bindings: what synthesis costs before we do anything."""

import sys

from sprocket_constructs import SwarmApp, SwarmStack

app = SwarmApp(outdir=sys.argv[1])
SwarmStack(app, "empty", docker_host="unix:///var/run/docker.sock")
app.synth()
