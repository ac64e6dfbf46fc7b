"""Metrics, to the bucket and back, and into the server again, where the 1.x users go on as before."""

from __future__ import annotations

import time

import pytest

from images.builder.engine import docker
from images.builder.trial import Trial
from tests.live.backups import Bench, secret

pytestmark = pytest.mark.live(needs=["engine"])

BUCKET = "sprocket_main"


class Metrics:
    """The server with its keeper, spoken to as its declared clients do."""

    def __init__(self, bench: Bench) -> None:
        self.server = bench.services.start("influxdb")
        self.server.wait("influx", "ping", seconds=120)
        self.bench = bench
        self.keep()

    def keep(self) -> None:
        """Runs a keeper until it is done."""
        self.keeper = self.bench.services.start("influxdb-keeper")
        self.keeper.wait("test", "-f", "/tmp/done")

    def write(self, bucket: str, line: str) -> None:
        """As Telegraf: a user of the 1.x API that may only write."""
        self._as("telegraf", "--data-binary", line, f"http://influxdb:8086/write?db={bucket}")

    def read(self, bucket: str, query: str) -> list[str]:
        """As Grafana: a user that may only read; the lines of values."""
        asked = ("--get", "--data-urlencode", f"q={query}", f"http://influxdb:8086/query?db={bucket}")
        return self._as("grafana", "-H", "Accept: application/csv", *asked).split()[1:]

    def admin(self, method: str, path: str) -> str:
        words = ("curl", "-sSf", "-X", method, "-H", "@/run/secrets/influxdb-admin-header")
        return self.keeper.expect(*words, f"http://influxdb:8086/api/v2/{path}")

    def _as(self, user: str, *words: str) -> str:
        password = secret(f"influxdb-{user}-password")
        return self.keeper.expect("curl", "-sSf", "-K", "-", *words, stdin=f'user = "{user}:{password}"\n')


@pytest.fixture
def bench(trial: Trial) -> Bench:
    if trial.images["influxdb"].kind != "real":
        pytest.skip("the real InfluxDB is not on this machine; a stand-in keeps no points")
    return Bench(trial, "influxdb")


def filled(bench: Bench) -> Metrics:
    metrics = Metrics(bench)
    now = int(time.time())
    for ago in range(0, 20 * 86400, 21600):
        metrics.write("telegraf", f"marker,host=a,place=x\\,y value={ago}i,share=0.1 {now - ago}000000000")
    metrics.write("telegraf", f'my\\ marker,host=b text="here" {now}000000000')
    return metrics


def test_what_was_lost_comes_back(bench: Bench) -> None:
    metrics = filled(bench)
    bench.start_job()
    manifest = bench.copy_and_fetch()
    lines = [line.split()[:2] for line in manifest.splitlines()]
    assert ["telegraf/marker", "160"] in lines and ["telegraf/my_marker", "1"] in lines
    values = metrics.read("telegraf", "SELECT sum(value) FROM marker")

    # One bucket is gone with all that is in it, and a keeper has made it anew; in another there is something since.
    bucket = metrics.admin("GET", "buckets?name=telegraf").split('"id": "')[1][:16]
    metrics.admin("DELETE", f"buckets/{bucket}")
    metrics.keep()
    assert metrics.read("telegraf", "SELECT sum(value) FROM marker") == []

    assert bench.expect("verify") == manifest
    said = bench.expect("load")
    assert "bucket telegraf is read back" in said and "user grafana can sign in" in said
    assert metrics.read("telegraf", "SELECT sum(value) FROM marker") == values
    metrics.write("telegraf", "marker,host=a,place=new value=1i")
    assert len(metrics.read("telegraf", "SELECT value FROM marker WHERE place='new'")) == 1
    metrics.keep()
    assert metrics.read("telegraf", 'SELECT count(text) FROM "my marker"') != []
    print(bench.in_words())


def test_a_load_that_was_killed_is_finished_by_the_next(bench: Bench) -> None:
    metrics = filled(bench)
    bench.start_job()
    bench.copy_and_fetch()
    values = metrics.read("telegraf", "SELECT sum(value) FROM marker")
    number = bench.order("load")
    deadline = time.monotonic() + 60
    while ".restored" not in metrics.admin("GET", "buckets?limit=100"):
        assert time.monotonic() < deadline
    docker("kill", bench.job.name)
    docker("rm", bench.job.name)
    bench.start_job()
    assert bench._result(bench.job, "/spool/result", number) == 0
    assert metrics.read("telegraf", "SELECT sum(value) FROM marker") == values
    assert ".restored" not in metrics.admin("GET", "buckets?limit=100")


def test_a_server_that_is_away_leaves_the_last_copy(bench: Bench) -> None:
    metrics = filled(bench)
    bench.start_job()
    bench.expect("copy")
    bench.sent()
    metrics.server.stop()
    done = bench.ask("copy")
    assert done.code != 0 and "influxdb" in done.output, done.output
    assert bench.job.exec("test", "-f", "/spool/last/manifest").code == 0
