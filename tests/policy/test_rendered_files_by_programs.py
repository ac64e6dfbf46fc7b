"""The real programs read what is rendered for them: they take it, and refuse it with one key misspelt.

Where they are looked for: tests/programs.py.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from layers.images import LOCK
from layers.loading import read_yaml
from tests.policy.recorded_keys import version_of
from tests.policy.rules import services
from tests.programs import program

TIMEOUT_S = 60
ENVIRONMENT = "prod"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a program is made to read its configuration, and nothing more.

    Args:
        version: arguments that make it print its version; none where it has no way to.
        files: what it reads, by the name of a file in a scratch folder, with the path that it has in a task.
        arguments: after the binary; ``{}`` is the scratch folder.
        adapted: replacements that a scratch folder needs.
        misspelt: a key, and what it becomes.
        ready: printed once everything was read, by a program that goes on running.
    """

    binary: str
    version: tuple[str, ...]
    files: dict[str, str]
    arguments: tuple[str, ...]
    misspelt: tuple[str, str]
    refusal: str
    adapted: tuple[tuple[str, str], ...] = ()
    ready: str = ""


READINGS = {
    "telegraf": Reading(
        binary="telegraf",
        version=("--version",),
        files={
            "telegraf.conf": "/etc/telegraf/telegraf.conf",
            "redis.conf": "/etc/telegraf/telegraf.d/redis.conf",
        },
        arguments=("config", "check", "--config", "{}/telegraf.conf", "--config", "{}/redis.conf"),
        adapted=(('id = "files"', 'id = "files"\n  path = "{}"'),),
        misspelt=("percpu =", "percpus ="),
        refusal='fields ["percpus"]',
    ),
    "loki": Reading(
        binary="loki",
        version=("-version",),
        files={"loki.yaml": "/etc/loki/local-config.yaml"},
        arguments=("-verify-config", "-config.file={}/loki.yaml"),
        misspelt=("retention_enabled", "retention_enable"),
        refusal="field retention_enable not found",
    ),
    "alloy": Reading(
        binary="alloy",
        version=("--version",),
        files={"config.alloy": "/etc/alloy/config.alloy"},
        arguments=("validate", "{}/config.alloy"),
        misspelt=("forward_to ", "forwards_to "),
        refusal="forwards_to",
    ),
    "traefik": Reading(
        binary="traefik",
        version=("version",),
        files={"traefik.yml": "/etc/traefik/traefik.yml"},
        # It reads its whole static configuration before it asks, in vain, for /ping.
        arguments=("healthcheck", "--configFile={}/traefik.yml"),
        misspelt=("exposedByDefault", "exposeByDefault"),
        refusal="field not found, node: exposeByDefault",
        ready="Error calling healthcheck",
    ),
    "traefik-dynamic": Reading(
        binary="traefik",
        version=("version",),
        files={"dynamic.yml": "/etc/traefik/dynamic.yml"},
        arguments=(
            "--global.checknewversion=false",
            "--log.level=DEBUG",
            "--log.format=json",
            "--entrypoints.web.address=127.0.0.1:0",
            "--providers.file.filename={}/dynamic.yml",
            "--providers.file.watch=false",
        ),
        misspelt=("stsSeconds", "hstsSeconds"),
        refusal="field not found, node: hstsSeconds",
        ready='"stsSeconds":31536000',
    ),
    "redis": Reading(
        binary="redis-server",
        version=("--version",),
        files={"redis.conf": "/usr/local/etc/redis/redis.conf"},
        arguments=("{}/redis.conf", "--port", "0", "--unixsocket", "{}/socket"),
        adapted=(("dir /data", "dir {}"),),
        misspelt=("appendfsync ", "append-fsync "),
        refusal="'append-fsync everysec'",
        ready="Ready to accept connections",
    ),
}


@pytest.mark.parametrize("name", READINGS)
def test_the_real_program_takes_what_is_rendered_for_it(name: str, tmp_path: Path) -> None:
    reading = READINGS[name]
    image = name.partition("-")[0]
    binary = program(image, reading.binary)
    taken, said = read_by(binary, reading, tmp_path, lambda text: text)
    assert taken, said

    refused, said = read_by(binary, reading, tmp_path, lambda text: text.replace(*reading.misspelt))
    assert not refused
    assert reading.refusal in said, said
    say_version(image, run([str(binary), *reading.version])[1])


def test_socket_proxy_takes_its_arguments() -> None:
    binary = program("socket-proxy", "socket-proxy")
    tried = 0
    for service in services(ENVIRONMENT):
        if not service.name.endswith("socket-proxy"):
            continue
        tried += 1
        # It prints how it is used once all before it was understood.
        status, said = run([str(binary), *service.args, "-help"])
        assert "flag provided but not defined" not in said
        assert status == 0, said
        status, said = run([str(binary), "-allowget=x", *service.args, "-help"])
        assert "flag provided but not defined: -allowget" in said
        assert status == 2
    assert tried


def say_version(program: str, said: str) -> None:
    """What another version takes proves less, so the test then counts as skipped; it failed above if that one refused."""
    pinned = version_of(read_yaml(LOCK)["images"][program]["tag"])
    match = re.search(r"\d+(?:\.\d+)+", said)
    version = match[0] if match else "unknown"
    if version != pinned:
        pytest.skip(f"{program} takes it, but this one is of version {version}, and {pinned} is pinned")


def read_by(binary: Path, reading: Reading, folder: Path, change: Callable[[str], str]) -> tuple[bool, str]:
    """Whether the program took its files, once changed, and what it said."""
    texts = {file.at: file.text for service in services(ENVIRONMENT) for file in service.files}
    for at in texts:
        if at.startswith("/run/secrets/"):
            (folder / Path(at).name).write_text("a secret value of some length")
    for name, at in reading.files.items():
        text = change(texts[at])
        for old, new in reading.adapted:
            text = text.replace(old, new.replace("{}", str(folder)))
        (folder / name).write_text(text)
    arguments = [argument.replace("{}", str(folder)) for argument in reading.arguments]
    status, said = run([str(binary), *arguments], until=(reading.ready, reading.refusal))
    return (reading.ready in said if reading.ready else status == 0), said


def run(command: Sequence[str], until: Sequence[str] = ()) -> tuple[int, str]:
    """Exit status and output; a program that says one of ``until`` is ended then."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if any(each and each in line for each in until):
                process.terminate()
        return process.wait(TIMEOUT_S), "".join(said)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
