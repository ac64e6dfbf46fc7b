"""Three services on a real swarm: what an apply, a change and switching off really do.

They stand on the image of redis that was built from packages, of which only the shell is used. Everything
made here is called ``unit-<random>-...`` and removed at the end.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sprocket_constructs import (
    GeneratedSecret,
    HealthCheck,
    Image,
    LocalBackend,
    LocalVolume,
    Lock,
    NoBackup,
    NodeSelector,
    Resources,
    Scale,
    Stop,
    SwarmApp,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    SwarmStack,
    UpdatePolicy,
)

from images import LOCK_FILE
from images.builder import lock
from tests.live.workspace import Workspace
from tests.synthesis import SOCKET, written

pytestmark = pytest.mark.live

CONFIG = "greeting: ${HOME} %{x} $1\n"
LEAVES_AT_ONCE = ("/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done # ${HOME}")
VARIABLES = {
    "WITH_SPACES": " two  words ",
    "WITH_DOLLARS": "${HOME} $1 $(id) %{x}",
    "WITH_QUOTES": """it's "both" \\'""",
    "WITH_BACKQUOTE": "`id`",
    "WITH_LINES": "first\nsecond\n",
    "WITH_PLACEHOLDER": "{{.Node.Hostname}}",
    "WITH_UMLAUT": "Müller",
    "EMPTY": "",
}
"""Eight of ten; the others are the greeting, which changes, and the password."""

TRIFLE = Resources(cpu_limit=0.5, memory_limit="32MiB", cpu_reservation=0.01, memory_reservation="8MiB")


class Deployment:
    """A server with data and files, a client of it, and a program with ten variables, below names of their own."""

    def __init__(self, folder: Path, image: Image) -> None:
        self.prefix = f"unit-{secrets.token_hex(4)}"
        self.server = f"{self.prefix}-server"
        self.client = f"{self.prefix}-client"
        self.program = f"{self.prefix}-program"
        self._folder = folder
        self._image = image
        self._count = 0

    def stack(self, *, replicas: int = 1, label: str = "one", greeting: str = "hello") -> SwarmStack:
        """Declared anew for each deploy, as by another run of cdktf."""
        self._count += 1
        app = SwarmApp(outdir=str(self._folder / str(self._count)))
        stack = SwarmStack(app, self.prefix, docker_host=os.environ.get("DOCKER_HOST", SOCKET))
        LocalBackend(stack, path=str(self._folder / "terraform.tfstate"))
        server = self._service(stack, "server", UpdatePolicy.stop_first(), listens={"http": 80})
        volume = LocalVolume(stack, "volume", name=f"{self.prefix}-data", held_by=NodeSelector.managers())
        server.stores(volume, at="/data", backup=NoBackup(because="a test"), lock=Lock.none(because="a test"))
        password = GeneratedSecret(stack, "password", name="password")
        name = f"{self.prefix}-file"
        server.reads(
            SwarmSecret(stack, "secret", name=name, content=f"pw=${password}\n"), at="/run/secrets/pw"
        )
        server.reads(SwarmConfig(stack, "config", name=name, content=CONFIG), at="/etc/greeting", mode=0o400)
        client = self._service(stack, "client", UpdatePolicy.start_first(), scale=Scale(replicas=replicas))
        client.connect_to(server)
        client.sets("HOME_PAGE", "${HOME}")
        client.label("unit.test", label)
        program = self._service(stack, "program", UpdatePolicy.stop_first())
        program.reads_environment({**VARIABLES, "GREETING": greeting, "URL": f"amqp://u:{password}@server"})
        return stack

    def _service(
        self,
        stack: SwarmStack,
        id_: str,
        update: UpdatePolicy,
        *,
        scale: Scale = Scale(),
        listens: dict[str, int] | None = None,
    ) -> SwarmService:
        check = HealthCheck.command("true").every("1s", timeout="2s", retries=3, start_period="10s")
        return SwarmService(
            stack,
            id_,
            name=f"{self.prefix}-{id_}",
            alias=id_,
            image=self._image,
            health=check,
            resources=TRIFLE,
            update=update.watched_for("1s"),
            stop=Stop(grace="10s"),
            command=LEAVES_AT_ONCE,
            scale=scale,
            listens=listens,
        )

    def workspace(self, stack: SwarmStack) -> Workspace:
        """Terraform where the stack was written; state is one for all."""
        workspace = Workspace(written(stack))
        workspace.init()
        return workspace

    def apply(self, **settings: object) -> Workspace:
        """Deploys with these settings."""
        workspace = self.workspace(self.stack(**settings))  # type: ignore[arg-type]
        workspace.apply()
        return workspace

    def tasks(self, service: str) -> set[str]:
        """Ids of the tasks that run."""
        return set(docker("service", "ps", "-q", "--no-trunc", "-f", "desired-state=running", service))

    def container(self, service: str) -> str:
        """Id of the one container of a service."""
        (found,) = docker("ps", "-q", "--filter", f"label=com.docker.swarm.service.name={service}")
        return found

    def remove(self) -> None:
        """Takes everything away, also what Terraform no longer knows."""
        try:
            self.workspace(self.stack()).destroy()
        finally:
            for kind in ("service", "network", "config", "secret", "volume"):
                found = docker(kind, "ls", "-q", "--filter", f"name={self.prefix}")
                if found:
                    docker(kind, "rm", *found)


def password_in(workspace: Workspace) -> str:
    """The generated one, from state."""
    (password,) = (
        each["values"]["result"] for each in workspace.resources() if each["name"].startswith("password")
    )
    return str(password)


def docker(*words: str) -> list[str]:
    """Lines that a docker command prints."""
    run = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=60, check=True)
    return run.stdout.splitlines()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    entry = lock.load(LOCK_FILE).get("redis")
    if entry is None:
        reason = f"{LOCK_FILE.name} has no image; run `python -m images build`"
        if os.environ.get("REQUIRE_LIVE") == "1":
            pytest.fail(f"REQUIRE_LIVE=1, but {reason}")
        pytest.skip(reason)
    image = Image(name=entry.name, tag=entry.tag, digest=entry.digest)
    deployment = Deployment(tmp_path_factory.mktemp("unit"), image)
    try:
        deployment.apply()
        yield deployment
    finally:
        deployment.remove()


def test_after_an_apply_the_next_plan_is_empty(deployment: Deployment) -> None:
    assert deployment.apply().changes() == {}
    assert len(deployment.tasks(deployment.client)) == len(deployment.tasks(deployment.server)) == 1


def test_files_arrive_as_they_were_written(deployment: Deployment) -> None:
    workspace = deployment.apply()
    password = password_in(workspace)
    container = deployment.container(deployment.server)
    assert docker("exec", container, "cat", "/run/secrets/pw") == [f"pw=${password}"]
    assert docker("exec", container, "cat", "/etc/greeting") == CONFIG.splitlines()
    assert docker("exec", container, "stat", "-c", "%a", "/etc/greeting", "/run/secrets/pw") == ["400", "444"]


def test_a_client_resolves_its_server_by_alias(deployment: Deployment) -> None:
    deployment.apply()
    container = deployment.container(deployment.client)
    assert docker("exec", container, "getent", "hosts", "server")
    assert docker("exec", container, "printenv", "HOME_PAGE") == ["${HOME}"]


def test_another_replica_restarts_nothing(deployment: Deployment) -> None:
    deployment.apply()
    before = deployment.tasks(deployment.client)
    workspace = deployment.apply(replicas=2)
    after = deployment.tasks(deployment.client)
    assert len(after) == 2
    assert before < after
    assert workspace.changes() == {}


def test_a_label_changes_in_place_and_restarts_nothing(deployment: Deployment) -> None:
    deployment.apply(label="one")
    before = deployment.tasks(deployment.client)
    workspace = deployment.workspace(deployment.stack(label="two"))
    assert list(workspace.changes().values()) == [["update"]]
    workspace.apply()
    spec = json.loads("\n".join(docker("service", "inspect", deployment.client)))[0]["Spec"]
    assert spec["Labels"]["unit.test"] == "two"
    assert deployment.tasks(deployment.client) == before


def environment_of(container: str) -> dict[str, str]:
    """Of its first process, which is the program itself."""
    lines = "\n".join(docker("exec", container, "cat", "/proc/1/environ")).split("\0")
    return dict(line.split("=", 1) for line in lines if line)


def test_a_program_that_knows_only_variables_gets_ten_and_nobody_else_sees_them(
    deployment: Deployment,
) -> None:
    workspace = deployment.apply(greeting="hello")
    container, password = deployment.container(deployment.program), password_in(workspace)
    wanted = {**VARIABLES, "GREETING": "hello", "URL": f"amqp://u:{password}@server"}
    assert len(wanted) == 10
    assert wanted.items() <= environment_of(container).items()
    seen = "\n".join((*docker("service", "inspect", deployment.program), *docker("inspect", container)))
    assert "GREETING" not in seen
    assert password not in seen
    assert not wanted.keys() & {line.partition("=")[0] for line in docker("exec", container, "env")}


def test_a_changed_variable_restarts_each_task_once(deployment: Deployment) -> None:
    deployment.apply(greeting="hello")
    before = set(docker("service", "ps", "-q", "--no-trunc", deployment.program))
    (old,) = deployment.tasks(deployment.program)
    workspace = deployment.workspace(deployment.stack(greeting="hello again"))
    changed = {address.partition(".")[0]: actions for address, actions in workspace.changes().items()}
    assert changed == {"docker_config": ["create", "delete"], "docker_service": ["update"]}
    workspace.apply()
    assert environment_of(deployment.container(deployment.program))["GREETING"] == "hello again"
    assert len(set(docker("service", "ps", "-q", "--no-trunc", deployment.program)) - before) == 1
    (ended,) = docker("inspect", "--type", "task", "-f", "{{.Status.ContainerStatus.ExitCode}}", old)
    assert ended == "0", "SIGTERM did not reach the program"
    assert workspace.changes() == {}


def test_switching_off_leaves_volumes_and_passwords(deployment: Deployment) -> None:
    def kept(workspace: Workspace) -> list[tuple[str, str]]:
        return sorted(
            (each["address"], each["values"].get("result") or each["values"]["name"])
            for each in workspace.resources()
            if each["type"] in ("random_password", "docker_volume")
        )

    on = kept(deployment.apply())
    stack = deployment.stack()
    stack.switch_off()
    workspace = deployment.workspace(stack)
    workspace.apply()
    # terraform_data: which version the volume's data was last run with.
    left = {each["type"] for each in workspace.resources()}
    assert left == {"random_password", "docker_volume", "terraform_data"}
    assert kept(workspace) == on
    assert docker("service", "ls", "-q", "--filter", f"name={deployment.prefix}") == []
    assert docker("network", "ls", "-q", "--filter", f"name={deployment.prefix}") == []
    assert docker("volume", "ls", "-q", "--filter", f"name={deployment.prefix}") == [
        f"{deployment.prefix}-data"
    ]
    assert kept(deployment.apply()) == on
