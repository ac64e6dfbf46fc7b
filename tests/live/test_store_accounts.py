"""Every service's own credential at each store that it is connected to, tried from inside its task: what it needs, and what it must not."""

from __future__ import annotations

import json

import pytest

from layers.data.influxdb import PLATFORM_BUCKET
from layers.platform.identity import identities_of
from ops.check.application import PROGRAMS
from ops.report.programs import programs_of
from tests.live.local_platform import LocalPlatform
from tests.live.store_attempts import CLIENTS, TRY, faults, told

pytestmark = [pytest.mark.live, pytest.mark.proof]

AT_INFLUXDB = """
read -r token
names='org={org}&bucket={bucket}'
try() {{ printf 'header = "Authorization: Token %s"\\n' "$token" | curl -sS --max-time 20 -o /dev/null -w '%{{http_code}}\\n' -K - "$@"; }}
try --data-binary 'live_trial value=1' "http://influxdb:8086/api/v2/write?$names"
try --data-binary 'live_trial value=1' "http://influxdb:8086/api/v2/write?org={org}&bucket={other}"
try -H 'content-type: application/vnd.flux' --data 'buckets()' "http://influxdb:8086/api/v2/query?$names"
try http://influxdb:8086/api/v2/authorizations
"""
"""Writes to the own bucket and to another, reads, and lists tokens; prints the status of each answer."""


@pytest.mark.parametrize("name", CLIENTS)
def test_a_service_may_do_what_it_needs_and_nothing_else(platform: LocalPlatform, name: str) -> None:
    if name not in platform.services:
        pytest.skip(f"{name} is not deployed here")
    if not programs_of(platform.target.wanted)[name].is_stand_in:
        pytest.skip(f"{name} is the real image, which has no Python with drivers to try its credentials with")
    (identity,) = identities_of(platform.settings)
    asked = json.dumps(told(PROGRAMS[name], identity))
    done = platform.tasks.run_with_input(platform.container(name), asked + "\n", "python3", "-c", TRY)
    assert done.code == 0, done.output
    found: dict[str, str] = json.loads(done.output.strip().splitlines()[-1])
    assert faults(platform.services[name], found) == {}, f"of {len(found)} attempts"


def test_the_token_of_metrics_counts_for_nothing_at_influxdb_itself(platform: LocalPlatform) -> None:
    """Tried from the keeper's task: the service reaches Telegraf alone. What bucket it writes into there: test_metrics.py."""
    if programs_of(platform.target.wanted)["influxdb"].is_stand_in:
        pytest.skip("influxdb is a stand-in, which keeps no tokens; needs the real influxd")
    (path,) = (
        at for at, name in PROGRAMS["server-analytics-service"].secrets.items() if name == "influxdb-token"
    )
    token = platform.sh("server-analytics-service", f"cat {path}")
    (identity,) = identities_of(platform.settings)
    settings = platform.settings.data.influxdb
    script = AT_INFLUXDB.format(
        org=settings.organization, bucket=identity.influx_bucket, other=PLATFORM_BUCKET
    )
    done = platform.tasks.run_with_input(
        platform.container("influxdb-keeper"), token + "\n", "/bin/sh", "-euc", script
    )
    assert (done.code, done.output.split()) == (0, ["401"] * 4), done.output
