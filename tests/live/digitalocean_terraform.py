"""The real Terraform and the real DigitalOcean provider, pointed at the emulator."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from ops.terraform.runner import program
from rehearsal.emulator import Emulator, Settings
from rehearsal.emulator.settings import Seconds
from tests.live_needs import DIGITALOCEAN

SECONDS = 240
QUICK = Settings(
    Seconds(create=0.5, action=0.2, destroy=0.2, database=0.5, firewall=0.2), requests_per_minute=2000
)
Config = dict[str, dict[str, dict[str, Any]]]


class Terraform:
    """One folder, one state, one emulator."""

    def __init__(self, folder: Path, **provider: Any) -> None:
        self.folder = folder / "stack"
        self.folder.mkdir()
        self.emulator = Emulator(folder / "cloud", settings=QUICK)
        self.emulator.start()
        name, source, version = DIGITALOCEAN
        self._head = {
            "terraform": {"required_providers": {name: {"source": source, "version": version}}},
            "provider": {name: {"token": "any", "api_endpoint": self.emulator.url, **provider}},
        }
        self._ready = False

    def write(self, resources: Config, **data: Any) -> None:
        """Resources by type and name."""
        document = {**self._head, "resource": resources, **data}
        (self.folder / "main.tf.json").write_text(json.dumps(document))
        if not self._ready:
            self.run("init")
            self._ready = True

    def run(self, *words: str, expect: int = 0) -> str:
        with self.start(*words) as process:
            try:
                output, _ = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        assert process.returncode == expect, output
        return output

    def start(self, *words: str) -> subprocess.Popen[str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(("DIGITALOCEAN_", "SPACES_"))}
        return subprocess.Popen(
            [program(), *words, "-input=false", "-no-color"],
            cwd=self.folder,
            env={**own, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def apply(self, expect: int = 0) -> str:
        return self.run("apply", "-auto-approve", expect=expect)

    def changes(self) -> dict[str, list[str]]:
        """What an apply would do: address to actions; empty when nothing."""
        self.run("plan", "-out=tfplan")
        shown = subprocess.run(
            [program(), "show", "-json", "tfplan"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
        plan = json.loads(shown.stdout)
        return {
            one["address"]: one["change"]["actions"]
            for one in plan.get("resource_changes", [])
            if one["change"]["actions"] != ["no-op"]
        }

    def orphans(self) -> list[str]:
        """Terraform types of what exists and is not in state."""
        return [one.type for one in self.emulator.orphans(self.folder / "terraform.tfstate")]

    def wait_for(self, method: str, path: str) -> None:
        """Until the emulator has answered such a request."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            if any((one.get("method"), one.get("path")) == (method, path) for one in self.emulator.log()):
                return
            time.sleep(0.1)
        raise AssertionError(f"{method} {path} was never asked for")
