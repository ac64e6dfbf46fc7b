"""What was written to each store of the local platform is there again after whatever happens to its task.

Of Traefik's ACME file the marker is its account's key, which Traefik made itself. Its certificates stay as long as the
authority does; the one of the local platform forgets all when it restarts, and they are issued again.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from layers.platform.identity import identities_of
from ops.report.programs import programs_of
from rehearsal.suite.markers import PSQL, REDIS
from tests.live.local_platform import LocalPlatform, command, disruptive, until

pytestmark = [pytest.mark.live, pytest.mark.proof]

RABBITMQ = (
    'api() { printf \'user = "sprocket:%s"\\n\' "$(cat /run/secrets/rabbitmq-password)"'
    ' | curl -sSf -K - -X "$1" -H "content-type: application/json" ${3:+-d "$3"} "http://127.0.0.1:15672/api/$2"; }; '
)
INFLUXDB = (
    "api() { curl -sSf -H @/run/secrets/influxdb-admin-header -H 'Accept: application/csv'"
    ' -H "content-type: $2" --data-binary "$3" "http://influxdb:8086/api/v2/$1"; }; '
)


CERTIFICATES = """grep -E '"(certificate|main)"' /letsencrypt/acme.json | sort"""


@dataclass(frozen=True)
class Store:
    """How to leave a marker in a store, and how to read it.

    Args:
        service: whose task is disturbed.
        at: the service in whose task the commands run.
        write: shell; ``MARK`` stands for the marker. Without it the marker is what is read first.
        read: shell that prints something with the marker in it.
    """

    service: str
    at: str
    write: str
    read: str


STORES = {
    "redis": Store("redis", "redis", f"{REDIS} set live:marker MARK", f"{REDIS} get live:marker"),
    "rabbitmq": Store(
        "rabbitmq",
        "rabbitmq",
        RABBITMQ
        + "api DELETE queues/%2f/live-marker >/dev/null 2>&1 || true;"
        + """api PUT queues/%2f/live-marker '{"durable":true}';"""
        + """api POST exchanges/%2f/amq.default/publish '{"properties":{"delivery_mode":2},"""
        + """"routing_key":"live-marker","payload":"MARK","payload_encoding":"string"}'""",
        RABBITMQ
        + """api POST queues/%2f/live-marker/get '{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}'""",
    ),
    "postgres": Store(
        "postgres",
        "postgres",
        f'{PSQL} -c "create table if not exists live_marker (v text); delete from live_marker;'
        " insert into live_marker values ('MARK')\"",
        f"{PSQL} -c 'select v from live_marker'",
    ),
    "minio": Store(
        "minio",
        "minio-keeper",
        "echo MARK > /tmp/marker; mc --quiet cp /tmp/marker store/BUCKET/live-marker",
        "mc --quiet cat store/BUCKET/live-marker",
    ),
    "influxdb": Store(
        "influxdb",
        "influxdb-keeper",
        INFLUXDB + "api 'write?org=ORG&bucket=telegraf' text/plain 'live_marker,mark=MARK v=1'",
        INFLUXDB
        + "api 'query?org=ORG' application/vnd.flux"
        + """ 'from(bucket:"telegraf") |> range(start:-1h) |> filter(fn:(r) => r._measurement == "live_marker")'""",
    ),
    "traefik": Store(
        "traefik", "traefik", "", "grep PrivateKey /letsencrypt/acme.json | sha256sum | cut -d ' ' -f 1"
    ),
}


def restarted(platform: LocalPlatform, service: str) -> None:
    """As an update of anything in the service would."""
    spec = platform.api.inspect_service(service)
    task = spec["Spec"]["TaskTemplate"]
    task["ForceUpdate"] = task.get("ForceUpdate", 0) + 1
    _update(platform, spec, task)


def on_another_image(platform: LocalPlatform, service: str) -> None:
    """The same content by another name: to the swarm an update of the image like any."""
    spec = platform.api.inspect_service(service)
    task = spec["Spec"]["TaskTemplate"]
    task["ContainerSpec"]["Image"] = task["ContainerSpec"]["Image"].partition("@")[0]
    _update(platform, spec, task)


def on_another_config(platform: LocalPlatform, service: str) -> None:
    """One of its files under another name, as when its content changes; a service without configs gets a first one."""
    spec = platform.api.inspect_service(service)
    task = spec["Spec"]["TaskTemplate"]
    configs = task["ContainerSpec"].setdefault("Configs", [])
    data = _config(platform, configs[0]["ConfigID"]) if configs else b"live"
    name = f"live-{secrets.token_hex(8)}"
    id_ = platform.api.create_config(name, data)["ID"]
    if configs:
        configs[0] |= {"ConfigID": id_, "ConfigName": name}
    else:
        file = {"Name": "/etc/live", "UID": "0", "GID": "0", "Mode": 0o444}
        configs.append({"ConfigID": id_, "ConfigName": name, "File": file})
    _update(platform, spec, task)


