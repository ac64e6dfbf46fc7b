"""Terraform in the folder of a synthesized stack."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS = 300


@dataclass(frozen=True)
class Workspace:
    """One folder; each method is one command of Terraform, and a failed one shows what Terraform said."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def init(self) -> None:
        """Installs the providers, from wherever Terraform finds them."""
        self._run("init", "-input=false")

    def validate(self) -> None:
        """Checks the stack against the providers' schemas; warnings count too."""
        result = json.loads(self._run("validate", "-json").stdout)
        assert result["valid"]
        assert result["diagnostics"] == []

    def apply(self) -> None:
        """Deploys."""
        self._run("apply", "-input=false", "-auto-approve")

    def destroy(self) -> None:
        """Removes everything; tried twice, since a task that takes long to leave ends the first try."""
        if self._run("destroy", "-input=false", "-auto-approve", check=False).returncode:
            self._run("destroy", "-input=false", "-auto-approve")

    def changes(self) -> dict[str, list[str]]:
        """What a deploy would do: address to actions; empty when nothing."""
        self._run("plan", "-input=false", "-out=tfplan")
        plan = json.loads(self._run("show", "-json", "tfplan").stdout)
        return {
            each["address"]: each["change"]["actions"]
            for each in plan.get("resource_changes", [])
            if each["change"]["actions"] != ["no-op"]
        }

    def resources(self) -> list[dict[str, Any]]:
        """What is in state."""
        state = json.loads(self._run("show", "-json").stdout)
        found: list[dict[str, Any]] = state.get("values", {}).get("root_module", {}).get("resources", [])
        return found

    def outputs(self) -> dict[str, Any]:
        """Values of the outputs."""
        return {name: each["value"] for name, each in json.loads(self._run("output", "-json").stdout).items()}

    def _run(self, verb: str, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = ["terraform", f"-chdir={self.folder}", verb, *options]
        if verb not in ("show", "output"):
            command.append("-no-color")
        environment = {**os.environ, "TF_IN_AUTOMATION": "1"}
        environment |= {f"TF_VAR_{name}": value for name, value in self.variables.items()}
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment
        )
        assert not check or run.returncode == 0, f"terraform {verb} failed\n{run.stdout}\n{run.stderr}"
        return run
