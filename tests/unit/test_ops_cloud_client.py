"""What is asked of DigitalOcean's API besides Terraform, and what is said when it does not answer."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from ops.cloud.client import Client, NotFound
from ops.errors import OpsError
from tests.unit.ops_account import answer_requests
from tests.unit.ops_clock import FakeClock

Given = httpx.Response | httpx.HTTPError


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Client, list[float]]]:
    """An account whose API answers from a list, the last for ever, and the pauses between tries."""

    def made(*answers: Given) -> tuple[Client, list[float]]:
        left = list(answers)

        def answer(request: httpx.Request) -> httpx.Response:
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, httpx.HTTPError):
                raise answer
            return answer

        answer_requests(monkeypatch, answer)
        return Client(), FakeClock(monkeypatch).pauses

    return made


def test_all_pages_are_read(account: Callable[..., tuple[Client, list[float]]]) -> None:
    first = httpx.Response(200, json={"droplets": [{"id": 1}], "links": {"pages": {"next": "..."}}})
    last = httpx.Response(200, json={"droplets": None, "links": {}})
    assert account(first, last)[0].listed("droplets") == [{"id": 1}]


def test_an_api_that_is_busy_is_asked_again(account: Callable[..., tuple[Client, list[float]]]) -> None:
    fine = httpx.Response(200, json={"droplets": []})
    busy = httpx.Response(429, headers={"retry-after": "7"})
    asked, pauses = account(busy, httpx.Response(503), httpx.ReadTimeout("slow"), fine)
    assert asked.listed("droplets") == [] and pauses == [7, 2, 4]


def test_an_api_that_is_busy_for_long_is_an_error_at_once(
    account: Callable[..., tuple[Client, list[float]]],
) -> None:
    asked, pauses = account(httpx.Response(429, headers={"retry-after": "3000"}))
    with pytest.raises(OpsError, match="429 Too Many Requests"):
        asked.listed("droplets")
    assert pauses == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(401), "401 Unauthorized\n  the token is wrong or has expired"),
        (httpx.Response(403), "403 Forbidden\n  the token lacks a scope for this request: check the scopes"),
        (httpx.Response(429), "429 Too Many Requests\n  the API may be busy or unreachable"),
        (httpx.Response(500), "500 Internal Server Error\n  the API may be busy or unreachable"),
        (httpx.ConnectTimeout("timed out"), "timed out\n  the API may be busy or unreachable"),
        (
            httpx.Response(200, text="<html>"),
            "the answer is not JSON\n  a proxy may have answered in its place",
        ),
        (httpx.Response(200, json={"id": "x"}), "the answer has no droplets"),
    ],
)
def test_the_reason_leads_to_what_helps(
    answer: Given, said: str, account: Callable[..., tuple[Client, list[float]]]
) -> None:
    with pytest.raises(OpsError) as caught:
        account(answer)[0].listed("droplets")
    assert said in str(caught.value)
    assert ("DIGITALOCEAN_TOKEN" in str(caught.value)) == ("token" in said)


def test_an_order_is_given_once(account: Callable[..., tuple[Client, list[float]]]) -> None:
    asked, pauses = account(httpx.Response(503))
    with pytest.raises(OpsError, match="503"):
        asked.act("droplets/7/actions", {"type": "power_off"})
    assert pauses == []
    with pytest.raises(NotFound):
        account(httpx.Response(404))[0].one("droplets/7", "droplet")


def test_nobody_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITALOCEAN_API_URL", "http://127.0.0.1:9")
    FakeClock(monkeypatch)
    with pytest.raises(OpsError, match=r"API at http://127.0.0.1:9 for droplets failed: "):
        Client().listed("droplets")


def test_a_removal_is_tried_again_and_its_failure_told(
    account: Callable[..., tuple[Client, list[float]]],
) -> None:
    asked, pauses = account(httpx.ReadTimeout("slow"), httpx.Response(204))
    asked.remove("droplets/7")
    assert pauses == [1]
    account(httpx.Response(404))[0].remove("droplets/7")
    with pytest.raises(OpsError, match="for droplets/7 failed: 403 Forbidden\n  the token lacks a scope"):
        account(httpx.Response(403))[0].remove("droplets/7")
    with pytest.raises(OpsError, match="for droplets/7 failed: nobody there"):
        account(httpx.ConnectError("nobody there"))[0].remove("droplets/7")
