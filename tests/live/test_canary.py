"""Every secret value of the local platform, looked for wherever it must not be.

Each generated value is a canary of its own: random, and in the state. The engine's own logs are not searched: the real
services print their broker's URL when they start, so what counts is what is stored, in Loki.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from ops.paths import OUT
from ops.report.programs import programs_of
from ops.terraform.runner import program
from tests.live.local_platform import LocalPlatform, command

pytestmark = [pytest.mark.live, pytest.mark.proof]

MOST_LINES = 5000
"""Of one query; Loki allows no more."""


@pytest.fixture(scope="module")
def canaries(platform: LocalPlatform) -> Mapping[str, str]:
    """Values by a name that may be shown."""
    found = platform.secrets()
    assert len(found) > 20, "Terraform's state holds too few secrets for this to mean anything"
    return found


def seen(canaries: Mapping[str, str], text: str) -> list[str]:
    """Names of the values that are in a text: as they are, in base64, or quoted for a URL."""
    return [name for name, value in canaries.items() if any(form in text for form in _forms(value))]


def _forms(value: str) -> set[str]:
    # In base64 the value begins at one of three places of a group; the middle of it reads the same from each.
    shifted = {base64.b64encode(b"\0" * shift + value.encode()).decode()[4:-4] for shift in range(3)}
    return {value, quote(value, safe=""), *(form for form in shifted if len(form) >= 12)}


def test_the_search_finds_what_is_there(platform: LocalPlatform, canaries: Mapping[str, str]) -> None:
    """Secrets are where they belong: in the files of the tasks."""
    conf = platform.sh("redis", "cat /run/secrets/redis-password")
    assert len(seen(canaries, conf)) == 1
    assert seen(canaries, base64.b64encode(f"x {conf} y".encode()).decode())


def test_not_in_what_the_swarm_shows(platform: LocalPlatform, canaries: Mapping[str, str]) -> None:
    """Services, tasks (environment, arguments, labels, mounts) and the text of configs."""
    shown = {
        "services": json.dumps(platform.api.services()),
        "tasks": json.dumps(platform.api.tasks()),
        "networks": json.dumps(platform.api.networks()),
        "secrets": json.dumps(platform.api.secrets()),
        "configs": "".join(
            base64.b64decode(config["Spec"]["Data"]).decode(errors="replace")
            for config in platform.api.configs()
        ),
    }
    assert {what: found for what, text in shown.items() if (found := seen(canaries, text))} == {}


def test_not_in_containers_and_images(platform: LocalPlatform, canaries: Mapping[str, str]) -> None:
    """Environment, arguments, labels, health checks with their last output."""
    found = {}
    for container in platform.api.containers(all=True):
        text = json.dumps(platform.api.inspect_container(container["Id"]))
        if names := seen(canaries, text):
            found[container["Names"][0]] = names
    assert found == {}


def test_not_in_any_command_line(canaries: Mapping[str, str]) -> None:
    """The process list of this machine, where all tasks run."""
    lines = {path.parent.name: _text(path) for path in Path("/proc").glob("[0-9]*/cmdline")}
    assert {pid: names for pid, text in lines.items() if (names := seen(canaries, text))} == {}


def test_not_in_stored_logs(platform: LocalPlatform, canaries: Mapping[str, str]) -> None:
    if programs_of(platform.target.wanted)["loki"].is_stand_in:
        pytest.skip("logs are stored by the real Loki only, and here runs a stand-in")
    services: dict[str, str] = {}
    for name, text in _stored_logs(platform):
        services[name] = services.get(name, "") + text
    assert len(services) > 15, f"Loki has lines of {', '.join(services)} only"
    if not programs_of(platform.target.wanted)["core"].is_stand_in:
        # The real services print their broker's URL at start, so that redaction had something to do.
        assert any("amqp://***@" in text for text in services.values()), "no service printed its broker's URL"
    assert {name: found for name, text in services.items() if (found := seen(canaries, text))} == {}


def _stored_logs(platform: LocalPlatform) -> Iterator[tuple[str, str]]:
    """Service and lines of each stream, asked from the task of Grafana, which may."""
    for service in platform.services:
        query = quote(f'{{service="{service}"}}', safe="")
        url = f"http://loki:3100/loki/api/v1/query_range?query={query}&limit={MOST_LINES}"
        done = platform.tasks.get(platform.container("grafana"), url)
        assert done.code == 0, done.output
        for stream in json.loads(done.output)["data"]["result"]:
            yield stream["stream"]["service"], "\n".join(line for _, line in stream["values"])


@pytest.mark.parametrize(
    "words", [("plan",), ("plan", "--json"), ("smoke", "--quick", "--json")], ids=" ".join
)
def test_not_in_reports(canaries: Mapping[str, str], words: tuple[str, ...]) -> None:
    run = command(*words, expect=(0, 1))  # what it finds is not the question
    assert run.stdout
    assert seen(canaries, run.stdout + run.stderr) == []


def test_not_in_terraforms_own_plan(platform: LocalPlatform, canaries: Mapping[str, str]) -> None:
    """As a person would see it, when every secret were made anew: the plan with the most to say about them."""
    passwords = [
        f"-replace={address}"
        for address in platform.target.wanted.resources
        if address.startswith("random_password.")
    ]
    run = subprocess.run(
        [program(), "plan", "-no-color", "-input=false", "-lock=false", *passwords],
        cwd=platform.target.folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "docker_secret" in run.stdout
    assert seen(canaries, run.stdout + run.stderr) == []


def test_not_in_what_was_synthesized(canaries: Mapping[str, str]) -> None:
    files = [path for path in OUT.rglob("*") if path.is_file() and ".terraform" not in path.parts]
    assert files
    assert {str(path): names for path in files if (names := seen(canaries, _text(path)))} == {}


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""  # the process has ended
