"""Every service's own credential at RabbitMQ, Redis, Postgres and MinIO, tried from inside its task: what it needs, and what it must not."""

from __future__ import annotations

import json

import pytest

from layers.platform.identity import identities_of
from ops.check.application import PROGRAMS
from ops.report.programs import programs_of
from tests.live.local_platform import LocalPlatform
from tests.own_queue import own_queue

pytestmark = [pytest.mark.live, pytest.mark.proof]

CLIENTS = sorted(name for name, program in PROGRAMS.items() if name not in ("web", "migration"))

TRY = r"""
import base64, json, re, sys, urllib.error, urllib.request
from pathlib import Path

told = json.loads(sys.stdin.readline())
settings = json.loads(Path(told["settings"]).read_text())
text = json.dumps(settings)
result = {}

def attempt(name, act):
    try:
        act()
        result[name] = "allowed"
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        refused = ("ACCESS_REFUSED", "access to vhost", "ProbableAccessDenied", "NOPERM", "no permissions", "No permissions", "permission denied",
                   "AccessDenied", "Access Denied", "HTTP Error 401", "must be superuser")
        result[name] = "refused" if any(word in said for word in refused) else said[:200]

def secret(*names):
    for name in names:
        path = Path("/app/secret") / name
        if path.exists():
            return path.read_text().strip()

url = re.search(r'amqp://[^"]+', text)
if url:
    import pika
    address = re.sub(r"&frameMax=\d+", "", url[0])
    def broker(act, host=None):
        def run():
            where = address if host is None else re.sub(r"/[^/?]+\?", "/" + host + "?", address)
            line = pika.BlockingConnection(pika.URLParameters(where))
            try:
                act(line.channel())
            finally:
                if line.is_open:
                    line.close()
        return run
    def taken(queue):
        # Nothing is acknowledged, so what is there stays there.
        return lambda channel: (channel.basic_consume(queue, lambda *_: None), channel.connection.process_data_events(0))
    if told["own"]:
        attempt("broker: consume own", broker(taken(told["own"])))
        attempt("broker: declare own", broker(lambda channel: channel.queue_declare(told["own"], durable=True)))
    attempt("broker: answer", broker(lambda channel: (channel.confirm_delivery(), channel.basic_publish("", "nobody-s-queue", b"{}"))))
    for queue in told["others"]:
        attempt("broker: not consume " + queue, broker(lambda channel: channel.basic_get(queue)))
        attempt("broker: not purge " + queue, broker(lambda channel: channel.queue_purge(queue)))
    attempt("broker: not declare", broker(lambda channel: channel.queue_declare("a-queue-of-its-own")))
    attempt("broker: not /", broker(lambda channel: None, "%2F"))
    def pages():
        user, password = re.match(r"amqp://([^:]+):([^@]+)@", address).groups()
        asked = urllib.request.Request("http://rabbitmq:15672/api/overview")
        asked.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
        urllib.request.urlopen(asked, timeout=10)
    attempt("broker: not pages", pages)

backend = re.search(r'redis://[^"]+', text)
password = secret("redis-password.txt")
if backend or password:
    import redis
    if backend:
        client, key = redis.Redis.from_url(backend[0]), "celery-task-meta-live-trial"
        attempt("redis: not other keys", lambda: client.get("live-trial"))
        attempt("redis: not info", lambda: client.info())
    else:
        client, key = redis.Redis(settings["redis"]["host"], settings["redis"]["port"], password=password), "live-trial"
        attempt("redis: info", lambda: client.info())
        attempt("redis: keys", lambda: client.keys("live-trial*"))
    attempt("redis: own", lambda: (client.setex(key, 60, "1"), client.get(key), client.delete(key)))
    for words in ("CONFIG GET requirepass", "ACL LIST", "CLIENT LIST", "REPLICAOF NO ONE"):
        attempt("redis: not " + words.lower(), lambda: client.execute_command(*words.split()))

database = settings.get("db") or settings.get("knex")
if database:
    import psycopg2
    def sql(statement, name=None):
        user = database.get("username") or database["user"]
        def run():
            line = psycopg2.connect(host=database["host"], port=database["port"], user=user, connect_timeout=10,
                                    password=secret("db-password.txt", "db-secret.txt"), dbname=name or database["database"])
            try:
                line.cursor().execute(statement)
            finally:
                line.close()
        return run
    attempt("postgres: own", sql("SELECT 1"))
    attempt("postgres: not other database", sql("SELECT 1", "postgres"))
    attempt("postgres: not create database", sql("SET ROLE postgres"))
    attempt("postgres: not read files", sql("SELECT pg_read_file('/etc/passwd')"))

storage = settings.get("minio") or {}
access = secret("minio-access.txt")
if access:
    import boto3
    at = storage.get("hostname") or "{}:{}".format(storage.get("endPoint") or storage["endpoint"], storage["port"])
    s3 = boto3.client("s3", endpoint_url="http://" + at, aws_access_key_id=access, aws_secret_access_key=secret("minio-secret.txt"),
                      region_name="us-east-1")
    for bucket in told["buckets"]:
        attempt("minio: own " + bucket, lambda: s3.list_objects_v2(Bucket=bucket, MaxKeys=1))
    attempt("minio: not create bucket", lambda: s3.create_bucket(Bucket="live-trial-bucket"))
    attempt("minio: not policy", lambda: s3.put_bucket_policy(Bucket=told["buckets"][0], Policy="{}"))
print(json.dumps(result))
"""
"""Uses what the service has and nothing else. Names that begin with ``not`` must be refused, all others allowed."""


@pytest.mark.parametrize("name", CLIENTS)
def test_a_service_may_do_what_it_needs_and_nothing_else(platform: LocalPlatform, name: str) -> None:
    if name not in platform.services:
        pytest.skip(f"{name} is not deployed here")
    if not programs_of(platform.target.wanted)[name].is_stand_in:
        pytest.skip(f"{name} is the real image, which has no Python with drivers to try its credentials with")
    program = PROGRAMS[name]
    (identity,) = identities_of(platform.settings)
    own = own_queue(program)
    told = {
        "settings": program.settings,
        "own": own and identity.queue(own),
        "others": [identity.queue(each) for each in ("core", "submission", "bot", "celery") if each != own],
        "buckets": [identity.replays_bucket, identity.images_bucket],
    }
    done = platform.tasks.run_with_input(
        platform.container(name), json.dumps(told) + "\n", "python3", "-c", TRY
    )
    assert done.code == 0, done.output
    found: dict[str, str] = json.loads(done.output.strip().splitlines()[-1])
    assert any(key.startswith("broker: not") for key in found), found
    wrong = {
        key: said
        for key, said in found.items()
        if said != ("refused" if key.partition(": ")[2].startswith("not ") else "allowed")
    }
    assert wrong == {}, f"of {len(found)} attempts"
