"""The version that had a store's data last, in the state."""

from __future__ import annotations

from sprocket_constructs import SwarmStack

from tests.synthesis import declare, every, furnished, only, service, synth


def test_a_store_says_program_and_version_before_its_service_gets_the_image(stack: SwarmStack) -> None:
    furnished(stack)
    assert only(synth(stack), "terraform_data")["input"] == {"program": "app", "version": "1.2"}
    assert [each for each in service(stack, "redis")["depends_on"] if each.startswith("terraform_data.")] == [
        "terraform_data.data_redis_data-version_98293777"
    ]


def test_what_keeps_no_data_says_nothing(stack: SwarmStack) -> None:
    web = declare(stack, "web")
    web.shares("cache", at="/cache", because="it may be lost")
    web.binds("/proc", at="/host/proc", read_only=True, because="metrics")
    assert every(synth(stack), "terraform_data") == []
    assert "depends_on" not in service(stack, "web")
