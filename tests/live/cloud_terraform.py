"""The real Terraform and the real providers on an environment's cloud stack, pointed at the emulator."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sprocket_constructs import SwarmApp

from layers.cloud.stack import EnvironmentCloud
from layers.settings.environment import Environment
from ops.terraform.runner import program
from ops.terraform.target import Target
from rehearsal.emulator import Emulator, Settings
from rehearsal.emulator.settings import Seconds
from tests.live.spaces_endpoint import SpacesEndpoint

SECONDS = 300
QUICK = Settings(
    Seconds(create=0.2, action=0.1, destroy=0.1, database=0.2, firewall=0.1),
    requests_per_minute=100_000,
    requests_per_hour=1_000_000,
)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGcTsYKfHoT1Y4PYQ5fM2qCKDOOcGRzNFZ4tnuZWpJiK"
Changes = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class Said:
    """How Terraform ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that it wrote."""
        return self.out + self.err


def changes_in(plan: dict[str, Any]) -> Changes:
    """Address to actions; empty when nothing."""
    return {
        one["address"]: one["change"]["actions"]
        for one in plan.get("resource_changes", [])
        if one["change"]["actions"] != ["no-op"]
    }


class CloudTerraform:
    """One emulated account and one state; what is declared in it changes from plan to plan."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = folder / "stack"
        self._stack.mkdir()
        self.emulator = Emulator(folder / "cloud", settings=QUICK)
        self.emulator.start()
        self.spaces = SpacesEndpoint()
        self._ready = False

    def close(self) -> None:
        self.emulator.stop()
        self.spaces.stop()

    def declare(self, settings: Environment, edit: Callable[[dict[str, Any]], object] | None = None) -> None:
        """Synthesizes the environment's cloud stack into Terraform's folder.

        Args:
            edit: changes the JSON before Terraform reads it.
        """
        assert settings.cloud is not None
        app = SwarmApp(outdir=str(self._folder / "out"))
        EnvironmentCloud(app, settings, settings.cloud)
        app.synth()
        written = self._folder / "out" / "stacks" / settings.cloud_stack / "cdk.tf.json"
        document: dict[str, Any] = json.loads(written.read_text())
        document["terraform"]["backend"] = {"local": {"path": str(self._folder / "terraform.tfstate")}}
        if edit is not None:
            edit(document)
        (self._stack / "cdk.tf.json").write_text(json.dumps(document))
        if not self._ready:
            self._must("init")
            self._ready = True

    def apply(self, *words: str) -> str:
        """Deploys; what Terraform wrote."""
        return self._must("apply", "-auto-approve", *words)

    def plan(self, *words: str) -> Said:
        """Plans, whatever comes of it."""
        return self.run("plan", "-out=tfplan", *words)

    def changes(self, *words: str) -> Changes:
        """What an apply would do: address to actions; empty when nothing."""
        return changes_in(self.planned(*words))

    def planned(self, *words: str) -> dict[str, Any]:
        """The plan, as ``terraform show -json`` prints it."""
        self._must("plan", "-out=tfplan", *words)
        plan: dict[str, Any] = json.loads(self._must("show", "-json", "tfplan"))
        return plan

    def target(self, settings: Environment) -> Target:
        """The stack as it is declared now, as ``ops`` looks at it."""
        document = json.loads((self._stack / "cdk.tf.json").read_text())
        return Target(settings=settings, stack=settings.cloud_stack, document=document, folder=self._stack)

    def taint(self, address: str) -> None:
        """Marks a resource as one that an apply did not finish."""
        self._must("taint", address)

    def untaint(self, address: str) -> None:
        self._must("untaint", address)

    def images(self) -> dict[str, str]:
        """Each droplet's image, by the droplet's name, as the API says."""
        url = f"{self.emulator.url}/v2/droplets?per_page=200"
        answer = httpx.get(url, headers={"Authorization": "Bearer any"}, trust_env=False)
        return {one["name"]: one["image"]["slug"] for one in answer.json()["droplets"]}

    def run(self, command: str, *words: str) -> Said:
        quiet = ["-input=false"] if command in ("init", "plan", "apply") else []
        done = subprocess.run(
            [program(), command, *quiet, "-no-color", *words],
            cwd=self._stack,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Said(status=done.returncode, out=done.stdout, err=done.stderr)

    def _must(self, command: str, *words: str) -> str:
        said = self.run(command, *words)
        assert said.status == 0, said.text
        return said.out

    def _environment(self) -> dict[str, str]:
        foreign = ("DIGITALOCEAN_", "SPACES_", "TF_VAR_", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy")
        own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {
            **own,
            **self.spaces.environment,
            "DIGITALOCEAN_TOKEN": "any",
            "DIGITALOCEAN_API_URL": self.emulator.url,
            "TF_VAR_ssh_key_ci": KEY,
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }
