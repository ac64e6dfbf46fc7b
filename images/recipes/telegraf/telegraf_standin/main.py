"""Start: check the configuration, gather and write for ever."""

from __future__ import annotations

import os
import pwd
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from standin.log import Refusal, announce, log, refuse
from standin.stop import exit_on_signals
from standin.yaml_file import read_text

from telegraf_standin import docker_input
from telegraf_standin import host_inputs as host
from telegraf_standin import service_inputs as services
from telegraf_standin.certificate import x509_cert
from telegraf_standin.common_options import finish
from telegraf_standin.config import Config, Plugin, build, seconds
from telegraf_standin.listener import Listener
from telegraf_standin.metric import GatherError, Metric
from telegraf_standin.outputs import HealthOutput, InfluxOutput

IMAGE = "telegraf:1.39.3-alpine"
CONFIG = "/etc/telegraf/telegraf.conf"
FOLDER = Path("/etc/telegraf/telegraf.d")
LISTENER = "influxdb_v2_listener"
USER = "telegraf"
GATHER: dict[str, Callable[[Plugin], list[Metric]]] = {
    "docker": docker_input.docker,
    "redis": services.redis,
    "rabbitmq": services.rabbitmq,
    "prometheus": services.prometheus,
    "postgresql_extensible": services.postgresql_extensible,
    "x509_cert": x509_cert,
    "cpu": host.cpu,
    "mem": host.mem,
    "swap": host.swap,
    "system": host.system,
    "disk": host.disk,
    "net": host.net,
}
Output = InfluxOutput | HealthOutput


def main() -> None:
    """Run until SIGTERM. Arguments: none, `telegraf`, or `--config <file>`."""
    exit_on_signals()
    announce(
        IMAGE, "service and host inputs, InfluxDB and health outputs; fewer fields than the real plugins"
    )
    try:
        _give_up_root()
        config = build(_texts(_config_path(sys.argv[1:])), os.environ)
        outputs = [_output(plugin, config) for plugin in config.outputs]
        for plugin in (p for p in config.inputs if p.name == LISTENER):
            Listener(plugin, partial(_pass_on, plugin, config, outputs))
    except (Refusal, OSError) as error:
        refuse(str(error))
    log("info", f"Loaded inputs: {' '.join(sorted({p.name for p in config.inputs}))}")
    log("info", f"Loaded outputs: {' '.join(sorted({p.name for p in config.outputs}))}")
    for plugin in (p for p in config.inputs if p.name != LISTENER):
        threading.Thread(target=_gather, args=(plugin, config, outputs), daemon=True).start()
    while True:
        time.sleep(config.flush_interval)
        for output in outputs:
            output.flush()


def _gather(plugin: Plugin, config: Config, outputs: list[Output]) -> None:
    """Gather again and again; a failure is logged each time by the input's name, and nothing else happens."""
    interval = seconds(plugin.options.get("interval") or config.interval, f"inputs.{plugin.name}: interval")
    while True:
        started = time.monotonic()
        try:
            _pass_on(plugin, config, outputs, GATHER[plugin.name](plugin))
        except GatherError as error:
            log("error", f"[inputs.{plugin.name}] Error in plugin: {error}")
        except Exception as error:  # an unforeseen answer must not end the other inputs
            log("error", f"[inputs.{plugin.name}] Error in plugin: {type(error).__name__}: {error}")
        time.sleep(max(0.1, interval - (time.monotonic() - started)))


def _pass_on(plugin: Plugin, config: Config, outputs: list[Output], metrics: list[Metric]) -> None:
    finish(metrics, plugin, config)
    for output in outputs:
        output.add(metrics)


def _texts(path: str) -> dict[str, str]:
    """The file, and with the default file also those of /etc/telegraf/telegraf.d."""
    more = sorted(FOLDER.glob("*.conf")) if path == CONFIG else []
    return {str(file): read_text(file, "the configuration") for file in (Path(path), *more)}


def _output(plugin: Plugin, config: Config) -> Output:
    if plugin.name == "health":
        return HealthOutput(plugin)
    return InfluxOutput(plugin, config.buffer_limit)


def _config_path(arguments: list[str]) -> str:
    words = [word for word in arguments if word != "telegraf"]
    if not words:
        return CONFIG
    if len(words) == 2 and words[0] == "--config":
        return words[1]
    raise Refusal(f"arguments {' '.join(words)!r}: none or `--config <file>` is allowed")


def _give_up_root() -> None:
    """As root: become user telegraf, keeping the container's further groups (the Docker socket's)."""
    if os.getuid() != 0:
        return
    account = pwd.getpwnam(USER)
    os.setgroups([group for group in os.getgroups() if group != 0])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
