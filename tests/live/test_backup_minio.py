"""Buckets, to the bucket of backups and back, and into the server again."""

from __future__ import annotations

import pytest

from images.builder.trial import Trial
from tests.live.backups import Bench

pytestmark = pytest.mark.live(needs=["engine"])

BUCKET = "sprocket-main-replays"
OTHER = "sprocket-main-image-generation"


class Shop:
    """The server with its keeper, in whose container mc may do everything."""

    def __init__(self, bench: Bench) -> None:
        self.server = bench.services.start("minio")
        self.server.wait("curl", "-fsS", "http://127.0.0.1:9000/minio/health/cluster")
        self.keeper = bench.services.start("minio-keeper")
        self.keeper.wait("test", "-f", "/tmp/done")

    def mc(self, *words: str, stdin: str = "") -> str:
        return self.keeper.expect("mc", "--quiet", *words, stdin=stdin)

    def put(self, key: str, text: str, *, attributes: str = "") -> None:
        words = ["--attr", attributes] if attributes else []
        self.keeper.expect("sh", "-c", "cat > /tmp/given", stdin=text)
        self.mc("cp", *words, "/tmp/given", f"store/{key}")

    def about(self, key: str) -> list[str]:
        """All that is known of an object but its time."""
        lines = self.mc("stat", f"store/{key}").splitlines()
        return sorted(line.strip() for line in lines if "Date" not in line)

    def keys(self, bucket: str) -> set[str]:
        return {
            line.removeprefix(f"store/{bucket}/") for line in self.mc("find", f"store/{bucket}").splitlines()
        }


@pytest.fixture
def bench(trial: Trial) -> Bench:
    return Bench(trial, "minio")


def filled(bench: Bench) -> Shop:
    shop = Shop(bench)
    shop.put(
        f"{BUCKET}/a & b/Ä 1.replay", "one", attributes="Content-Type=application/x-replay;played-by=somebody"
    )
    shop.put(f"{BUCKET}/two", "two")
    shop.keeper.expect("sh", "-c", "head -c 5000000 /dev/urandom > /tmp/large")
    shop.mc("cp", "/tmp/large", f"store/{BUCKET}/large")
    return shop


def test_what_was_lost_comes_back(bench: Bench) -> None:
    shop = filled(bench)
    bench.start_job()
    manifest = bench.copy_and_fetch()
    assert [line.split()[:2] for line in manifest.splitlines()] == [[BUCKET, "3"], [OTHER, "0"]]
    odd = f"{BUCKET}/a & b/Ä 1.replay"
    about, large = shop.about(odd), shop.about(f"{BUCKET}/large")
    assert any("application/x-replay" in line for line in about), about

    shop.mc("rb", "--force", f"store/{OTHER}")
    shop.mc("rm", f"store/{BUCKET}/large", f"store/{odd}")
    shop.put(f"{BUCKET}/two", "bad")  # of the same size, and newer
    shop.put(f"{BUCKET}/three", "newer than the copy")

    assert bench.expect("verify") == manifest
    assert "large" not in shop.keys(BUCKET), "a trial changes nothing"
    bench.expect("load")
    assert shop.keys(BUCKET) == {"a & b/Ä 1.replay", "two", "large"} and shop.keys(OTHER) == set()
    assert shop.mc("cat", f"store/{BUCKET}/two") == "two"
    assert (shop.about(odd), shop.about(f"{BUCKET}/large")) == (about, large), "types, metadata, checksums"
    print(bench.in_words())

    # The next copy begins from the last one.
    shop.put(f"{BUCKET}/two", "2")
    bench.expect("copy")
    again = bench.job.expect(
        "sh", "-c", "cat /spool/copy/manifest /spool/sending/manifest 2>/dev/null || true"
    )
    assert again.split()[1] == "3" and again != manifest
    assert bench.job.exec("test", "-d", "/spool/last").code, "it became the new one"
    bench.fetch(bench.sent())
    assert bench.expect("verify") == bench.manifest()
    print(bench.in_words())


def test_a_changed_object_in_a_copy_is_named(bench: Bench) -> None:
    filled(bench)
    bench.start_job()
    bench.copy_and_fetch()
    part = bench.job.expect("sh", "-c", "find /spool/fetched/data -name part.1 | head -n 1").strip()
    bench.job.expect("sh", "-c", f"printf x | dd of='{part}' bs=1 seek=1000 conv=notrunc 2> /dev/null")
    done = bench.ask("verify")
    assert done.code != 0 and "large" in done.output, done.output


def test_a_server_that_is_away_leaves_the_last_copy(bench: Bench) -> None:
    shop = filled(bench)
    bench.start_job()
    bench.expect("copy")
    bench.sent()
    shop.server.stop()
    done = bench.ask("copy")
    assert done.code != 0 and "minio" in done.output.splitlines()[-1], done.output
    reason = bench.job.expect("cat", "/spool/failed")
    assert "minio" in reason
