"""Releases on a real swarm: three deploys, the way back without a registry and without synthesis, and what pruning leaves."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
import pytest

from ops.swarm.containers import Tasks
from ops.swarm.engine import connected
from tests.live.checkout import LOCAL, Here, here, left_over
from tests.live.own_registry import Registry, registry

pytestmark = pytest.mark.live(
    needs=["engine", "terraform", "docker provider", "random provider", "docker-registry"]
)

ENGINE = "unix:///var/run/docker.sock"
TAG = "8.2.9"

LIMIT_S = 60
__all__ = ["here", "registry"]


class Images:
    """Images that differ in a file, in a registry of their own, and on the engine as a node has them: by digest only."""

    def __init__(self, base: str, port: int) -> None:
        self._engine: Any = docker.from_env()
        self._base = base
        self.repository = f"127.0.0.1:{port}/sprocket/try"

    def push(self, number: int) -> str:
        """One more, as TRY_IMAGE names it."""
        # Some bytes of its own, which go with it.
        text = f"FROM {self._base}\nLABEL try={number}\nRUN head -c 3000000 /dev/urandom > /srv/try\n"
        tagged = f"{self.repository}:{TAG}"
        subprocess.run(["docker", "build", "--quiet", "--tag", tagged, "-"], input=text, text=True, check=True, capture_output=True)  # fmt: skip
        pushed = subprocess.run(["docker", "push", tagged], check=True, capture_output=True, text=True).stdout
        digest = pushed.partition("digest: ")[2].split()[0]
        # The tag and its image go: a node pulls what it runs.
        self._engine.api.remove_image(tagged, force=True)
        return f"{self.repository} {TAG} {digest}"

    def pull(self, image: str) -> None:
        """As a task does that runs it."""
        name, _, digest = image.split()
        subprocess.run(["docker", "pull", "--quiet", f"{name}@{digest}"], check=True, capture_output=True)

    def on_engine(self) -> set[str]:
        """Digests of those that the engine has."""
        found = [
            each for raw in self._engine.api.images(self.repository) for each in raw["RepoDigests"] or []
        ]
        return {each.partition("@")[2] for each in found if each.startswith(f"{self.repository}@")}

    def remove(self) -> None:
        """All of them."""
        for digest in self.on_engine():
            self._engine.api.remove_image(f"{self.repository}@{digest}", force=True)


@pytest.fixture
def images(here: Here, registry: Registry) -> Iterator[Images]:
    for file in (here.root / "environments").glob("*.yaml"):
        # Each deploy checks all environments, which takes longest and is not what is shown here.
        if file.name != "local.yaml":
            file.unlink()
    name, _, digest = here.image.split()
    images = Images(f"{name}@{digest}", registry.port)
    try:
        yield images
    finally:
        here.run("purge", *LOCAL, "--confirm", "local", TRY_IMAGE=here.image)
        images.remove()


@contextmanager
def unable_to_synthesize(here: Here) -> Iterator[None]:
    """A clone whose code is broken, and that has synthesized nothing yet."""
    file = here.root / "main.py"
    program = file.read_text()
    shutil.rmtree(here.root / "cdktf.out")
    file.write_text("raise SystemExit('broken')\n")
    try:
        yield
    finally:
        file.write_text(program)


def page() -> tuple[str, str]:
    """The file that the page's task reads, and the image of its service."""
    with connected(ENGINE) as swarm:
        tasks = Tasks(swarm)
        container = tasks.container("try-page")
        assert container is not None
        (raw,) = swarm.api.services(filters={"name": "try-page"})
        image = raw["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]
        return tasks.run(container, "cat", "/etc/page.conf").output, str(image).partition("@")[2]


def test_three_releases_and_the_way_back_without_a_registry(
    here: Here, images: Images, registry: Registry
) -> None:
    pushed = [images.push(number) for number in (1, 2, 3)]
    digests = [each.split()[2] for each in pushed]
    for number, image in enumerate(pushed, 1):
        here.run("deploy", *LOCAL, "--stable", "1", TRY_IMAGE=image, TRY_CONF=f"a: {number}\n")
        assert page() == (f"a: {number}\n", digests[number - 1])
    unneeded = images.push(4)
    images.pull(unneeded)
    assert images.on_engine() == {*digests, unneeded.split()[2]}
    registry.stop()

    listed = json.loads(here.run("releases", *LOCAL, "--json"))
    assert [(each["number"], each["outcome"], each["current"]) for each in listed] == [
        (3, "converged", True),
        (2, "converged", False),
        (1, "converged", False),
    ]
    assert listed[0]["changes"] == "image of try-page, try-store"
    seconds = {}
    with unable_to_synthesize(here):
        for words, conf, digest in (
            (("--to", "1"), "a: 1\n", digests[0]),
            (("--to", "2", "--service", "try-page"), "a: 2\n", digests[1]),
        ):
            started = time.monotonic()
            shown = here.run("rollback", *LOCAL, *words)
            seconds[" ".join(words)] = time.monotonic() - started
            assert "local is back at release" in shown, shown
            assert page() == (conf, digest)
    print("\nrollback without a registry, 10 s of watching included:")
    for what, took in seconds.items():
        print(f"  {what}: {took:.1f} s")
        assert took <= LIMIT_S

    listed = json.loads(here.run("releases", *LOCAL, "--json"))
    assert [each["cause"] for each in listed[:2]] == ["rollback of try-page to 2", "rollback to 1"]
    with connected(ENGINE) as swarm:
        (store,) = swarm.api.services(filters={"name": "try-store"})
        volumes = swarm.names("volume")
        stray = swarm.api.create_config("try-page-conf-0badcafe", b"left by a broken apply")["ID"]
    assert digests[0] in store["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"], "the store stayed"

    shown = here.run("prune", *LOCAL, "--yes")
    assert f"image {images.repository}@{unneeded.split()[2]}" in shown
    assert "1 image removed, 3.0 MB freed" in shown
    assert images.on_engine() == set(digests), "what the releases name stays"
    with connected(ENGINE) as swarm:
        assert swarm.names("volume") == volumes
        assert stray not in swarm.names("config").values()
    assert "nothing to remove" in here.run("prune", *LOCAL, "--yes")

    # Terraform's next plan knows of no difference to the release that it went back to.
    here.run("rollback", *LOCAL, "--to", "1", "--stable", "1")
    none = {"add": 0, "change": 0, "replace": 0, "destroy": 0}
    assert here.counts(TRY_IMAGE=pushed[0], TRY_CONF="a: 1\n") == none


def test_a_purge_takes_the_releases_along(here: Here) -> None:
    here.run("deploy", *LOCAL, "--stable", "1")
    folder = here.root / ".sprocket" / "state" / "local-services.releases"
    assert (folder / "000001.json").is_file()
    password = here.state().partition('"result": "')[2].partition('"')[0]
    assert password
    kept = [gzip.decompress(file.read_bytes()).decode() for file in folder.glob("*.gz")]
    assert kept and not any(password in text for text in kept), "a release holds no secret"
    here.run("purge", *LOCAL, "--confirm", "local")
    assert not folder.exists() and left_over() == []
