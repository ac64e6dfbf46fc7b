"""How a deploy ended gets to the collector, and never ends a deploy itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from layers.data.telegraf import DEPLOY_PATH, DEPLOY_PORT
from ops.errors import OpsError
from ops.release import deploy_metric


class Api:
    """An engine that notes what is run in its containers."""

    def __init__(self, *, runs: bool = True, code: int = 0) -> None:
        self._runs = runs
        self._code = code
        self.words: list[list[str]] = []

    def containers(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        assert filters["label"].endswith("=telegraf")
        return [{"Id": "c1", "Created": 1}] if self._runs else []

    def exec_create(self, container: str, words: list[str]) -> dict[str, str]:
        self.words.append(words)
        return {"Id": "e1"}

    def exec_start(self, id: str) -> bytes:
        return b""

    def exec_inspect(self, id: str) -> dict[str, int]:
        return {"ExitCode": self._code}


class Target:
    def __init__(self, api: Api | None) -> None:
        self._api = api

    @contextmanager
    def swarm(self) -> Iterator[Any]:
        if self._api is None:
            raise OpsError("the engine does not answer", fix="start it")
        self.api = self._api
        yield self


def tell(api: Api | None, *, failed: bool) -> None:
    target: Any = Target(api)
    deploy_metric.tell(target, failed=failed)


@pytest.mark.parametrize(("failed", "line"), [(True, "deploy failed=1i"), (False, "deploy failed=0i")])
def test_the_collector_is_told_on_its_own_loopback(failed: bool, line: str) -> None:
    api = Api()
    tell(api, failed=failed)
    (words,) = api.words
    assert words[0] == "wget"
    assert words[-2:] == [line, f"http://127.0.0.1:{DEPLOY_PORT}{DEPLOY_PATH}"]


@pytest.mark.parametrize(
    ("failed", "said"), [(True, "does not know of this one"), (False, "is not told that this one ended well")]
)
@pytest.mark.parametrize("api", [None, Api(runs=False), Api(code=1)], ids=["engine", "collector", "refused"])
def test_a_deploy_does_not_end_by_it(
    api: Api | None, failed: bool, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = len(api.words) if api else 0
    tell(api, failed=failed)
    told = said in " ".join(capsys.readouterr().err.split())
    assert told is (api is not None and len(api.words) > heard)
