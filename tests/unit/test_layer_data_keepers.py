"""The keepers' scripts, run by a real shell against programs that only write down what they are asked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.stacks.synthesis import ALL, declared, service, text_at

SCRIPT = "/etc/sprocket/keeper.sh"


def scripts(environment: str) -> list[tuple[str, str]]:
    """(service, text) of everything that a shell runs in the data layer."""
    return [
        (s.name, mount.file.text)
        for s in declared(environment).services
        if "/data/" in s.node.path
        for mount in s.file_mounts
        if mount.at.endswith(".sh")
    ]


@pytest.mark.parametrize("environment", ALL)
def test_scripts_are_shell_and_stop_at_the_first_error(environment: str) -> None:
    assert len(scripts(environment)) >= 4
    for name, text in scripts(environment):
        checked = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True, check=False)
        assert checked.returncode == 0, (name, checked.stderr)
        assert text.startswith("#!/bin/sh\n") and "\nset -eu\n" in text, name


class Place:
    """A folder that stands for the task's file system: files where the script looks, programs that keep their words."""

    def __init__(self, folder: Path, keeper: str, *, script: str = SCRIPT) -> None:
        self.folder = folder
        self.log = folder / "log"
        stack = declared("local")
        for mount in service(stack, keeper).file_mounts:
            target = folder / mount.at.removeprefix("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(mount.file.text.replace("@@secret:", "value-of-").replace("@@", ""))
        text = text_at(stack, keeper, script)
        text = re.sub(
            r"/run/secrets|/etc/sprocket|/var/lib/grafana|/run\.sh|/tmp(?=/)",
            lambda match: f"{folder}{match[0]}",
            text,
        )
        # The end of the script stays for ever; what it did is over by then.
        self.script = text.replace("while :; do", "exit 0; while :; do")
        (folder / "bin").mkdir()
        (folder / "tmp").mkdir()

    def program(self, name: str, body: str = "") -> None:
        path = self.folder / "bin" / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> {self.log}\n{body}\n')
        path.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder}/bin:/usr/bin:/bin"
        command = ["sh", "-c", self.script]
        return subprocess.run(
            command, env={"PATH": path}, text=True, capture_output=True, check=False, timeout=60
        )

    @property
    def said(self) -> list[str]:
        return self.log.read_text().splitlines()

    @property
    def is_done(self) -> bool:
        return (self.folder / "tmp/done").exists()


USERS = """case "$*" in
  *"policy attach"*) echo "The specified policy change is already in effect." >&2; exit 1 ;;
  *"user list"*) cat <<'END'
{"status":"success","accessKey":"value-of-s3-access-key","policyName":"sprocket-s3-access-key","userStatus":"enabled"}
{"status":"success","accessKey":"OLDKEY","policyName":"sprocket-s3-access-key","userStatus":"enabled"}
{"status":"success","accessKey":"SOMEBODYELSES","policyName":"readonly","userStatus":"enabled"}
END
esac"""

USERS_OVER_LINES = """case "$*" in
  *"user list"*) cat <<'END'
{
 "status": "success",
 "accessKey": "OLDKEY",
 "policyName": "sprocket-s3-access-key",
 "userStatus": "enabled"
}
END
esac"""


@pytest.mark.parametrize("users", [USERS, USERS_OVER_LINES])
def test_minio_keeper_makes_buckets_and_users_and_removes_old_keys(tmp_path: Path, users: str) -> None:
    place = Place(tmp_path, "minio-keeper")
    place.program("mc", users)
    done = place.run()
    assert done.returncode == 0 and place.is_done, done.stderr
    said = "\n".join(place.said)
    assert "mb --ignore-existing store/" in said and "anonymous set none store/" in said
    assert [line for line in place.said if "user remove" in line] == [
        "mc --quiet admin user remove store OLDKEY"
    ]
    assert "value-of-minio-root-password" not in said and "value-of-s3-secret-key" not in said


def test_minio_keeper_stops_with_the_reason(tmp_path: Path) -> None:
    place = Place(tmp_path, "minio-keeper")
    place.program("mc", 'case "$*" in *"policy attach"*) echo "no such policy" >&2; exit 1 ;; esac')
    done = place.run()
    assert done.returncode == 1 and not place.is_done
    assert done.stderr == "error: policy sprocket-s3-access-key cannot be attached: no such policy\n"


def test_postgres_keeper_has_no_password_on_a_command_line(tmp_path: Path) -> None:
    place = Place(tmp_path, "postgres-keeper")
    place.program("psql", f"cat >> {tmp_path}/sql; echo >> {tmp_path}/sql")
    done = place.run()
    assert done.returncode == 0 and place.is_done, done.stderr
    assert place.said == ["psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1"]
    sql = (tmp_path / "sql").read_text()
    assert "value-of-" not in sql, "passwords are read by psql itself"
    assert sql.count("WHERE NOT EXISTS") == sql.count("CREATE "), "everything may be there already"
    assert 'REVOKE ALL ON DATABASE :"database" FROM PUBLIC;' in sql


