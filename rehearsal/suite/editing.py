"""Edits of the environment's file while a rehearsal runs: in a copy of the folder, which all commands read from then on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from layers.loading import ELSEWHERE, environments_folder
from rehearsal.suite.surroundings import export
from rehearsal.suite.world import World


def edit(world: World, document: Mapping[str, Any]) -> None:
    """Replaces the environment's file by this document, without like."""
    folder = world.folder / "environments"
    if environments_folder() != folder:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(environments_folder(), folder)
        os.environ[ELSEWHERE] = str(folder)
        export(world.folder / "environment.sh", {ELSEWHERE: str(folder)})
    text = {key: value for key, value in document.items() if key != "like"}
    with (folder / f"{world.environment}.yaml").open("w") as out:
        YAML(typ="safe", pure=True).dump(text, out)
    world.read_again()
