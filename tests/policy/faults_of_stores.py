"""Faults between the stores and those who use them."""

from __future__ import annotations

from tests.policy.seeding import Fault, Seeded

KEEPER = "/etc/sprocket/keeper.sh"
TELEGRAF = "/etc/telegraf/telegraf.conf"
POLICY = "/etc/sprocket/policies/s3-access-key.json"


def _cross_telegraf(seeded: Seeded) -> None:
    other = seeded.mount("telegraf", "/run/secrets/postgres")
    mount = seeded.mount("telegraf", "/run/secrets/influxdb")
    mount["secret_id"], mount["secret_name"] = other["secret_id"], other["secret_name"]


FAULTS = (
    Fault(
        name="missing bucket",
        seed=lambda s: s.edit("minio-keeper", KEEPER, lambda t: t.replace(
            "mc --quiet mb --ignore-existing store/sprocket-main-replays\n", "")),
        rule="bucket_accounts_exist",
        path="submission-service: /app/config/production.json: minio/bucketNames/replays",
        cause="object storage has no such bucket",
        fix="object_storage.bucket(...)",
    ),
    Fault(
        name="keys that do not open the bucket",
        seed=lambda s: s.replace("minio-keeper", POLICY, "sprocket-main-image-generation", "sprocket-main-other"),
        rule="bucket_accounts_exist",
        path="discord-bot: /app/config/production.json: minio/bucketNames/image_generation",
        cause="the keys of s3-access-key give access only to sprocket-main-other, sprocket-main-replays",
        fix="object_storage.account(buckets=...)",
    ),
    Fault(
        name="wrong token scope",
        seed=lambda s: s.replace("telegraf", TELEGRAF, 'bucket = "sprocket_main"', 'bucket = "telegraf"'),
        rule="metrics_arrive",
        path="server-analytics-service: /app/config/production.json: influx/address",
        cause="points sent there go to bucket telegraf, not to sprocket_main",
        fix="telegraf.connect(client, token)",
    ),
    Fault(
        name="port of the other instance's token",
        environment="staging",
        seed=lambda s: s.put("dev-server-analytics-service", "influx/address", "http://telegraf:8187"),
        rule="metrics_arrive",
        path="dev/server-analytics-service: /app/config/production.json: influx/address",
        cause="it accepts token staging-influxdb-token, and the service has dev-influxdb-token",
        fix="mount the token that belongs to the port",
    ),
    Fault(
        name="missing metrics bucket",
        seed=lambda s: s.replace("influxdb-keeper", KEEPER, "\nbucket sprocket_main\n", "\n"),
        rule="metrics_arrive",
        path="server-analytics-service: /app/config/production.json: influx/bucket",
        cause="InfluxDB has no such bucket",
        fix="influxdb.bucket(...)",
    ),
    Fault(
        name="a port that nobody opens",
        seed=lambda s: s.replace("telegraf", TELEGRAF, '":8186"', '":8189"'),
        rule="addresses_resolve",
        path="server-analytics-service: /app/config/production.json: influx/address",
        cause="connects to telegraf:8186; telegraf listens on 8080, 8081, 8189 only",
        fix="use one of these ports",
    ),
    Fault(
        name="missing database",
        seed=lambda s: s.put("core", "db/database", "sprocket"),
        rule="database_logins_exist",
        path="core: /app/config/production.json: db/database",
        cause="Postgres has no such database; it has sprocket_main",
        fix="postgres.database(...)",
    ),
    Fault(
        name="somebody else's role",
        seed=lambda s: s.put("core", "db/username", "telegraf"),
        rule="database_logins_exist",
        path="core: /app/config/production.json: db/username",
        cause="only role sprocket_main may connect to sprocket_main",
        fix="use the database's own role",
    ),
    Fault(
        name="collector with another password",
        seed=_cross_telegraf,
        rule="collectors_have_accounts",
        path="data/telegraf/telegraf: /run/secrets/influxdb",
        cause="signs in as telegraf with postgres-telegraf-password",
        fix="influxdb-telegraf-password",
    ),
    Fault(
        name="data source at a wrong port",
        seed=lambda s: s.replace("grafana", "/etc/grafana/provisioning/datasources/platform.yaml", "loki:3100", "loki:3101"),
        rule="addresses_resolve",
        path="grafana: /etc/grafana/provisioning/datasources/platform.yaml: datasources/2/url",
        cause="connects to loki:3101; loki listens on 3100 only",
        fix="use one of these ports",
    ),
    Fault(
        name="collector that nobody connected",
        seed=lambda s: s.leave("alloy", "loki-net"),
        rule="addresses_resolve",
        path="alloy: /etc/alloy/config.alloy: line 57",
        cause="shares no network with loki",
        fix="alloy.connect_to(loki)",
    ),
    Fault(
        name="unpinned store",
        seed=lambda s: s.service("redis")["task_spec"]["placement"].pop("constraints"),
        rule="stores_are_pinned",
        path="data/redis/redis",
        cause="may run on any node; after a move it would start empty",
        fix="service.stores(site.storage(...))",
    ),
    Fault(
        name="store on two nodes",
        seed=lambda s: s.service("redis")["mode"]["replicated"].update(replicas=2),
        rule="stores_are_pinned",
        path="data/redis/redis",
        cause="has 2 tasks; two on one directory corrupt it",
        fix="one replica",
    ),
    Fault(
        name="store that starts before the old one ends",
        seed=lambda s: s.service("redis")["update_config"].update(order="start-first"),
        rule="stores_are_pinned",
        path="data/redis/redis",
        cause="updates start-first",
        fix="stop_first()",
    ),
    Fault(
        name="data without a word about its backup",
        seed=lambda s: s.container("core").update(
            mounts=[{"type": "volume", "source": "x", "target": "/data", "read_only": False}]
        ),
        rule="stores_have_a_backup",
        path="platform/main/core",
        cause="without a decision about its backup",
        fix="NoBackup(because=...)",
    ),
    Fault(
        name="the engine's socket",
        seed=lambda s: s.container("web").update(
            mounts=[{"type": "bind", "source": "/var/run/docker.sock", "target": "/x", "read_only": True}]
        ),
        rule="docker_socket_is_proxied",
        path="platform/main/web",
        cause="is root access to the node",
        fix="connect to the socket proxy",
    ),
)  # fmt: skip
