"""The declared services as a Compose file: only what ``docker stack deploy`` reads, and all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sprocket_constructs import Image, SwarmApp, SwarmStack

from ops.bench.compose_file import VERSION, ComposeFile, compose_file
from ops.errors import OpsError
from ops.model.inventory import from_synthesis
from ops.paths import ROOT
from tests.bench import many, tiers
from tests.stacks.synthesis import synthesized

RECORD = YAML(typ="safe").load((ROOT / "tests/recorded/compose-3.8.keys.yaml").read_text())
LEVELS = {level: set(keys.split()) for level, keys in RECORD["levels"].items()}
NAMED = {"services", "networks", "volumes", "configs", "secrets", "services/*/networks"}
"""Levels whose keys are names."""
FREE = {f"services/*/{level}" for level in ("environment", "labels", "deploy/labels", "logging/options")}
"""Levels whose keys are the user's own."""

IMAGE = Image(name="example.org/redis", tag="8", digest="sha256:" + "1" * 64)


def of_platform(name: str) -> ComposeFile:
    return compose_file(from_synthesis(synthesized(name).document))


def of_bench(tmp_path: Path, services: int | None) -> ComposeFile:
    app = SwarmApp(outdir=str(tmp_path))
    stack = SwarmStack(app, "bench", docker_host="unix:///var/run/docker.sock")
    if services is None:
        tiers.Tiers(stack, image=IMAGE, version=1)
    else:
        many.build(stack, services)
    app.synth()
    return compose_file(from_synthesis(json.loads((tmp_path / "stacks/bench/cdk.tf.json").read_text())))


def keys(value: Any, level: str = "") -> Iterator[tuple[str, str]]:
    """Every key of a document, with the level that it stands at."""
    if isinstance(value, list):
        for each in value:
            yield from keys(each, level)
    elif isinstance(value, Mapping) and level not in FREE:
        for key, inner in value.items():
            if level not in NAMED:
                yield level, key
            yield from keys(inner, f"{level}/{'*' if level in NAMED else key}".removeprefix("/"))


def service(**settings: Any) -> ComposeFile:
    """The file of one service."""
    values = {"name": "web", "mode": {"replicated": {"replicas": 2}}, **settings}
    return compose_file(from_synthesis({"resource": {"docker_service": {"web": values}}}))


def test_the_whole_platform_has_keys_that_stack_deploy_reads_and_no_others() -> None:
    found = set(keys(of_platform("local").document))
    assert {pair for pair in found if pair[1] not in LEVELS.get(pair[0], set())} == set()
    assert {key for level, key in found if level == "services/*"} & set(RECORD["ignored"].split()) == set()
    assert VERSION == "3.8" and ("services/*/deploy/update_config", "order") in found


@pytest.mark.parametrize("services", [None, 0, 25])
def test_the_stacks_of_the_benchmarks_are_the_same_services(services: int | None, tmp_path: Path) -> None:
    file = of_bench(tmp_path, services)
    assert {pair for pair in keys(file.document) if pair[1] not in LEVELS.get(pair[0], set())} == set()
    assert len(file.document["services"]) == (14 if services is None else services)
    for each in file.document["services"].values():
        assert set(each["networks"]) <= file.document["networks"].keys()
        for kind in ("configs", "secrets"):
            assert {mount["source"] for mount in each.get(kind, [])} <= file.document[kind].keys()
            # What Docker would call them, in a stack of the longest name.
            assert all(len(f"sprocket-bench_{mount['source']}") <= 64 for mount in each.get(kind, []))


def test_a_store_says_all_that_terraform_says() -> None:
    settings = dict(of_platform("local").document["services"]["redis"])
    assert settings["stop_grace_period"] == "30s"
    assert settings["healthcheck"]["interval"] == "10s"
    assert {mount["source"] for mount in settings["secrets"]} == {
        "redis-conf.secret",
        "redis-password.secret",
    }
    assert settings["volumes"][0]["type"] == "volume"
    assert settings["deploy"]["endpoint_mode"] == "dnsrr"
    assert settings["deploy"]["update_config"]["order"] == "stop-first"
    assert settings["deploy"]["update_config"]["max_failure_ratio"] == 0.0
    assert settings["deploy"]["restart_policy"]["max_attempts"] == 0
    assert settings["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}


def test_a_dollar_begins_a_variable_and_is_doubled_but_not_in_files(tmp_path: Path) -> None:
    file = of_bench(tmp_path, None)
    check = file.document["services"]["sprocket-bench-redis"]["healthcheck"]["test"]
    assert check[1].startswith('export REDISCLI_AUTH="$$(cat /run/secrets/password)"')
    assert service(task_spec={"container_spec": {"args": ["$${HOME}"]}}).document["services"]["web"][
        "command"
    ] == ["$${HOME}"]
    (password,) = {text for name, text in file.files.items() if name.startswith("sprocket-bench-password")}
    assert password
    for name, text in file.files.items():
        if "-conf." in name:
            assert text == f"save ''\nrequirepass {password}\n"


def test_limits_are_text_and_files_have_their_owner() -> None:
    settings = service(
        task_spec={
            "resources": {"limits": {"nano_cpus": 250_000_000, "memory_bytes": 64 * 2**20}},
            "container_spec": {
                "configs": [
                    {
                        "config_name": "conf-0badcafe",
                        "file_name": "/etc/conf",
                        "file_mode": 288,
                        "file_uid": "7",
                        "file_gid": "8",
                    }
                ]
            },
        }
    ).document["services"]["web"]
    assert settings["deploy"]["resources"] == {"limits": {"cpus": "0.25", "memory": "67108864"}}
    assert settings["deploy"]["replicas"] == 2
    assert settings["configs"] == [
        {"source": "conf-0badcafe.config", "target": "/etc/conf", "uid": "7", "gid": "8", "mode": 288}
    ]


@pytest.mark.parametrize("setting", ["groups", "hosts"])
def test_what_the_file_cannot_say_is_refused(setting: str) -> None:
    with pytest.raises(OpsError, match=f"service web has {setting}, which the benchmark's Compose file"):
        service(task_spec={"container_spec": {setting: ["1000"]}})


def test_a_network_with_more_settings_is_refused() -> None:
    network = {"name": "net", "driver": "overlay", "internal": True, "attachable": True}
    with pytest.raises(OpsError, match="network net has attachable"):
        compose_file(from_synthesis({"resource": {"docker_network": {"net": network}}}))


def test_it_is_written_with_its_files(tmp_path: Path) -> None:
    file = ComposeFile(document={"version": "3.8"}, files={"a.config": "a: 1\n"})
    path = file.write(tmp_path)
    assert YAML(typ="safe").load(path.read_text()) == {"version": "3.8"}
    assert (tmp_path / "a.config").read_text() == "a: 1\n"
