"""An app without anything in it that imports the same bindings: what synthesis costs before we do anything."""

import sys

from sprocket_constructs import SwarmApp, SwarmStack, _cdktf
from sprocket_constructs._cdktf import cloud

assert _cdktf and cloud  # loaded, as prod loads them

app = SwarmApp(outdir=sys.argv[1])
SwarmStack(app, "empty", docker_host="unix:///var/run/docker.sock")
app.synth()
