"""The registry's token is rotated: a real registry with a login, a real swarm, the real provider, and an image that the node loses."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from images import LOCK_FILE
from images.builder import lock
from ops.rotate.registry_token import OLD, OLD_USER
from ops.swarm.engine import Swarm, connected
from ops.swarm.replicas import scale
from tests.live.checkout import ENGINE, LOCAL, Here, absent, checkout
from tests.live.local_platform import until
from tests.live.private_registry import USERS, PrivateRegistry, private_registry

# The swarm is started by `deploy` where there is none.
pytestmark = [
    pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider", "docker-registry"]),
    pytest.mark.proof,
]

PORT = 18081
APP = "try-app"
PAUSE_S = 0.1
"""Between two requests."""


def answers() -> bool:
    """One request to the service, on a connection of its own."""
    try:
        with socket.create_connection(("127.0.0.1", PORT), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16) == b"+PONG\r\n"
    except OSError:
        return False


@dataclass
class Requests:
    """How many were made, and how many had no answer."""

    asked: int = 0
    failed: int = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        end = threading.Event()

        def ask() -> None:
            while not end.wait(PAUSE_S):
                self.asked += 1
                self.failed += not answers()

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join(timeout=10)


class Platform:
    """The copy of the repository, its swarm, and the repository of images that its service comes from."""

    def __init__(self, here: Here, swarm: Swarm, registry: PrivateRegistry, name: str) -> None:
        self.here = here
        self.swarm = swarm
        self.name = name
        self._registry = registry
        self._file = here.root / "environments" / "local.yaml"
        self._text = self._file.read_text()

    def logs_in_as(self, user: str) -> dict[str, str]:
        """Writes the login of the environment's file, and returns what the shell has then."""
        before = "platform:\n"
        assert before in self._text
        login = f"{before}  login: {json.dumps({'registry': self._registry.host, 'user': user})}\n"
        self._file.write_text(self._text.replace(before, login))
        return {"TF_VAR_registry_token": USERS[user][0]}

    def tasks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.swarm.api.tasks(filters={"service": APP})
        return found

    def running(self) -> set[str]:
        return {each["ID"] for each in self.tasks() if each["Status"]["State"] == "running"}

    def loses_its_image(self) -> None:
        """The service has no task for a moment, the node loses the image, and the next task needs it."""
        scale(self.swarm, {APP: 0})
        until(60, lambda: not self.running(), "no task runs")
        until(30, self._no_image, "no image is left")
        scale(self.swarm, {APP: 1})

    def _no_image(self) -> bool:
        """Removes every name that the repository has here; the layers may stay, a pull has to ask for the manifest all the same."""
        for image in self.swarm.api.images():
            for name in [*(image["RepoTags"] or []), *(image["RepoDigests"] or [])]:
                if name.startswith(self.name):
                    # With the last tag, the engine forgets the digest.
                    with suppress(docker.errors.ImageNotFound):
                        self.swarm.api.remove_image(name, force=True)
        left = [name for image in self.swarm.api.images() for name in image["RepoDigests"] or []]
        return not any(name.startswith(self.name) for name in left)

    def refusals(self) -> list[str]:
        """Why tasks could not start."""
        return [each["Status"]["Err"] for each in self.tasks() if each["Status"]["State"] == "rejected"]


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """An image pushed to a registry of our own, deployed with Anna's token."""
    images = lock.load(LOCK_FILE)
    if "redis" not in images:
        absent("no images are built; run `python -m images build`")
    folder = tmp_path / "registry"
    folder.mkdir()
    with private_registry(folder) as registry, connected(ENGINE) as swarm:
        name = f"{registry.host}/try/app"
        digest = pushed(swarm.api, f"{images['redis'].name}:{images['redis'].tag}", name)
        with checkout(tmp_path / "copy", "private_platform", environments=("local",)) as here:
            found = Platform(here, swarm, registry, name)
            here.always(TRY_PRIVATE=f"{name} 1 {digest}", TRY_PORT=str(PORT))
            registry.lets_in("anna", "ben")
            print(here.run("deploy", *LOCAL, env=found.logs_in_as("anna")))
            until(30, answers, "the service answers")
            try:
                yield found
            finally:
                here.start("down", *LOCAL).communicate(timeout=200)
                found._no_image()


