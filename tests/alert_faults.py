"""A fault for each alert rule, as the points that Telegraf writes: healthy, broken, repaired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Lines = Callable[[int, bool], list[str]]
"""The points of a moment, by the seconds since the fault began and whether it is there."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to one thing.

    Args:
        every: seconds between points.
        about: tags of the series that must be told, and of no other; none for a rule without tags.
        begins: seconds until what is counted as the fault is there, such as the fourth start.
        pushed: only the moments of change are written.
    """

    lines: Lines
    every: int = 10
    about: tuple[tuple[str, str], ...] = ()
    begins: int = 0
    pushed: bool = False


def _either(broken: str, healthy: str, *others: str) -> Lines:
    return lambda _, is_broken: [broken if is_broken else healthy, *others]


def _lines_received(second: int, broken: bool) -> list[str]:
    received = 2000 if broken else second + 2000
    name = "loki_distributor_lines_received_total"
    return [
        f"loki,tenant=fake,is_internal_stream=false {name}={received}",
        f"loki,tenant=fake,is_internal_stream=true {name}=7",
    ]


def _containers(second: int, broken: bool) -> list[str]:
    run = second // 60 if broken else 0
    return [
        f'docker_container_status,service=core container_id="{run}"',
        'docker_container_status,service=web container_id="w"',
        "docker_swarm,service=core tasks_desired=1i,tasks_running=1i",
        "docker_swarm,service=web tasks_desired=1i,tasks_running=1i",
    ]


def _two_nodes(second: int, broken: bool) -> list[str]:
    return ["system,host=app-1 uptime=1i", *([] if broken else ["system,host=app-2 uptime=1i"])]


def _chain(second: int, broken: bool) -> list[str]:
    """Every certificate that a page shows has the same time; those of the authority last for years."""
    authority = "type=intermediate expiry=94608000i"
    return [
        f"x509_cert,address=web.example,type=leaf expiry={864000 if broken else 5184000}i",
        f"x509_cert,address=web.example,{authority}",
        "x509_cert,address=api.example,type=leaf expiry=5184000i",
        f"x509_cert,address=api.example,{authority}",
    ]


def _certificate(second: int, broken: bool) -> list[str]:
    name = "TRAEFIK DEFAULT CERT" if broken else "web.example"
    return [
        f"x509_cert,address=web.example,common_name={name.replace(' ', chr(92) + ' ')} expiry=31536000i",
        "x509_cert,address=api.example,common_name=api.example expiry=5184000i",
    ]


HOST = (("host", "app-1"),)
STORE = (("store", "redis"),)
_OTHER_STORE = "backup,store=minio overdue=-7200i,failed=0i,shrunk=0i"

FAULTS: dict[str, Fault] = {
    "service-down": Fault(
        lines=_either(
            "docker_swarm,service=core tasks_desired=1i,tasks_running=0i",
            "docker_swarm,service=core tasks_desired=1i,tasks_running=1i",
            "docker_swarm,service=web tasks_desired=2i,tasks_running=2i",
        ),
        about=(("service", "core"),),
    ),
    "no-measurements": Fault(
        lines=lambda _, broken: (
            [] if broken else ["docker_swarm,service=core tasks_desired=1i,tasks_running=1i"]
        )
    ),
    "restart-loop": Fault(lines=_containers, about=(("service", "core"),), begins=240),
    "memory-nearly-full": Fault(
        lines=_either(
            "docker_container_mem,service=core usage_percent=97",
            "docker_container_mem,service=core usage_percent=40",
            "docker_container_mem,service=web usage_percent=60",
        ),
        about=(("service", "core"),),
    ),
    "node-memory-nearly-full": Fault(
        lines=_either(
            "mem,host=app-1 available_percent=4",
            "mem,host=app-1 available_percent=50",
            "mem,host=app-2 available_percent=50",
        ),
        about=HOST,
    ),
    "node-silent": Fault(lines=_two_nodes, about=(("host", "app-2"),)),
    "clock-wrong": Fault(
        lines=_either(
            "timex,host=app-1 maxerror_ns=16000000000i",
            "timex,host=app-1 maxerror_ns=200000i",
            "timex,host=app-2 maxerror_ns=1000000000i",
        ),
        every=20,
        about=HOST,
    ),
    "disk-nearly-full": Fault(
        lines=_either(
            "disk,host=app-1,path=/ used_percent=91",
            "disk,host=app-1,path=/ used_percent=70",
            "disk,host=app-1,path=/hostfs/mnt/redis used_percent=10",
        ),
        about=(*HOST, ("path", "/")),
    ),
    "disk-fills": Fault(
        lines=_either(
            "disk,host=app-1,path=/ used_percent=55",
            "disk,host=app-1,path=/ used_percent=40",
            "disk,host=app-1,path=/hostfs/mnt/redis used_percent=10",
        ),
        about=(*HOST, ("path", "/")),
    ),
    "certificate-expires": Fault(lines=_chain, every=20, about=(("address", "web.example"),)),
    "certificate-not-from-authority": Fault(
        lines=_certificate, every=20, about=(("address", "web.example"),)
    ),
    "queue-backlog": Fault(
        lines=_either(
            "rabbitmq rabbitmq_queue_messages_ready=900", "rabbitmq rabbitmq_queue_messages_ready=3"
        )
    ),
    "broker-memory-alarm": Fault(
        lines=_either(
            "rabbitmq rabbitmq_alarms_memory_used_watermark=1",
            "rabbitmq rabbitmq_alarms_memory_used_watermark=0",
        )
    ),
    "broker-disk-alarm": Fault(
        lines=_either(
            "rabbitmq rabbitmq_alarms_free_disk_space_watermark=1",
            "rabbitmq rabbitmq_alarms_free_disk_space_watermark=0",
        )
    ),
    "redis-memory-nearly-full": Fault(
        lines=_either("redis used_memory=95i,maxmemory=100i", "redis used_memory=20i,maxmemory=100i")
    ),
    "redis-cannot-write": Fault(
        lines=_either('redis aof_last_write_status="err"', 'redis aof_last_write_status="ok"')
    ),
    "redis-cannot-save": Fault(
        lines=_either('redis rdb_last_bgsave_status="err"', 'redis rdb_last_bgsave_status="ok"')
    ),
    "postgres-connections-nearly-used": Fault(
        lines=_either(
            "postgresql_limits connections=95i,max_connections=100i",
            "postgresql_limits connections=20i,max_connections=100i",
        )
    ),
    "loki-cannot-store": Fault(
        lines=lambda second, broken: [
            "loki loki_ingester_chunks_flush_failures_total="
            f"{second if broken else 1200 if second > 0 else 0},loki_ingester_wal_disk_full_failures_total=0"
        ]
    ),
    "no-log-lines": Fault(lines=_lines_received),
    "metrics-dropped": Fault(
        lines=lambda second, broken: [
            f"internal_write,host=app-1,output=influxdb metrics_dropped={second if broken else 1200 if second > 0 else 0}i,metrics_rejected=0i",
            "internal_write,host=app-2,output=influxdb metrics_dropped=9i,metrics_rejected=0i",
            f"internal_write,host=app-2,output=file metrics_dropped={second + 2000}i,metrics_rejected=0i",
        ],
        about=HOST,
    ),
    "alerts-not-sent": Fault(
        lines=lambda second, broken: [
            f"grafana,integration=discord,org=1 grafana_alerting_notifications_failed_total={second if broken else 1200 if second > 0 else 0}",
            f"grafana,org=1 grafana_alerting_rule_evaluations_total={second + 2000}",
        ]
    ),
    "backup-late": Fault(
        lines=_either("backup,store=redis overdue=60i", "backup,store=redis overdue=-7200i", _OTHER_STORE),
        every=30,
        about=STORE,
    ),
    "backup-failed": Fault(
        lines=_either("backup,store=redis failed=1i", "backup,store=redis failed=0i", _OTHER_STORE),
        every=30,
        about=STORE,
    ),
    "backup-shrank": Fault(
        lines=_either("backup,store=redis shrunk=1i", "backup,store=redis shrunk=0i", _OTHER_STORE),
        every=30,
        about=STORE,
    ),
    "backup-bucket-damaged": Fault(
        lines=_either(
            "backup_bucket,sender=backup-sender failed=1i", "backup_bucket,sender=backup-sender failed=0i"
        ),
        every=30,
        about=(("sender", "backup-sender"),),
    ),
    "discord-unreachable": Fault(
        lines=_either(
            "http_response,host=app-1,result=timeout result_code=4i",
            "http_response,host=app-1,result=success result_code=0i",
            "http_response,host=app-2,result=success result_code=0i",
        ),
        every=20,
        about=HOST,
    ),
    "dns-unreachable": Fault(
        lines=_either(
            "dns_query,host=app-1,result=timeout result_code=1i",
            "dns_query,host=app-1,result=success result_code=0i",
            "dns_query,host=app-2,result=success result_code=0i",
        ),
        every=20,
        about=HOST,
    ),
    "deploy-failed": Fault(lines=_either("deploy failed=1i", "deploy failed=0i"), pushed=True),
}
"""By the rule's uid."""