def test_postgres_keeper_is_red_when_psql_fails(tmp_path: Path) -> None:
    place = Place(tmp_path, "postgres-keeper")
    place.program("psql", 'echo "FATAL: password authentication failed" >&2; exit 2')
    done = place.run()
    assert done.returncode == 2 and not place.is_done and "authentication failed" in done.stderr


CURL = r"""for last; do :; done
case "$last" in
  */api/v2/orgs*) echo '{"links": {}, "orgs": [{"id": "00000000000000aa", "name": "sprocket"}]}' ;;
  */api/v2/users\?name=admin) echo '{"links": {}, "users": [{"links": {}, "id": "00000000000000ad", "name": "admin"}]}' ;;
  */api/v2/buckets\?*telegraf) echo '{"buckets": [{"id": "00000000000000b1", "orgID": "00000000000000aa"}]}' ;;
  */api/v2/buckets\?*) echo 'curl: (22) 404' >&2; exit 22 ;;
  */authorizations\?*) exit 22 ;;
  */private/legacy/authorizations) echo '{"id": "00000000000000c1", "token": "x"}' ;;
esac"""


def test_influxdb_keeper_makes_what_is_missing_and_changes_what_is_there(tmp_path: Path) -> None:
    place = Place(tmp_path, "influxdb-keeper")
    place.program("curl", CURL)
    done = place.run()
    assert done.returncode == 0 and place.is_done, done.stderr
    said = "\n".join(place.said)
    assert "--request PATCH" in said and "/api/v2/buckets/00000000000000b1" in said
    assert said.count("--request POST --header") >= 3
    assert "/private/legacy/authorizations/00000000000000c1/password" in said
    (password,) = [line for line in place.said if line.endswith("/api/v2/users/00000000000000ad/password")]
    assert f"--data @{tmp_path}/run/secrets/influxdb-admin-password" in password
    assert "value-of-" not in said, "token and passwords are in files"
    assert f"--data @{tmp_path}/run/secrets/influxdb-user-telegraf" in said


def test_influxdb_keeper_names_a_missing_organization(tmp_path: Path) -> None:
    place = Place(tmp_path, "influxdb-keeper")
    place.program("curl", "exit 22")
    done = place.run()
    assert done.returncode == 1 and not place.is_done
    assert "error: there is no organization sprocket" in done.stderr


def test_a_keeper_is_not_done_before_its_work_is(tmp_path: Path) -> None:
    """A task that starts over in the same container must not look done from the first time."""
    place = Place(tmp_path, "postgres-keeper")
    (tmp_path / "tmp/done").touch()
    place.program("psql", "exit 1")
    assert place.run().returncode == 1 and not place.is_done


# -- Grafana's start ---------------------------------------------------------------------------------------------


class Grafana(Place):
    """The start script of Grafana, the server being a program that says so."""

    def __init__(self, folder: Path, *, cli: str = "") -> None:
        super().__init__(folder, "grafana", script="/etc/sprocket/start.sh")
        self.data = folder / "var/lib/grafana"
        self.data.mkdir(parents=True)
        self.program("grafana", cli or f"cat >> {folder}/passwords")
        server = folder / "run.sh"
        server.write_text("#!/bin/sh\necho the server runs\n")
        server.chmod(0o755)

    def password(self, value: str) -> None:
        (self.folder / "run/secrets/grafana-password").write_text(value)

    @property
    def set_passwords(self) -> str:
        file = self.folder / "passwords"
        return file.read_text() if file.exists() else ""


def test_grafana_sets_its_password_when_the_file_has_another_one_and_only_then(tmp_path: Path) -> None:
    grafana = Grafana(tmp_path)
    for value in ("first", "first", "second", "second"):
        grafana.password(value)
        done = grafana.run()
        assert done.returncode == 0 and "the server runs" in done.stdout, done.stderr
    assert grafana.set_passwords == "second", "the first one is taken from the file at the set-up"
    (said,) = grafana.said
    assert said.endswith("admin reset-admin-password --password-from-stdin") and "second" not in said
    assert "second" not in (grafana.data / ".password-set-last").read_text()


def test_grafana_starts_with_the_old_password_where_the_new_one_cannot_be_set_and_tries_again(
    tmp_path: Path,
) -> None:
    grafana = Grafana(tmp_path, cli="exit 1")
    for value in ("first", "second", "second"):
        grafana.password(value)
        done = grafana.run()
        assert done.returncode == 0 and "the server runs" in done.stdout
    assert len(grafana.said) == 2
    assert "warning: the password of admin could not be set; it stays as it was" in done.stderr