def pushed(api: Any, image: str, name: str) -> str:
    """Pushes an image that this machine has under another name; its digest."""
    try:
        api.tag(image, name, tag="1")
    except docker.errors.NotFound:
        absent(f"the image {image} is not on this machine; run `python -m images build`")
    user = "bot"
    login = {"username": user, "password": USERS[user][0]}
    said = list(api.push(name, tag="1", auth_config=login, stream=True, decode=True))
    assert not [each["error"] for each in said if "error" in each]
    return str(next(each["aux"]["Digest"] for each in said if "aux" in each))


def test_the_token_is_rotated_without_a_restart_and_nodes_pull_with_the_new_one(platform: Platform) -> None:
    """First one that somebody revoked too early, then one in order while requests run."""
    here, registry = platform.here, platform._registry
    started = time.monotonic()

    def tell(what: str) -> None:
        print(f"--- {time.monotonic() - started:.0f} s: {what}")

    registry.lets_in("ben")
    platform.loses_its_image()
    until(60, platform.refusals, "a task that cannot pull with the revoked token")
    tell(f"revoked, image lost: {platform.refusals()[-1]}")
    assert not platform.running()

    # The revoked one was Anna's; Ben made the next.
    ben = platform.logs_in_as("ben")
    output = here.run(
        "rotate", *LOCAL, "registry-token", env={**ben, OLD: USERS["anna"][0], OLD_USER: "anna"}
    )
    print(output)
    assert f"{registry.host} accepts the new value and refuses the old one; 1 service has it" in output
    until(30, answers, "the service answers")
    tell("rotated after the old one was revoked: the task pulled and runs")

    anna = platform.logs_in_as("anna")
    old = {OLD: USERS["ben"][0], OLD_USER: "ben"}
    refused = here.run("rotate", *LOCAL, "registry-token", expect=1, env={**anna, **old})
    assert "the registry does not let anna read" in refused and "nothing was changed" in refused

    registry.lets_in("anna", "ben")
    before = platform.running()
    requests = Requests()
    with requests.running():
        plan = here.run("rotate", *LOCAL, "--plan", "registry-token", env={**anna, **old})
        print(plan)
        assert f"new login at {registry.host} for later pulls of 1 service, no task restarts: {APP}" in plan
        assert platform.running() == before
        half = here.run("rotate", *LOCAL, "registry-token", expect=1, env={**anna, **old})
        print(half)
        assert (
            f"it is not done: {registry.host} still accepts the old value. Next: revoke the old one" in half
        )
        registry.lets_in("anna")
        whole = here.run("rotate", *LOCAL, "registry-token", env={**anna, **old})
        print(whole)
        assert "accepts the new value and refuses the old one; 1 service has it" in whole
    tell(f"rotated in order: {requests}")
    assert requests.asked > 50 and requests.failed == 0
    assert platform.running() == before

    platform.loses_its_image()
    until(60, answers, "the service answers from an image that its node pulled anew")
    until(30, lambda: platform.running() - before, "its task is healthy")
    tell("the image lost again: pulled with the new token")

    shown = [refused, output, plan, half, whole, here.state()]
    shown += [json.dumps(platform.swarm.api.services()), json.dumps(platform.tasks())]
    assert not [user for user, (token, _) in USERS.items() for text in shown if token in text]
    assert changes(here, anna) == []


def changes(here: Here, shell: dict[str, str]) -> list[str]:
    """What Terraform would change: nothing, a token is in no plan."""
    output = here.run("plan", *LOCAL, "--json", env=shell)
    stack = json.loads(output[output.index("\n{") :])["stacks"][0]
    return [name for name, count in stack["counts"].items() if count]
