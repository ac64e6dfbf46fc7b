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
    received = 0 if broken else second + 2000
    name = "loki_distributor_lines_received_total"
    return [
        f"loki,tenant=fake,is_internal_stream=false {name}={received if not broken else 2000}",
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
    "certificate-expires": Fault(
        lines=_either(
            "x509_cert,address=web.example expiry=864000i",
            "x509_cert,address=web.example expiry=5184000i",
            "x509_cert,address=api.example expiry=5184000i",
        ),
        every=20,
        about=(("address", "web.example"),),
    ),
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
