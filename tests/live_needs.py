"""What live tests need of the world, found by trying it, once per run.

Providers are looked for by `terraform init`, so that they are found wherever Terraform is set up to find
them: its registry, a mirror, a plugin folder.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ops.terraform.runner import program

SECONDS = 60

DOCKER = ("docker", "kreuzwerker/docker", "~> 3.9.0")
DIGITALOCEAN = (
    "digitalocean",
    "digitalocean/digitalocean",
    "2.71.0",
)  # the version that the emulator was read from
TLS = ("tls", "hashicorp/tls", ">= 4.0.4, < 5.0.0")
RANDOM = ("random", "hashicorp/random", ">= 3.6.0, < 4.0.0")


def missing(*needs: str) -> list[str]:
    """Names of the parts that are not there, of those that are needed, each with the reason.

    Default: all that a platform on this machine's swarm needs."""
    return [problem for need in needs or ON_THE_SWARM for problem in [PARTS[need]()] if problem]


@cache
def _engine() -> str:
    if not shutil.which("docker"):
        return "docker engine (no docker command)"
    try:
        run = _run("docker", "info", "--format", "{{.Swarm.LocalNodeState}}")
    except subprocess.TimeoutExpired:
        return f"docker engine (no answer within {SECONDS} s)"
    return "" if run.returncode == 0 else "docker engine (docker info fails)"


@cache
def _swarm() -> str:
    if _engine():
        return ""  # named already
    state = _run("docker", "info", "--format", "{{.Swarm.ControlAvailable}}").stdout.strip()
    return "" if state == "true" else "swarm (the engine is not a manager; docker swarm init)"


@cache
def _terraform() -> str:
    return "" if shutil.which(program()) else f"{program()} binary"


@cache
def _provider(name: str, source: str, version: str) -> str:
    if _terraform():
        return ""  # named already
    document = {"terraform": {"required_providers": {name: {"source": source, "version": version}}}}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.tf.json").write_text(json.dumps(document))
        try:
            run = _run(program(), f"-chdir={folder}", "init", "-backend=false", "-input=false", "-no-color")
        except subprocess.TimeoutExpired:
            return f"provider {source} {version} (terraform init takes over {SECONDS} s)"
    return "" if run.returncode == 0 else f"provider {source} {version} (terraform init finds none)"


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


PARTS: dict[str, Callable[[], str]] = {
    "engine": _engine,
    "swarm": _swarm,
    "terraform": _terraform,
    "tofu": lambda: "" if shutil.which("tofu") else "tofu binary",
    "docker provider": lambda: _provider(*DOCKER),
    "random provider": lambda: _provider(*RANDOM),
    "digitalocean provider": lambda: _provider(*DIGITALOCEAN),
    "tls provider": lambda: _provider(*TLS),
    "docker-registry": lambda: "" if shutil.which("docker-registry") else "docker-registry program",
}
ON_THE_SWARM = ("engine", "swarm", "terraform", "docker provider", "random provider")
