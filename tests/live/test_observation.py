"""A deploy whose page fails although its task is healthy: a real swarm and a real Traefik take it back, and the page is there again."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from images import LOCK_FILE
from images.builder import lock
from ops.waiting import wait_until
from tests.live.checkout import LOCAL, checkout, left_over

pytestmark = [
    pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider"]),
    pytest.mark.proof,
]

HOST = "page.sprocket.localhost"
DEPLOY = ("deploy", *LOCAL, "--stable", "2", "--observe", "10")


def status() -> int:
    """What the page answers over TLS, through Traefik."""
    try:
        with httpx.Client(verify=False) as client:
            return client.get(
                "https://127.0.0.1/", headers={"Host": HOST}, extensions={"sni_hostname": HOST}
            ).status_code
    except httpx.TransportError:
        return 0


def test_a_page_that_is_lost_is_taken_back(tmp_path: Path) -> None:
    images = lock.load(LOCK_FILE)
    names = {
        variable: f"{images[name].name} {images[name].tag} {images[name].digest}"
        for variable, name in (("TRY_TRAEFIK", "traefik"), ("TRY_PAGE", "web"))
    }
    with checkout(tmp_path, "observed_platform", environments=("local",)) as here:
        here.always(**names)
        first = here.run(*DEPLOY)
        assert "no page answered from here before this deploy: none is watched" in first
        assert wait_until(lambda: status() == 200, 30), status()

        told = here.run(*DEPLOY, expect=1, TRY_STATUS="503")
        assert "2 services converged" in told, "the swarm itself sees nothing wrong"
        assert f"https://{HOST}/: 503, expected: page; it answered before this deploy" in told
        assert "local is back at release 1" in told
        assert status() == 200
        listed = here.run("releases", *LOCAL, "--json")
        releases = json.loads(listed[listed.index("[") :])
        found = sorted((each["number"], each["outcome"], each["cause"]) for each in releases)
        assert found == [
            (1, "converged", "deploy"),
            (2, "failed", "deploy"),
            (3, "converged", "rollback to 1"),
        ]

        third = here.run(*DEPLOY, TRY_STATUS="204")
        assert "1 page answered for 10 s after the services converged" in third
        assert status() == 204
    assert left_over() == []
