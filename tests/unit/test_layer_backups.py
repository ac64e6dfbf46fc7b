"""The backup jobs of Postgres, Grafana and Let's Encrypt: what they may reach, and what they are given."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sprocket_constructs import BackupJob, ConstructError, GeneratedSecret, NoBackup, SwarmApp

from layers.images import LOCK, ImageCatalog
from layers.loading import load_environment
from layers.services import ServicesStack
from layers.site import Site
from tests.policy.rules import services
from tests.stacks.synthesis import ALL, altered, built, declared, placeholder_lock, service, text_at

SCRIPT = "/etc/sprocket/backup.sh"


def job(stack: ServicesStack, store: str) -> BackupJob:
    found = service(stack, f"{store}-backup")
    assert isinstance(found, BackupJob)
    return found


def sources(environment: str, name: str) -> dict[str, str]:
    (found,) = (each for each in services(environment) if each.name == name)
    return {mount.target: mount.source for mount in found.mounts}


# -- Postgres ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_postgres_password_is_a_file_that_the_jobs_user_alone_reads(environment: str) -> None:
    made = job(declared(environment), "postgres")
    (passfile,) = (mount for mount in made.file_mounts if mount.at == "/run/secrets/pgpass")
    assert (passfile.mode, passfile.uid, made.user) == (0o400, 70, "70:70")
    assert "@@secret:" not in text_at(declared(environment), "postgres-backup", SCRIPT)


def test_postgres_in_the_swarm_is_reached_on_its_own_network_alone() -> None:
    made = job(declared("local"), "postgres")
    assert set(made.servers) == {"postgres"}
    assert not made.internet_reasons
    assert made.labels["backup.stops"] == "clients"
    assert "postgres-keeper" in {each.name for each in made.waits_for}


def test_a_managed_postgres_is_dumped_by_tls_as_its_owner() -> None:
    made = job(declared("prod"), "postgres")
    assert "backup.server" not in made.labels
    assert made.internet_reasons == ("the managed Postgres is outside the swarm",)
    text = text_at(declared("prod"), "postgres-backup", SCRIPT)
    assert "PGHOST=db.sprocket.mlesports.gg PGPORT=25060 PGUSER=doadmin PGDATABASE=defaultdb" in text
    assert "PGSSLMODE=require" in text


def test_every_declared_database_is_copied_and_goes_back_to_its_owner() -> None:
    stack = declared("staging")
    text = text_at(stack, "postgres-backup", SCRIPT)
    (line,) = (line for line in text.splitlines() if line.startswith("databases="))
    names = line.removeprefix('databases="').removesuffix('"').split()
    assert len(names) == 2, "of two instances"
    for name in names:
        assert f"        {name}) echo {name} ;;" in text
    assert f"^({'|'.join(names)})_(restoring|replaced_[0-9]+)$" in text, "nothing else is dropped"


@pytest.mark.parametrize("name", ["a" * 44, "league_restoring", "league_replaced_1"])
def test_a_database_leaves_room_for_the_name_of_what_a_restore_replaces(name: str) -> None:
    stack = built(altered("local", lambda document: None))
    password = GeneratedSecret(stack, "p", name="other-password")
    with pytest.raises(ConstructError) as caught:
        stack.data.postgres.database(name, owner="me", password=password)
    assert str(caught.value).endswith(
        f"database name {name} leaves no name for what a restore replaces; use at most 43 characters, and not one that ends "
        "with _restoring or _replaced_<number>"
    )
    stack.data.postgres.database("a" * 43, owner="me", password=password)


# -- files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("store", "server", "at"),
    [("grafana", "grafana", "/var/lib/grafana"), ("letsencrypt", "traefik", "/letsencrypt")],
)
def test_files_are_copied_from_where_the_server_has_them_and_nothing_is_reached(
    store: str, server: str, at: str
) -> None:
    stack = declared("local")
    made, owner = job(stack, store), service(stack, server)
    assert sources("local", f"{store}-backup")[at] == sources("local", server)[at]
    assert not made.servers and not made.internet_reasons
    assert made.labels["backup.stops"] == "server"
    assert owner in made.waits_for, "the first copy has something in it"
    assert made.image == owner.image


def test_grafanas_database_in_postgres_is_copied_there() -> None:
    def in_postgres(document: dict[str, Any]) -> None:
        document["data"]["grafana"] = {"database": "postgres"}

    stack = built(altered("local", in_postgres))
    (decision,) = (mount.backup for mount in service(stack, "grafana").data_mounts if mount.backup)
    assert decision == NoBackup(because="its database is in Postgres, and is copied there")
    assert "grafana" in text_at(stack, "postgres-backup", SCRIPT)


# -- stand-ins -------------------------------------------------------------------------------------------------


def with_stand_in(name: str, folder: Path, *, environment: str = "local") -> ServicesStack:
    """The stack where the lock of packages says that one image is a stand-in."""
    settings = load_environment(environment)
    lock = YAML(typ="safe").load(placeholder_lock())
    lock["images"][name]["kind"] = "stand-in"
    YAML().dump(lock, folder / "images.packages.lock.yaml")
    catalog = ImageCatalog(settings, packages_lock=folder / "images.packages.lock.yaml")
    (folder / "acme-ca.packages.pem").write_text("placeholder of a certificate\n")
    return ServicesStack(SwarmApp(outdir=str(folder)), Site(settings, images=catalog))


def test_a_stand_in_is_not_copied_and_its_job_says_so(tmp_path: Path) -> None:
    stack = with_stand_in("influxdb", tmp_path)
    made = job(stack, "influxdb")
    why = "influxdb is a stand-in here, which keeps nothing"
    assert (made.skips, made.labels["backup.skips"]) == (why, why)
    assert made.in_words == f"not copied: {why}"
    script = text_at(stack, "influxdb-backup", SCRIPT)
    assert f'echo "not copied: {why}"' in script
    assert "influx backup" not in script and "failed" not in script
    sender = text_at(stack, "backup-sender", "/etc/sprocket/sender.sh")
    assert "report redis 86400" in sender and "report influxdb" not in sender, "no alarm about a late copy"
    assert "influxdb) user=" in sender, "its spool is the job's all the same"
    assert job(stack, "redis").skips == ""


@pytest.mark.parametrize("shell", ["dash", "busybox"])
def test_a_job_that_copies_nothing_is_healthy_and_ends_at_once(tmp_path: Path, shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"no {shell} is here")
    text = text_at(with_stand_in("influxdb", tmp_path), "influxdb-backup", SCRIPT)
    text = text.replace("/tmp/started", f"{tmp_path}/started").replace("spool=/spool", f"spool={tmp_path}")
    (tmp_path / "job.sh").write_text(text)
    words = [*(["busybox", "ash"] if shell == "busybox" else [shell]), str(tmp_path / "job.sh")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "not copied: influxdb is a stand-in here, which keeps nothing\n"
        assert (tmp_path / "started").exists()
        process.terminate()
        assert process.wait(5) == 143


@pytest.mark.parametrize(
    "environment", [name for name in ALL if load_environment(name).images.source == "lock"]
)
def test_where_images_come_from_the_lock_no_store_is_left_out(environment: str, tmp_path: Path) -> None:
    found = [each for each in declared(environment).services if isinstance(each, BackupJob)]
    assert found and not any(each.skips for each in found)
    lock = YAML(typ="safe").load(LOCK)
    for entry in lock["images"].values():
        entry["kind"] = "stand-in"
    YAML().dump(lock, tmp_path / "images.lock.yaml")
    catalog = ImageCatalog(load_environment(environment), lock=tmp_path / "images.lock.yaml")
    assert not catalog.image("influxdb").lacks, "the word alone leaves no store out"
