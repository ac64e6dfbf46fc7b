"""What copies the stores of the data layer: what each job may, knows and says."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sprocket_constructs import ConstructError

from layers.data.minio import LIST, MAKE, READ, WRITE
from tests.stacks.synthesis import altered, built, declared, json_at, service, text_at
from tests.unit.test_layer_data import spaces

SCRIPT = "/etc/sprocket/backup.sh"
ALIASES = "/run/secrets/buckets.json"

# -- buckets -------------------------------------------------------------------------------------------------


def test_who_copies_buckets_opens_them_and_may_make_them_again_and_no_more() -> None:
    stack = declared("staging")
    policy = json_at(stack, "minio-keeper", "/etc/sprocket/policies/minio-backup-access-key.json")
    buckets = [f"arn:aws:s3:::{bucket.name}" for bucket in stack.data.object_storage.buckets]
    assert len(buckets) == 4
    may = {
        (action, arn) for one in policy["Statement"] for action in one["Action"] for arn in one["Resource"]
    }
    assert may == {(action, arn) for action in (*LIST, *MAKE) for arn in buckets} | {
        (action, f"{arn}/*") for action in (*READ, *WRITE) for arn in buckets
    }
    assert "account sprocket-minio-backup-access-key " in text_at(
        stack, "minio-keeper", "/etc/sprocket/keeper.sh"
    )
    aliases = json_at(stack, "minio-backup", ALIASES)["aliases"]
    assert set(aliases) == {"minio-backup-access-key"}
    assert aliases["minio-backup-access-key"]["url"] == "http://minio:9000"


def test_buckets_of_spaces_are_copied_with_their_own_keys() -> None:
    stack = built(altered("staging", spaces))
    job = service(stack, "minio-backup")
    assert "copies the buckets of Spaces" in job.internet_reasons and job.servers == {}
    aliases = json_at(stack, "minio-backup", ALIASES)["aliases"]
    assert {alias["url"] for alias in aliases.values()} == {"https://nyc3.digitaloceanspaces.com"}
    text = text_at(stack, "minio-backup", SCRIPT)
    asked = {
        tuple(words[1].split("/"))
        for words in map(str.split, text.splitlines())
        if words[:1] == ['"$@"'] and len(words) == 4
    }
    assert asked == {
        (account.name, bucket) for account in stack.data.object_storage.accounts for bucket in account.buckets
    }


def test_a_bucket_that_nothing_opens_is_an_error() -> None:
    stack = built(altered("prod", spaces))
    stack.data.object_storage.bucket("orphan")
    with pytest.raises(
        ConstructError,
        match="bucket orphan has no account, so nothing can copy it; declare an account for it",
    ):
        text_at(stack, "minio-backup", SCRIPT)


def test_the_job_of_buckets_needs_no_tool_that_its_image_lacks() -> None:
    """pgsty/silo stands on ubi9-micro: bash and coreutils, and curl and mc of its own (its Dockerfile.goreleaser)."""
    text = text_at(declared("prod"), "minio-backup", SCRIPT)
    commands = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lacking = r"(?:^|[|;&(!]|\bthen|\bdo|\bif)\s*(sed|grep|awk|find|xargs|diff|cmp|gzip|tar|ps|python3|jq)\s"
    assert re.findall(lacking, commands, re.MULTILINE) == []


# -- metrics -------------------------------------------------------------------------------------------------


def test_who_reads_metrics_back_makes_their_users_as_the_keeper_does() -> None:
    stack = declared("staging")
    keeper, job = service(stack, "influxdb-keeper"), service(stack, "influxdb-backup")
    files = {mount.at for mount in keeper.file_mounts if mount.at.startswith("/run/secrets/")}
    assert files and files <= {mount.at for mount in job.file_mounts}
    text = text_at(stack, "influxdb-backup", SCRIPT)
    for line in text_at(stack, "influxdb-keeper", "/etc/sprocket/keeper.sh").splitlines():
        if line.startswith(("user ", "may ", "bucket ")):
            assert line in text.splitlines()


# -- declarations of the broker ------------------------------------------------------------------------------

QUEUE = {"vhost": "/", "durable": True, "auto_delete": False, "arguments": {}}
SAID = {
    "rabbit_version": "4.0.9",
    "rabbitmq_version": "4.0.9",
    "original_cluster_name": "rabbit@rabbitmq",
    "users": [
        {"name": "sprocket", "password_hash": "aGFzaA==", "hashing_algorithm": "sha", "tags": ["administrator"]},
        {"name": "main-core", "password_hash": "Y29yZQ==", "hashing_algorithm": "sha", "tags": ["declared"]},
        {"name": "other", "password_hash": "b3RoZXI=", "hashing_algorithm": "sha", "tags": []},
    ],
    "vhosts": [{"name": "/"}],
    "permissions": [
        {"user": user, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
        for user in ("sprocket", "main-core", "other")
    ],
    "topic_permissions": [],
    "parameters": [],
    "global_parameters": [{"name": "internal_cluster_id", "value": "rabbitmq-cluster-id-x"}],
    "policies": [],
    "queues": [
        {**QUEUE, "name": "stays"},
        {**QUEUE, "name": "passing", "durable": False},
        {**QUEUE, "name": "reply", "auto_delete": True},
    ],
    "exchanges": [
        {**QUEUE, "name": "news", "type": "topic", "internal": False},
        {**QUEUE, "name": "reply.news", "type": "topic", "internal": False, "durable": False},
    ],
    "bindings": [
        {"source": source, "vhost": "/", "destination": queue, "destination_type": "queue", "routing_key": "", "arguments": {}}
        for source, queue in (("news", "stays"), ("amq.topic", "stays"), ("news", "reply"), ("reply.news", "stays"))
    ],
}  # fmt: skip


@pytest.fixture
def said(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "said.json").write_text(json.dumps(SAID))
    return run_tidy(tmp_path)


def run(folder: Path, *words: str) -> str:
    """The job's own script in a shell, with its files in a folder."""
    text = text_at(declared("local"), "rabbitmq-backup", SCRIPT)
    (folder / "rabbitmq-password").write_text("secret")
    text = text.replace("/run/secrets", str(folder)).replace("/tmp/", f"{folder}/")
    (folder / "backup.sh").write_text(text)
    done = subprocess.run(
        ["sh", str(folder / "backup.sh"), *words], text=True, capture_output=True, check=True, timeout=60
    )
    return done.stdout


