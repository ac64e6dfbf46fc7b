"""Health checks: what the task runs, when, and why not."""

from sprocket_constructs import HealthCheck, SwarmStack

from tests.synthesis import container, declare


def test_other_times_leave_the_check_as_it_is() -> None:
    check = HealthCheck.shell("true").every("60s", timeout="30s", retries=5, start_period="120s")
    assert check.words == ["CMD-SHELL", "true"]
    assert (check.interval, check.timeout, check.retries, check.start_period) == ("1m", "30s", 5, "2m")


def test_http_asks_loopback_by_number_because_localhost_may_be_the_other_family() -> None:
    assert HealthCheck.http(8080, "/healthz").words == [
        "CMD-SHELL",
        "wget -q -T 5 -O /dev/null http://127.0.0.1:8080/healthz",
    ]
    assert HealthCheck.http(80).words[1].endswith("http://127.0.0.1:80/")


def test_none_switches_off_what_the_image_brings_and_keeps_the_reason(stack: SwarmStack) -> None:
    check = HealthCheck.none(because="the image has no shell")
    declare(stack, "api", health=check)
    assert container(stack, "api")["healthcheck"]["test"] == ["NONE"]
    assert check.because == "the image has no shell"
