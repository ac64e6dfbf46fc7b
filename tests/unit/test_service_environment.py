"""Variables from mounted files, for programs that know nothing else: what is rendered, what a shell makes of it, what is refused."""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sprocket_constructs import ConstructError, GeneratedSecret, SwarmService, SwarmStack

from tests.synthesis import Json, declare, new_stack, only, synth

IMAGE_STARTS = ("tini", "--", "/docker-entrypoint.sh")
SHELLS = {"dash": ("dash",), "bash": ("bash", "--posix"), "busybox": ("busybox", "sh")}
"""What ``/bin/sh`` is on Debian, on Red Hat's line and on Alpine."""

NAMES = st.from_regex(r"X[A-Za-z0-9_]{0,20}", fullmatch=True)
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.text(
    "'\"\\$`\n !*~#;&(){}"
)


def with_variables(stack: SwarmStack, **variables: str) -> SwarmService:
    n8n = declare(stack, "n8n", command=IMAGE_STARTS, args=("start",))
    n8n.reads_environment(variables)
    return n8n


def container(document: Json) -> Json:
    spec: Json = only(document, "docker_service", name="n8n")["task_spec"]["container_spec"]
    return spec


def text_at(service: SwarmService, path: str) -> str:
    (text,) = (mount.file.text for mount in service.file_mounts if mount.at == path)
    return text


class Started:
    """What the task would start, with its files in a folder, under one of the shells."""

    def __init__(self, service: SwarmService, shell: str, folder: Path, *program: str) -> None:
        if shutil.which(SHELLS[shell][0]) is None:
            pytest.skip(f"this machine has no {shell}")
        (_, option, line, name, *_) = service.entry_point
        self.folder = folder
        for mount in service.file_mounts:
            file = folder / mount.at.strip("/").replace("/", "-")
            file.write_bytes(mount.file.text.encode())
            line = line.replace(f". {mount.at};", f". {file};")
        self.command = (*SHELLS[shell], option, line, name, *program)

    def environment(self) -> dict[bytes, bytes]:
        """Of the program, which gets nothing else."""
        run = subprocess.run(
            self.command,
            cwd=self.folder,  # where quotes fail, a shell takes a value for commands and redirections
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            check=True,
            timeout=20,
        )
        return dict(line.split(b"=", 1) for line in run.stdout.split(b"\0") if line)


class TestRendering:
    def test_plain_values_are_in_a_config_and_secret_ones_in_a_secret(self, stack: SwarmStack) -> None:
        password = GeneratedSecret(stack, "password", name="n8n-password")
        with_variables(
            stack, DB_TYPE="postgresdb", DB_URL=f"postgres://n8n:{password}@db/n8n", AN="it's ${HOME}"
        )
        document = synth(stack)
        spec = container(document)
        assert spec["command"] == [
            "/bin/sh", "-c", 'set -ea; . /run/environment; . /run/secrets/environment; exec "$@"', "sh", *IMAGE_STARTS,
        ]  # fmt: skip
        assert spec["args"] == ["start"]
        assert "env" not in spec
        (config,), (secret,) = spec["configs"], spec["secrets"]
        assert (config["file_name"], config["file_mode"]) == ("/run/environment", 0o444)
        assert (secret["file_name"], secret["file_mode"]) == ("/run/secrets/environment", 0o444)
        plain = only(document, "docker_config")
        assert base64.b64decode(plain["data"]).decode() == "AN='it'\\''s ${HOME}'\nDB_TYPE='postgresdb'\n"
        assert re.fullmatch("n8n-env-[0-9a-f]{8}", plain["name"])
        (address,) = (
            name for name, value in document["resource"]["random_password"].items() if "keepers" in value
        )
        assert document["locals"] == {
            "content-n8n-env": f"DB_URL='postgres://n8n:${{random_password.{address}.result}}@db/n8n'\n"
        }

    @pytest.mark.parametrize("secret", [True, False])
    def test_a_file_without_variables_is_not_made(self, stack: SwarmStack, secret: bool) -> None:
        password = GeneratedSecret(stack, "password", name="n8n-password")
        n8n = with_variables(stack, KEY=str(password) if secret else "plain")
        assert [mount.at for mount in n8n.file_mounts] == [
            "/run/secrets/environment" if secret else "/run/environment"
        ]
        assert n8n.entry_point[2] == f'set -ea; . {n8n.file_mounts[0].at}; exec "$@"'
        assert container(synth(stack))["command"][2] == n8n.entry_point[2]

    def test_called_again_it_adds_and_the_order_makes_no_difference(self, stack: SwarmStack) -> None:
        password = GeneratedSecret(stack, "password", name="n8n-password")
        n8n = with_variables(stack, B="2")
        n8n.reads_environment({"KEY": password})
        n8n.reads_environment({"A": "1"})
        assert text_at(n8n, "/run/environment") == "A='1'\nB='2'\n"
        assert text_at(n8n, "/run/secrets/environment") == "KEY='@@secret:n8n-password@@'\n"

    def test_one_variable_may_stand_in_the_spec_beside_them(self, stack: SwarmStack) -> None:
        n8n = with_variables(stack, A="1")
        n8n.sets("NODE_ENV", "production")
        assert container(synth(stack))["env"] == {"NODE_ENV": "production"}

    def test_without_them_the_command_is_the_callers(self, stack: SwarmStack) -> None:
        assert declare(stack, "api", command=("/app",)).entry_point == ("/app",)


