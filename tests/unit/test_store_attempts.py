"""The live test of the stores' accounts tries every pair of service and store that the model has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ops.check.application import PROGRAMS
from ops.model.service import Service
from tests.live.store_attempts import CLIENTS, STORES, TRY, faults, stores_of, told
from tests.policy.rules import services
from tests.stacks.synthesis import declared, text_at

MOCK = "import sys\nfrom unittest.mock import MagicMock\nsys.modules[__name__] = MagicMock()\n"
"""Stands for a driver: whatever is done with it works."""


def modelled(name: str) -> Service:
    return next(each for each in services("local") if each.name == name)


def tried(name: str, folder: Path) -> dict[str, str]:
    """What the script tries with the files that are rendered for a service, and drivers that accept all."""
    for driver in ("pika", "redis", "psycopg2", "boto3"):
        (folder / f"{driver}.py").write_text(MOCK)
    (instance,) = declared("local").platform.instances.values()
    program = PROGRAMS[name]
    asked = told(program, instance.identity)
    for number, (key, path) in enumerate([("", program.settings), *asked["secrets"].items()]):
        file = folder / f"file-{number}"
        file.write_text(text_at(declared("local"), name, path))
        if key:
            asked["secrets"][key] = str(file)
        else:
            asked["settings"] = str(file)
    done = subprocess.run(
        [sys.executable, "-c", TRY],
        input=json.dumps(asked) + "\n",
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_whoever_uses_a_store_by_the_model_is_asked() -> None:
    users = {name for name in PROGRAMS if stores_of(modelled(name))}
    assert users == set(CLIENTS)
    assert {store for name in users for store in stores_of(modelled(name))} == set(STORES)


@pytest.mark.parametrize("name", CLIENTS)
def test_every_store_of_a_service_is_tried_with_what_is_rendered_for_it(name: str, tmp_path: Path) -> None:
    found = tried(name, tmp_path)
    assert [fault for fault, said in faults(modelled(name), found).items() if said == "was not tried"] == []
    assert {attempt.partition(":")[0] for attempt in found} == set(stores_of(modelled(name)))


def client(*servers: str) -> Service:
    return replace(modelled("core"), servers=servers)


def test_a_pair_that_was_not_tried_is_a_fault() -> None:
    found = {"redis: own": "allowed", "redis: not acl list": "refused", "postgres: own": "allowed"}
    assert faults(client("redis", "postgres", "minio", "traefik"), found) == {
        "postgres: what it must not": "was not tried",
        "minio: what it needs": "was not tried",
        "minio: what it must not": "was not tried",
    }
    assert faults(client("redis"), found) == {}


def test_an_attempt_that_ends_otherwise_is_a_fault() -> None:
    found = {"redis: own": "refused", "redis: not acl list": "allowed", "redis: not info": "TimeoutError: "}
    assert faults(client("redis"), found) == found