def _config(platform: LocalPlatform, id_: str) -> bytes:
    return base64.b64decode(platform.api.inspect_config(id_)["Spec"]["Data"])


def _update(platform: LocalPlatform, spec: dict[str, object], task: object) -> None:
    wanted = spec["Spec"]
    assert isinstance(wanted, dict)
    version = spec["Version"]
    assert isinstance(version, dict)
    platform.api.update_service(
        spec["ID"],
        version=version["Index"],
        task_template=task,
        name=wanted["Name"],
        labels=wanted.get("Labels"),
        mode=wanted.get("Mode"),
        update_config=wanted.get("UpdateConfig"),
        rollback_config=wanted.get("RollbackConfig"),
        endpoint_spec=wanted.get("EndpointSpec"),
        fetch_current_spec=False,
    )


def killed(platform: LocalPlatform, service: str) -> None:
    """By the kernel, without a word before."""
    platform.api.kill(platform.container(service), signal="SIGKILL")


EVENTS: Mapping[str, Callable[[LocalPlatform, str], None]] = {
    "service restart": restarted,
    "image update": on_another_image,
    "config change": on_another_config,
    "kill -9": killed,
}


def _ran(platform: LocalPlatform, store: Store, script: str, mark: str = "") -> str:
    bucket = identities_of(platform.settings)[0].replays_bucket
    organization = platform.settings.data.influxdb.organization
    for name, value in {"MARK": mark, "BUCKET": bucket, "ORG": organization}.items():
        script = script.replace(name, value)
    return platform.sh(store.at, script)


def _marked(platform: LocalPlatform, store: Store) -> str:
    mark = secrets.token_hex(8) if store.write else _ran(platform, store, store.read)
    assert len(mark) >= 16
    if store.write:
        _ran(platform, store, store.write, mark)
    assert mark in _ran(platform, store, store.read)
    return mark


@pytest.fixture(scope="module", autouse=True)
def _as_terraform_left_it(platform: LocalPlatform) -> Iterator[None]:
    """Puts the services back, and removes the configs that were made here."""
    yield
    command("deploy", "--env", "local")
    for config in platform.api.configs():
        if config["Spec"]["Name"].startswith("live-"):
            platform.api.remove_config(config["ID"])


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("name", STORES)
def test_a_marker_outlives(platform: LocalPlatform, name: str, event: str) -> None:
    disruptive()
    if programs_of(platform.target.wanted)[name].is_stand_in:
        pytest.skip(f"a stand-in of {name} keeps nothing, and one runs here")
    store = STORES[name]
    mark = _marked(platform, store)
    before = platform.container(store.service)
    # Redis and RabbitMQ write to disk once a second.
    platform.wait_for_convergence(stable_s=2)
    EVENTS[event](platform, store.service)
    until(
        120,
        lambda: platform.tasks.container(store.service) not in (None, before),
        f"another task of {store.service} after {event}",
    )
    platform.wait_for_convergence(stable_s=3)
    assert mark in _ran(platform, store, store.read)


def test_markers_outlive_down_and_up(platform: LocalPlatform) -> None:
    disruptive()
    programs = programs_of(platform.target.wanted)
    real = {name: store for name, store in STORES.items() if not programs[name].is_stand_in}
    marks = {name: _marked(platform, store) for name, store in real.items()}
    platform.wait_for_convergence(stable_s=2)
    command("down", "--env", "local")
    command("deploy", "--env", "local")
    platform.wait_for_convergence(stable_s=3)
    lost = [
        name for name, mark in marks.items() if mark not in _ran(platform, STORES[name], STORES[name].read)
    ]
    assert lost == []


def test_certificates_are_kept_when_traefik_is_killed(platform: LocalPlatform) -> None:
    disruptive()
    file = platform.sh("traefik", CERTIFICATES)
    assert len(file.splitlines()) >= 8
    _killed_and_back(platform, "traefik")
    assert platform.sh("traefik", CERTIFICATES) == file
    assert _certificates_are_green(platform)


def test_certificates_are_issued_again_by_an_authority_that_forgot(platform: LocalPlatform) -> None:
    """The authority first, then Traefik: as after a reboot of the machine."""
    disruptive()
    for service in ("acme-authority", "traefik"):
        _killed_and_back(platform, service)
    until(60, lambda: _certificates_are_green(platform), "certificates of the new authority")


def _killed_and_back(platform: LocalPlatform, service: str) -> None:
    before = platform.container(service)
    killed(platform, service)
    until(120, lambda: platform.tasks.container(service) not in (None, before), f"another task of {service}")
    platform.wait_for_convergence(stable_s=3)


def _certificates_are_green(platform: LocalPlatform) -> bool:
    found = [each for each in platform.smoke().outcomes if each.area == "certificates"]
    return bool(found) and all(each.status == "passed" for each in found)
