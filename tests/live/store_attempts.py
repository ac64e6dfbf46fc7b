"""What each service tries at its stores with its own credential: which attempts there have to be, and how they have to end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layers.platform.identity import Identity
from ops.check.application import PROGRAMS, Program
from ops.model.service import Service
from tests.own_queue import own_queue

CLIENTS = sorted(set(PROGRAMS) - {"web"})
"""Programs that use a store; tests/unit/test_store_attempts.py holds that against the model."""

STORES = ("rabbitmq", "redis", "postgres", "minio", "telegraf")
"""What services sign in to. Telegraf is the application's way into InfluxDB (docs/decisions/0011-influxdb-accounts.md)."""

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
        if name.startswith("telegraf: "):
            # It knows no request but to write.
            refused += ("HTTP Error 404",)
        result[name] = "refused" if any(word in said for word in refused) else said[:200]

def secret(name):
    return Path(told["secrets"][name]).read_text().strip() if name in told["secrets"] else None

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
        attempt("rabbitmq: consume own", broker(taken(told["own"])))
        attempt("rabbitmq: declare own", broker(lambda channel: channel.queue_declare(told["own"], durable=True)))
    attempt("rabbitmq: answer", broker(lambda channel: (channel.confirm_delivery(), channel.basic_publish("", "nobody-s-queue", b"{}"))))
    for queue in told["others"]:
        attempt("rabbitmq: not consume " + queue, broker(lambda channel: channel.basic_get(queue)))
        attempt("rabbitmq: not purge " + queue, broker(lambda channel: channel.queue_purge(queue)))
    attempt("rabbitmq: not declare", broker(lambda channel: channel.queue_declare("a-queue-of-its-own")))
    attempt("rabbitmq: not /", broker(lambda channel: None, "%2F"))
    def pages():
        user, password = re.match(r"amqp://([^:]+):([^@]+)@", address).groups()
        asked = urllib.request.Request("http://rabbitmq:15672/api/overview")
        asked.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
        urllib.request.urlopen(asked, timeout=10)
    attempt("rabbitmq: not pages", pages)

backend = re.search(r'redis://[^"]+', text)
password = secret("redis-password")
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
                                    password=secret("database-password"), dbname=name or database["database"])
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
access = secret("s3-access-key")
if access:
    import boto3
    at = storage.get("hostname") or "{}:{}".format(storage.get("endPoint") or storage["endpoint"], storage["port"])
    s3 = boto3.client("s3", endpoint_url="http://" + at, aws_access_key_id=access, aws_secret_access_key=secret("s3-secret-key"),
                      region_name="us-east-1")
    for bucket in told["buckets"]:
        attempt("minio: own " + bucket, lambda: s3.list_objects_v2(Bucket=bucket, MaxKeys=1))
    attempt("minio: not create bucket", lambda: s3.create_bucket(Bucket="live-trial-bucket"))
    attempt("minio: not policy", lambda: s3.put_bucket_policy(Bucket=told["buckets"][0], Policy="{}"))

token = secret("influxdb-token")
if token:
    influx = settings["influx"]
    names = "org={}&bucket={}&precision=ns".format(influx["org"], influx["bucket"])
    def asked(path, body=None, token=token):
        def run():
            request = urllib.request.Request(influx["address"] + "/api/v2/" + path, data=body)
            request.add_header("Authorization", "Token " + token)
            urllib.request.urlopen(request, timeout=10)
        return run
    attempt("telegraf: write own", asked("write?" + names, b"live_trial value=1"))
    attempt("telegraf: not write with another token", asked("write?" + names, b"live_trial value=1", "another"))
    attempt("telegraf: not read", asked("query?" + names, b"buckets()"))
    attempt("telegraf: not list tokens", asked("authorizations"))
print(json.dumps(result))
"""
"""Uses what the service has and nothing else. Each attempt is named after the store; what begins with ``not`` after that must be refused,
all else allowed."""


def told(program: Program, identity: Identity) -> dict[str, Any]:
    """What :data:`TRY` reads first: where the service's files are, and the names that it tries."""
    own = own_queue(program)
    return {
        "settings": program.settings,
        "secrets": {name: path for path, name in program.secrets.items()},
        "own": own and identity.queue(own),
        "others": [identity.queue(each) for each in ("core", "submission", "bot", "celery") if each != own],
        "buckets": [identity.replays_bucket, identity.images_bucket],
    }


def stores_of(service: Service) -> list[str]:
    """Stores that the service is connected to, by the model."""
    return [store for store in STORES if store in service.servers]


def faults(service: Service, found: Mapping[str, str]) -> dict[str, str]:
    """Attempts that ended otherwise than they have to, and each store of the service's at which one kind was not tried.

    Args:
        found: how each attempt ended, ``allowed`` or ``refused``, or what was said instead.
    """
    wrong = {
        name: said for name, said in found.items() if said != ("refused" if _must_not(name) else "allowed")
    }
    for store in stores_of(service):
        kinds = {_must_not(name) for name in found if name.startswith(f"{store}: ")}
        for must_not, what in ((False, "what it needs"), (True, "what it must not")):
            if must_not not in kinds:
                wrong[f"{store}: {what}"] = "was not tried"
    return wrong


def _must_not(name: str) -> bool:
    return name.partition(": ")[2].startswith("not ")
