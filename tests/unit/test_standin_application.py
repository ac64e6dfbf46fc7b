"""The application's stand-ins: how they look settings up, what they ask for, what they answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from tests.unit.standin_code import IMAGES, load

NODE = shutil.which("node")
HERE = Path(__file__).parent / "standin_application"


@pytest.mark.skipif(
    NODE is None, reason="node is not on this machine; it runs the tests of the Node.js stand-ins"
)
@pytest.mark.parametrize("file", sorted(path.name for path in HERE.glob("*.test.js")))
def test_node(file: str) -> None:
    # `require("stand-in")` finds in the image's folder what the image has in node_modules.
    environment = {**os.environ, "NODE_PATH": str(IMAGES / "application")}
    run = subprocess.run(
        [str(NODE), "--test", str(HERE / file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "# pass 0" not in run.stdout and "# tests 0" not in run.stdout


PARSER: dict[str, Any] = {
    "celery": {"broker": "", "backend": "redis://:pw@redis:6379", "queue": "main-celery"},
    "transport": {
        "url": "amqp://u:p@rabbitmq:5672",
        "analytics_queue": "main-analytics",
        "celery-queue": "main-celery",
    },
    "minio": {
        "hostname": "minio:9000",
        "bucket": "replays",
        "parsed_object_prefix": "main",
        "accessKey": "",
        "secure": False,
    },
    "tempDir": "/tmp",
    "parser": "carball",
    "disableCache": False,
}


class Parser:
    """A worker's files below a temporary folder, and its settings read from them."""

    def __init__(self, folder: Path) -> None:
        self.module = load("replay-parse-service", "replay_parser.settings")
        self.config, self.secrets = folder / "config", folder / "secret"
        self.config.mkdir()
        self.secrets.mkdir()
        for name in ("default.json", "production.json"):
            shutil.copy(IMAGES / "replay-parse-service" / name, self.config)
        for name in ("minio-access.txt", "minio-secret.txt"):
            (self.secrets / name).write_text(f"{name}\n")

    def read(self, data: dict[str, Any] | None = None, **env: str) -> Any:
        if data is not None:
            (self.config / "production.json").write_text(json.dumps(data))
        given = {"ENV": "production", "CONFIG_DIR": str(self.config), **env}
        return self.module.read(given, self.secrets)

    def missing(self, data: dict[str, Any] | None = None, **env: str) -> list[str]:
        with pytest.raises(self.module.Unusable) as raised:
            self.read(data, **env)
        return str(raised.value).splitlines()


@pytest.fixture
def parser(tmp_path: Path) -> Parser:
    return Parser(tmp_path)


def test_parser_reads_its_file_and_secrets(parser: Parser) -> None:
    settings = parser.read(PARSER)
    assert (settings.endpoint, settings.queue, settings.secure) == ("minio:9000", "main-celery", False)
    assert (settings.access_key, settings.secret_key) == ("minio-access.txt", "minio-secret.txt")
    assert settings.problems == ()


def test_parser_takes_variables_first_and_the_bucket_under_its_own_name(parser: Parser) -> None:
    settings = parser.read(PARSER, MINIO_BUCKET="other", MINIO_REPLAYS_BUCKET="ignored", MINIO_USE_SSL="True")
    assert (settings.bucket, settings.secure) == ("other", True)


def test_parser_names_all_that_the_image_alone_does_not_have(parser: Parser) -> None:
    for file in parser.secrets.iterdir():
        file.unlink()
    names = [line.split(":")[0] for line in parser.missing()]
    assert names == [
        "transport.url",
        "minio.hostname",
        "minio-access.txt",
        "minio-secret.txt",
        "minio.bucket",
    ]


def test_parser_without_env_asks_for_a_file_that_is_not_there(parser: Parser) -> None:
    assert "development.json" in parser.missing(ENV="development")[0]


def test_parser_merges_at_the_top_level_only(parser: Parser) -> None:
    minio = {key: value for key, value in PARSER["minio"].items() if key != "secure"}
    assert [line.split(":")[0] for line in parser.missing({**PARSER, "minio": minio})] == ["minio.secure"]


def test_parser_says_that_results_would_be_thrown_away(parser: Parser) -> None:
    silent = {**PARSER, "celery": {**PARSER["celery"], "backend": ""}}
    assert "core waits for ever" in parser.read(silent).problems[0]
    assert parser.read(silent, CELERY_RESULT_BACKEND="redis://redis").problems == ()


def test_parser_reports_broken_json_without_a_traceback(parser: Parser) -> None:
    (parser.config / "production.json").write_text("{")
    assert "not JSON" in parser.missing()[0]


def test_the_worker_whose_pool_is_forked_stays_without_threads(
    parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    receivers: list[Any] = []
    connect = SimpleNamespace(connect=lambda receiver, weak: receivers.append(receiver))
    for name in ("celery", "kombu", "minio", "replay_parser.objects"):
        monkeypatch.setitem(sys.modules, name, MagicMock())
    monkeypatch.setitem(sys.modules, "celery.signals", MagicMock(celeryd_after_setup=connect))
    settings = parser.read(PARSER)
    monkeypatch.setattr(parser.module, "read", lambda: settings)
    started: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", started.append)
    try:
        load("replay-parse-service", "replay_parser.worker")
        threads = threading.active_count()
        for receiver in receivers:
            receiver()
    finally:
        sys.modules.pop("replay_parser.worker", None)
    assert started == [[sys.executable, "-m", "replay_parser.watcher"]]
    assert threading.active_count() == threads
