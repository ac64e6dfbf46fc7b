"""Releases in a bucket of a real S3 server: numbered once, read back, and gone with all versions when they are old."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from layers.loading import load_environment
from layers.settings.environment import State
from ops.release.archive import Archive, archive_of
from ops.release.release import KEPT, Outcome, Release
from ops.state.bucket import Bucket
from tests.live import s3_server
from tests.live.s3_server import KEY
from tests.unit.ops_fixtures import stack
from tests.unit.ops_releases import release

pytestmark = [pytest.mark.live(needs=["terraform"]), pytest.mark.proof]


@pytest.fixture
def bucket(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY[1])
    with s3_server.of_a_test(tmp_path_factory.mktemp("seaweedfs")) as url:
        monkeypatch.setenv("SPROCKET_STATE_ENDPOINT_URL", url)
        bucket = Bucket("sprocket-state", endpoint=url, key=KEY)
        bucket.create()
        bucket.keep_versions()
        yield bucket


@pytest.fixture
def archive(bucket: Bucket) -> Archive:
    state = State(backend="spaces", bucket=bucket.name, endpoint="nyc3.digitaloceanspaces.com")
    return archive_of(load_environment("prod").model_copy(update={"state": state}))


def test_releases_in_a_bucket(bucket: Bucket, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    assert archive.releases() == [] and archive.last() is None
    keys = []
    for number in range(KEPT + 2):
        keys.append(archive.keep({**stack(), "locals": {"number": str(number)}}))
        assert archive.add(release(services=keys[-1])).number == number + 1
    # Another operator, who looked before the last one was there.
    late = archive_of_late(archive, monkeypatch)
    assert late.number == KEPT + 3
    archive.update(late.model_copy(update={"outcome": Outcome.FAILED}))
    archive.trim()
    assert [each.number for each in archive.releases()] == list(range(3, KEPT + 4))
    assert archive.stack(keys[2])["locals"] == {"number": "2"}
    prefix = "releases/prod-services/"
    assert f"{prefix}{keys[0]}.json.gz" not in bucket.keys(prefix)
    listed = bucket._s3.list_object_versions(Bucket=bucket.name, Prefix=f"{prefix}000001.json")
    assert not listed.get("Versions") and not listed.get("DeleteMarkers")


def archive_of_late(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Release:
    last = archive.last()
    assert last is not None
    with monkeypatch.context() as patch:
        patch.setattr(archive, "last", lambda: last.model_copy(update={"number": last.number - 1}))
        return archive.add(release(services=last.services))
