"""The world of a rehearsal without any machine: the emulated API, and an endpoint for Spaces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from layers.loading import load_environment
from rehearsal.emulator import Emulator
from rehearsal.suite import surroundings
from rehearsal.suite.diary import Diary
from rehearsal.suite.world import World
from tests.live.cloud_terraform import KEY, QUICK
from tests.live.spaces_endpoint import SpacesEndpoint

ENVIRONMENT = "rehearsal"
DEPLOY = ("deploy", "--env", ENVIRONMENT, "--only", "cloud", "--yes")


@contextmanager
def emulated_world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Credentials are in the environment as a person's would be; state and host key are gone before and after."""
    settings = load_environment(ENVIRONMENT)
    surroundings.forget(settings)
    with ExitStack() as stack:
        stack.callback(surroundings.forget, settings)
        spaces = SpacesEndpoint()
        stack.callback(spaces.stop)
        emulator = stack.enter_context(Emulator(folder / "api", settings=QUICK))
        given = {
            **spaces.environment,
            "NO_PROXY": "127.0.0.1",
            "DIGITALOCEAN_TOKEN": "any",
            "DIGITALOCEAN_API_URL": emulator.url,
            "TF_VAR_ssh_key_rehearsal": KEY,
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        diary = stack.enter_context(closing(Diary(folder / "log")))
        no_box = cast(Any, None)
        yield World(environment=ENVIRONMENT, folder=folder, box=no_box, emulator=emulator, diary=diary)