@dataclass(frozen=True, kw_only=True)
class Harmless:
    """Something that happens and is no fault of the kind that the rule is about.

    Args:
        lines: the points of a moment, by the seconds since it begins.
        away: seconds for which the store answers nobody; collectors keep their points until then.
    """

    rule: str
    lines: Callable[[int], list[str]]
    every: int = 10
    away: int = 0


def _after(second: int, *lines: str) -> list[str]:
    return list(lines) if second >= 0 else []


def _restarted(second: int) -> int:
    """A counter that stood at 500 and begins again."""
    return 500 if second < 0 else 0


HARMLESS: dict[str, Harmless] = {
    "a first deploy has nothing to read yet": Harmless(
        rule="service-down",
        lines=lambda second: _after(
            second - 240, "docker_swarm,service=core tasks_desired=1i,tasks_running=1i"
        ),
    ),
    "a first deploy has no measurements yet": Harmless(
        rule="no-measurements",
        lines=lambda second: _after(
            second - 180, "docker_swarm,service=core tasks_desired=1i,tasks_running=1i"
        ),
    ),
    "a first deploy has no backups yet": Harmless(
        rule="backup-late", lines=lambda second: _after(second - 180, _OTHER_STORE), every=30
    ),
    "a counter of lines appears and rises every 20 s": Harmless(
        rule="no-log-lines",
        lines=lambda second: _after(
            second, f"loki,tenant=fake loki_distributor_lines_received_total={second // 20}"
        ),
    ),
    "the store is away for a minute": Harmless(
        rule="node-silent",
        lines=lambda _: ["system,host=app-1 uptime=1i", "system,host=app-2 uptime=1i"],
        away=60,
    ),
    "a collector restarts": Harmless(
        rule="node-silent",
        lines=lambda second: ["system,host=app-1 uptime=1i"] if not 0 <= second < 40 else [],
    ),
    "a new service is at 91 % for 20 s": Harmless(
        rule="memory-nearly-full",
        lines=lambda second: _after(
            second, f"docker_container_mem,service=core usage_percent={91 if second < 20 else 40}"
        ),
    ),
    "a new broker has a burst for 20 s": Harmless(
        rule="queue-backlog",
        lines=lambda second: _after(
            second, f"rabbitmq rabbitmq_queue_messages_ready={900 if second < 20 else 3}"
        ),
    ),
    "the first copy of a store is sent at the second try": Harmless(
        rule="backup-failed",
        lines=lambda second: _after(second, f"backup,store=redis failed={int(second < 60)}i"),
        every=30,
    ),
    "Telegraf restarts after a loss": Harmless(
        rule="metrics-dropped",
        lines=lambda second: [
            f"internal_write,host=app-1,output=influxdb metrics_dropped={_restarted(second)}i,metrics_rejected=0i"
        ],
    ),
    "Loki restarts after a failure": Harmless(
        rule="loki-cannot-store",
        lines=lambda second: [
            f"loki loki_ingester_chunks_flush_failures_total={_restarted(second)},loki_ingester_wal_disk_full_failures_total=0"
        ],
    ),
    "Grafana restarts after a failure": Harmless(
        rule="alerts-not-sent",
        lines=lambda second: [
            f"grafana,integration=discord,org=1 grafana_alerting_notifications_failed_total={_restarted(second)}"
        ],
    ),
}
"""By what happens."""