@pytest.mark.parametrize("shell", SHELLS)
class TestInAShell:
    @settings(
        deadline=None,
        max_examples=60,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(variables=st.dictionaries(NAMES, VALUES, min_size=1))
    def test_every_value_arrives_as_it_is(
        self, tmp_path: Path, shell: str, variables: dict[str, str]
    ) -> None:
        stack = new_stack()
        started = Started(with_variables(stack, **variables), shell, tmp_path, "env", "-0")
        found = started.environment()
        wanted = {name.encode(): value.encode() for name, value in variables.items()}
        assert {name: found.get(name) for name in wanted} == wanted

    def test_the_shell_becomes_the_program_so_that_term_ends_it(
        self, stack: SwarmStack, tmp_path: Path, shell: str
    ) -> None:
        started = Started(
            with_variables(stack, A="1"), shell, tmp_path, "sh", "-c", "echo ready; exec sleep 60"
        )
        with subprocess.Popen(started.command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == -signal.SIGTERM

    def test_arguments_with_spaces_and_quotes_stay_whole(
        self, stack: SwarmStack, tmp_path: Path, shell: str
    ) -> None:
        words = ("a b", "it's", "$HOME", "", "*")
        started = Started(with_variables(stack, A="1"), shell, tmp_path, "printf", "%s\n", *words)
        run = subprocess.run(
            started.command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=20
        )
        assert run.stdout == "".join(f"{word}\n" for word in words)

    def test_a_file_that_is_missing_ends_the_task(
        self, stack: SwarmStack, tmp_path: Path, shell: str
    ) -> None:
        started = Started(with_variables(stack, A="1"), shell, tmp_path, "echo", "started")
        (tmp_path / "run-environment").unlink()
        run = subprocess.run(
            started.command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=20
        )
        assert run.returncode != 0 and run.stdout == ""
        assert "run-environment" in run.stderr


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1A",
        "a-b",
        "discovery.type",
        "A B",
        "A=B",
        "Ä",
        "A\n",
        "_",
        "UID",
        "PPID",
        "OPTIND",
        "BASH_ENV",
        "SHLVL",
    ],
)
def test_a_name_that_a_shell_cannot_export_is_refused(stack: SwarmStack, name: str) -> None:
    with pytest.raises(ConstructError) as caught:
        with_variables(stack, **{name: "x"})
    assert str(caught.value) == (
        f"test/n8n: variable {name!r} cannot be set by a shell; use letters, digits and underscores, not a digit first "
        "and not a name that shells keep for themselves, such as UID; or put the setting into a file that the program reads"
    )


def test_no_variable_at_all_is_refused(stack: SwarmStack) -> None:
    with pytest.raises(ConstructError) as caught:
        with_variables(stack)
    assert str(caught.value) == "test/n8n: reads no variable; name at least one variable, or remove the call"


def test_the_command_of_the_image_has_to_be_named(stack: SwarmStack) -> None:
    """The engine ignores an image's ENTRYPOINT and CMD where the service has a command, and a shell in front is one."""
    with pytest.raises(ConstructError) as caught:
        declare(stack, "n8n", args=("start",)).reads_environment({"A": "1"})
    assert str(caught.value) == (
        "test/n8n: reads variables from files, but the shell that reads them needs to know what the image starts; "
        "pass command=(...), the image's ENTRYPOINT followed by its CMD, as docker image inspect shows them"
    )


def test_a_variable_that_is_read_twice_is_refused(stack: SwarmStack) -> None:
    n8n = with_variables(stack, A="1")
    with pytest.raises(ConstructError) as caught:
        n8n.reads_environment({"A": "1"})
    assert str(caught.value) == "test/n8n: reads variable A twice; name it once"


@pytest.mark.parametrize("first", ["sets", "reads_environment"])
def test_a_variable_in_the_spec_and_in_a_file_is_refused(stack: SwarmStack, first: str) -> None:
    """The file would win, without a word."""
    n8n = with_variables(stack, OTHER="1")
    verbs = {
        "sets": lambda: n8n.sets("A", "1"),
        "reads_environment": lambda: n8n.reads_environment({"A": "2"}),
    }
    verbs.pop(first)()
    with pytest.raises(ConstructError) as caught:
        verbs.popitem()[1]()
    assert str(caught.value) == (
        "test/n8n: variable A is given to sets() and reads_environment(); use one of them"
    )


def test_what_is_refused_leaves_nothing_behind(stack: SwarmStack) -> None:
    n8n = with_variables(stack, A="1")
    with pytest.raises(ConstructError):
        n8n.reads_environment({"B": "2", "a-b": "3"})
    assert text_at(n8n, "/run/environment") == "A='1'\n"


def test_a_zero_byte_is_refused(stack: SwarmStack) -> None:
    with pytest.raises(ConstructError) as caught:
        with_variables(stack, A="a\0b")
    assert str(caught.value) == "test/n8n: variable A has a zero byte, which ends a variable; leave it out"


def test_what_linux_would_not_pass_on_is_refused(stack: SwarmStack, tmp_path: Path) -> None:
    longest = "ü" * ((131_072 - len("A=") - 1) // 2)
    started = Started(with_variables(stack, A=longest), "dash", tmp_path, "env", "-0")
    assert started.environment()[b"A"] == longest.encode()
    with pytest.raises(ConstructError) as caught:
        stack.services[0].reads_environment({"B": longest + "ü"})
    assert str(caught.value) == (
        "test/n8n: variable B is too long, a variable has less than 131,072 bytes with its name; "
        "put the value into a file that the program reads"
    )
