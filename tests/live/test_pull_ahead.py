"""Images that are pulled ahead, by a real engine from a real registry: the login, what a second time costs, and what a task then waits for.

The second test needs a swarm that has no services of these names; the images are built from a program of no size.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker as engine
import pytest

from ops.model.image_name import ImageName
from ops.registry.login import Login, Logins
from ops.registry.pull import NotPulled, has_image, pull
from ops.swarm.moment import seconds_since_1970
from tests.live.checkout import absent
from tests.live.private_registry import USERS, PrivateRegistry, private_registry

pytestmark = [pytest.mark.live(needs=["engine", "docker-registry"]), pytest.mark.proof]

MIB = 1024**2
BALLAST = 64 * MIB
"""Of random bytes, which nothing compresses."""
PASSWORD = USERS["bot"][0]


class Images:
    """Images of a sleeping program in a registry that wants a login; the engine has none of them."""

    def __init__(self, registry: PrivateRegistry, folder: Path) -> None:
        self.registry = registry
        self.api: Any = engine.from_env().api
        self.repository = f"{registry.host}/sprocket/try-pull"
        self._folder = folder

    @property
    def logins(self) -> Logins:
        return Logins({self.registry.host: Login(user="bot", password=PASSWORD, origin="a test")})

    def push(self, tag: str) -> str:
        """One more, by its digest; the engine does not keep it."""
        folder = self._folder / tag
        folder.mkdir()
        (folder / "ballast").write_bytes(os.urandom(BALLAST))
        source = folder / "sleep.c"
        source.write_text("#include <unistd.h>\nint main(void) { for (;;) pause(); }\n")
        subprocess.run(["gcc", "-static", "-o", folder / "sleep", source], check=True, timeout=60)
        (folder / "Dockerfile").write_text('FROM scratch\nCOPY sleep ballast /\nENTRYPOINT ["/sleep"]\n')
        tagged = f"{self.repository}:{tag}"
        words = ["docker", "build", "--quiet", "--tag", tagged, str(folder)]
        subprocess.run(words, check=True, timeout=120, capture_output=True)
        login = {"username": "bot", "password": PASSWORD}
        lines = list(self.api.push(self.repository, tag=tag, stream=True, decode=True, auth_config=login))
        digest = next(line["aux"]["Digest"] for line in lines if "aux" in line)
        self.api.remove_image(tagged, force=True)
        return f"{tagged}@{digest}"

    def remove(self) -> None:
        """All that the engine has of them."""
        for raw in self.api.images():
            for reference in [*(raw["RepoTags"] or []), *(raw["RepoDigests"] or [])]:
                if reference.startswith(self.repository):
                    with suppress(engine.errors.APIError):
                        self.api.remove_image(reference, force=True)


@pytest.fixture
def images(tmp_path: Path) -> Iterator[Images]:
    if shutil.which("gcc") is None:
        absent("there is no gcc, which makes a program of no size")
    with private_registry(tmp_path) as registry:
        made = Images(registry, tmp_path)
        try:
            yield made
        finally:
            made.remove()


def test_an_image_is_pulled_once_and_then_needs_no_registry(images: Images) -> None:
    image = images.push("1")
    assert not has_image(images.api, image)
    wrong = Login(user="bot", password="not-the-password", origin="a test")
    with pytest.raises(NotPulled) as caught:
        pull(images.api, image, Logins({images.registry.host: wrong}))
    assert "not-the-password" not in str(caught.value)
    began = time.monotonic()
    pull(images.api, image, images.logins)
    pulled = time.monotonic() - began
    images.registry.lets_in()
    began = time.monotonic()
    pull(images.api, image, Logins({}))
    again = time.monotonic() - began
    print(
        f"pull of {BALLAST // MIB} MiB: {pulled:.2f} s; where it is there: {again:.3f} s ({again / pulled:.3f})"
    )
    assert again < pulled / 4
    with pytest.raises(NotPulled):
        pull(images.api, f"{images.repository}:2@sha256:{'f' * 64}", images.logins)


def test_what_a_stop_first_service_is_away_for(images: Images) -> None:
    """The same update twice, of images that the node has and has not."""
    if (images.api.info().get("Swarm") or {}).get("LocalNodeState") != "active":
        absent("this engine is in no swarm")
    first, ahead, behind = (images.push(tag) for tag in ("1", "2", "3"))
    header = {"username": "bot", "password": PASSWORD}
    client: Any = engine.from_env()
    pull(images.api, first, images.logins)
    service = client.services.create(
        first, name="try-pull", update_config={"order": "stop-first"}, stop_grace_period=10**9
    )
    try:
        _until_running(service, first)
        pull(images.api, ahead, images.logins)
        with_it = _away(service, ahead, header)
        without = _away(service, behind, header)
    finally:
        service.remove()
        time.sleep(3)
    print(
        f"away for {with_it:.2f} s with the image pulled ahead, {without:.2f} s without ({with_it / without:.2f})"
    )
    assert with_it < without


def _away(service: Any, image: str, login: dict[str, str]) -> float:
    """Seconds from the end of the old task to the start of the new one."""
    api = service.client.api
    service.reload()
    template = {**service.attrs["Spec"]["TaskTemplate"]}
    template["ContainerSpec"] = {**template["ContainerSpec"], "Image": image}
    spec = {**service.attrs["Spec"], "TaskTemplate": template}
    url = api._url("/services/{0}/update", service.id)
    headers = {"X-Registry-Auth": engine.auth.encode_header(login).decode()}
    words = {"version": service.attrs["Version"]["Index"]}
    api._raise_for_status(api._post_json(url, data=spec, params=words, headers=headers))
    new = _until_running(service, image)
    old = max(task["Status"]["Timestamp"] for task in service.tasks() if task["DesiredState"] == "shutdown")
    return seconds_since_1970(new["Status"]["Timestamp"]) - seconds_since_1970(old)


def _until_running(service: Any, image: str) -> Any:
    deadline = time.monotonic() + 90
    digest = ImageName.parse(image).digest
    while time.monotonic() < deadline:
        for task in service.tasks():
            if task["Status"]["State"] == "running" and digest in task["Spec"]["ContainerSpec"]["Image"]:
                return task
        time.sleep(0.2)
    raise AssertionError([task["Status"] for task in service.tasks()])
