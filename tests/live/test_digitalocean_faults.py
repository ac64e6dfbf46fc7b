"""What the real provider makes of an API that fails. The stories run side by side: each waits most of its time."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from rehearsal.emulator.faults import Fault
from tests.live.digitalocean_terraform import Config, Terraform

pytestmark = [pytest.mark.live(needs=["terraform", "digitalocean provider"]), pytest.mark.proof]

SECONDS = 400
Story = Callable[[Path], None]

SMALL: Config = {
    "digitalocean_vpc": {"main": {"name": "try", "region": "fra1"}},
    "digitalocean_tag": {"main": {"name": "try", "depends_on": ["digitalocean_vpc.main"]}},
}


def with_droplet(**more: Any) -> Config:
    droplet = {
        "name": "try",
        "region": "fra1",
        "size": "s-1vcpu-1gb",
        "image": "debian-12-x64",
        "vpc_uuid": "${digitalocean_vpc.main.id}",
        "volume_ids": ["${digitalocean_volume.main.id}"],
        "tags": ["${digitalocean_tag.main.name}"],
        **more,
    }
    volume = {"name": "try", "region": "fra1", "size": 1}
    return {**SMALL, "digitalocean_volume": {"main": volume}, "digitalocean_droplet": {"main": droplet}}


def finishes(terraform: Terraform) -> None:
    """The next apply completes everything, and nothing is left over."""
    terraform.apply()
    assert terraform.changes() == {}
    assert terraform.orphans() == []


def words(output: str) -> str:
    """What Terraform printed, without its frames and line breaks."""
    return re.sub(r"[\s│]+", " ", output)


def too_many_requests_twice(folder: Path) -> None:
    terraform = Terraform(folder)
    terraform.emulator.faults.add(Fault.parse("POST /v2/vpcs 429 x2"))
    terraform.write(SMALL)
    finishes(terraform)
    asked = [
        one["status"]
        for one in terraform.emulator.log()
        if one["method"] == "POST" and one["path"] == "/v2/vpcs"
    ]
    assert asked == [429, 429, 201]
    terraform.emulator.stop()


def server_error(folder: Path) -> None:
    terraform = Terraform(folder, http_retry_max=0)
    fault = Fault.parse("POST /v2/tags 500 x1")
    terraform.emulator.faults.add(fault)
    terraform.write(SMALL)
    said = words(terraform.apply(expect=1))
    assert "Error creating tag: POST" in said and "500" in said and "injected fault: 500" in said
    assert terraform.orphans() == []  # what came before it is in state
    finishes(terraform)
    terraform.emulator.stop()


def connection_reset(folder: Path) -> None:
    """Before anything was done: asked again by the provider itself."""
    terraform = Terraform(folder)
    terraform.emulator.faults.add(Fault.parse("POST /v2/tags reset x1"))
    terraform.write(SMALL)
    finishes(terraform)
    terraform.emulator.stop()


def reset_after_the_work(folder: Path) -> None:
    """After it was done: asked again too, so that there are two volumes of one name, or a refusal of the second."""
    terraform = Terraform(folder)
    terraform.emulator.faults.add(Fault.parse("POST /v2/volumes reset-after x1"))
    terraform.write({"digitalocean_volume": {"main": {"name": "try", "region": "fra1", "size": 1}}})
    assert "volume name already exists" in words(terraform.apply(expect=1))
    assert terraform.orphans() == ["digitalocean_volume"]  # named by `orphans`; Terraform does not know it
    terraform.emulator.stop()


def never_active(folder: Path) -> None:
    """A droplet whose creation failed in the cloud: it stays new. The next apply replaces it."""
    terraform = Terraform(folder)
    _makes_no_active_droplet(terraform, "POST /v2/droplets errored x1")
    finishes(terraform)
    assert [one.type for one in terraform.emulator.resources()].count("digitalocean_droplet") == 1
    terraform.emulator.stop()


def stuck(folder: Path) -> None:
    """A droplet whose creation never ends: nothing else can be done to it, not even taking its volume away. The next
    apply says so; deleting the droplet is the way out."""
    terraform = Terraform(folder)
    _makes_no_active_droplet(terraform, "POST /v2/droplets never x1")
    assert "Droplet already has a pending event." in words(terraform.apply(expect=1))
    (droplet,) = [one for one in terraform.emulator.resources() if one.type == "digitalocean_droplet"]
    _delete_by_hand(terraform, droplet.id)
    finishes(terraform)
    terraform.emulator.stop()


def _makes_no_active_droplet(terraform: Terraform, fault: str) -> None:
    terraform.emulator.faults.add(Fault.parse(fault))
    terraform.write(with_droplet(timeouts={"create": "14s", "delete": "5m"}))
    said = words(terraform.apply(expect=1))
    assert re.search(r"Error waiting for droplet \(\d+\) to become ready: context deadline exceeded", said), (
        said
    )
    assert terraform.orphans() == []


def _delete_by_hand(terraform: Terraform, droplet: str) -> None:
    header = {"Authorization": "Bearer any"}
    answer = httpx.delete(f"{terraform.emulator.url}/v2/droplets/{droplet}", headers=header, trust_env=False)
    assert answer.status_code == 204
    assert terraform.emulator.idle()


def slow_and_failing_actions(folder: Path) -> None:
    """A slow action is waited for; one that errored is an error, and the next apply goes on."""
    terraform = Terraform(folder)
    config: Config = {"digitalocean_volume": {"main": {"name": "try", "region": "fra1", "size": 1}}}
    terraform.write(config)
    terraform.apply()
    terraform.emulator.faults.add(Fault.parse("POST /v2/volumes/*/actions errored x1"))
    terraform.emulator.faults.add(Fault.parse("POST /v2/volumes/*/actions slow=11 x1"))
    config["digitalocean_volume"]["main"]["size"] = 2
    terraform.write(config)
    assert "unexpected state 'errored'" in words(terraform.apply(expect=1))
    finishes(terraform)
    terraform.emulator.stop()


def interrupted(folder: Path) -> None:
    """Ctrl-C while a droplet is being made: Terraform keeps it in state, tainted."""
    terraform = Terraform(folder)
    terraform.write(with_droplet(timeouts={"delete": "5m"}))
    with terraform.start("apply", "-auto-approve") as process:
        terraform.wait_for("POST", "/v2/droplets")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1 and "Interrupt received" in output, output
    assert terraform.orphans() == []
    finishes(terraform)
    terraform.emulator.stop()


def killed(folder: Path) -> None:
    """SIGKILL at that moment: no tool can keep the droplet in state. It is named, and the next apply says what it
    meets; when it is gone, the apply after it finishes."""
    terraform = Terraform(folder)
    terraform.write(with_droplet())
    with terraform.start("apply", "-auto-approve") as process:
        terraform.wait_for("POST", "/v2/droplets")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=SECONDS)
    (lost,) = terraform.emulator.orphans(terraform.folder / "terraform.tfstate")
    assert (lost.type, lost.name) == ("digitalocean_droplet", "try")
    assert "is already attached to a Droplet" in words(terraform.apply(expect=1))
    _delete_by_hand(terraform, lost.id)
    finishes(terraform)
    terraform.emulator.stop()


STORIES: list[Story] = [
    stuck,
    never_active,
    interrupted,
    killed,
    slow_and_failing_actions,
    too_many_requests_twice,
    server_error,
    connection_reset,
    reset_after_the_work,
]


@pytest.fixture(scope="module")
def under_way(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Story, Future[None]]]:
    """All stories that were chosen, begun at once, five at a time."""
    chosen = [item.callspec.params["story"] for item in request.session.items if item.path == request.path]  # type: ignore[attr-defined]
    with ThreadPoolExecutor(5) as pool:
        yield {story: pool.submit(story, tmp_path_factory.mktemp(story.__name__)) for story in chosen}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_the_provider_and(story: Story, under_way: dict[Story, Future[None]]) -> None:
    under_way[story].result(timeout=SECONDS)
