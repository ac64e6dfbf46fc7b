"""Options that every input has: what happens to its metrics before they are written."""

from __future__ import annotations

import fnmatch
import time

from telegraf_standin.config import Config, Plugin
from telegraf_standin.metric import Metric


def finish(metrics: list[Metric], plugin: Plugin, config: Config) -> None:
    """Name, tag and stamp what an input gathered, in the real program's order (models/running_input.go).

    A tag that a metric already has stays, also where the input's `tags` or the agent say another value: whoever writes to a
    listener can choose it. `tagexclude` drops tags afterwards, wherever they came from, and with
    `always_include_local_tags` the input's own `tags` are then put back. Processors come last.
    """
    now = rounded(time.time_ns(), config.precision)
    own = {str(key): str(value) for key, value in plugin.options.get("tags", {}).items()}
    agent = {**config.tags, **({"host": config.hostname} if config.hostname else {})}
    excluded = plugin.texts("tagexclude")
    for metric in metrics:
        metric.name = plugin.text("name_override") or metric.name
        metric.time = metric.time or now
        tags = {**agent, **own, **metric.tags}
        tags = {k: v for k, v in tags.items() if not any(fnmatch.fnmatchcase(k, glob) for glob in excluded)}
        if plugin.flag("always_include_local_tags"):
            tags = {**own, **tags}
        metric.tags = {config.renamed_tags.get(key, key): value for key, value in tags.items()}


def rounded(nanoseconds: int, precision: float) -> int:
    """The time cut to a multiple of `precision` seconds; unchanged for 0."""
    step = int(precision * 1e9)
    return nanoseconds - nanoseconds % step if step else nanoseconds