def run_tidy(folder: Path) -> dict[str, Any]:
    text = run(folder, "tidy", str(folder / "said.json"))
    (folder / "definitions.json").write_text(text)
    return dict(json.loads(text))


def test_what_outlasts_the_broker_is_copied(said: dict[str, Any]) -> None:
    assert [queue["name"] for queue in said["queues"]] == ["stays"]
    assert [exchange["name"] for exchange in said["exchanges"]] == ["news"]
    assert [(one["source"], one["destination"]) for one in said["bindings"]] == [
        ("amq.topic", "stays"),
        ("news", "stays"),
    ], "a binding to what is left out would stop an import"


def test_accounts_that_the_broker_has_from_its_file_are_not_copied_and_a_cluster_keeps_its_id(
    said: dict[str, Any],
) -> None:
    """Read back, an old copy would bring an old password, and rights of an account that is gone would stop the import."""
    assert [user["name"] for user in said["users"]] == ["other"]
    assert [one["user"] for one in said["permissions"]] == ["other", "sprocket"]
    assert said["global_parameters"] == []
    assert "original_cluster_name" not in said and said["rabbit_version"] == "4.0.9"


def test_a_manifest_does_not_depend_on_order_and_tells_every_change(tmp_path: Path) -> None:
    manifests = []
    other_order = {
        name: list(reversed(ones)) if isinstance(ones, list) else ones for name, ones in SAID.items()
    }
    changed = {**SAID, "policies": [{"vhost": "/", "name": "short", "pattern": ".*", "definition": {}}]}
    for number, document in enumerate((SAID, other_order, changed)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "said.json").write_text(json.dumps(document))
        run_tidy(folder)
        manifests.append(run(folder, "manifest", str(folder / "definitions.json")).splitlines())
    assert manifests[0] == manifests[1]
    assert [line.split()[0] for line in set(manifests[2]) - set(manifests[0])] == ["policies"]
    assert "queues 1 " in "\n".join(manifests[0])
