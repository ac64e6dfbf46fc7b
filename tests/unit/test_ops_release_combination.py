"""The stack that a rollback applies: what comes back, and what never does."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ops.errors import Refused
from ops.model.inventory import from_synthesis
from ops.model.services import services_of
from ops.paths import STATE
from ops.release.combination import one_service, whole, with_state_here
from tests.unit.ops_fixtures import DIGEST_2, at, config, network, service, stack

Document = dict[str, Any]


def changed(**resources: dict[str, Any]) -> Document:
    """The fixture's stack with further resources by type."""
    document = copy.deepcopy(stack())
    for type_, group in resources.items():
        document["resource"].setdefault(type_, {}).update(group)
    return document


def of(document: Document, type_: str) -> dict[str, Any]:
    return dict(document["resource"].get(type_, {}))


def text_of(document: Document, name: str, at: str) -> str:
    found = next(each for each in services_of(from_synthesis(document)) if each.name == name).file(at)
    assert found is not None
    return found.text


def image_of(document: Document, name: str) -> str:
    return next(each for each in services_of(from_synthesis(document)) if each.name == name).image.digest


NEWER = changed(
    docker_service={
        "web": service(
            "platform/web",
            name="web",
            image=f"example.org/app:1.3@{DIGEST_2}",
            networks=("redis_net", "edge"),
            configs={"/app/config.yml": "web_conf"},
        ),
        "bot": service("platform/bot", name="bot", networks=("redis_net",)),
    },
    docker_config={"web_conf": config("platform/web/conf", name="web-conf", text="a: 2\n")},
)


def test_all_services_come_back_with_their_images_and_files() -> None:
    back = whole(NEWER, stack())
    assert set(of(back, "docker_service")) == {"redis", "web"}
    assert text_of(back, "web", "/app/config.yml") == "a: 1\nb: 2\n"
    assert back["resource"] == stack()["resource"]
    assert back["locals"] == stack()["locals"]


def test_generated_secrets_and_volumes_stay_as_they_are_now() -> None:
    rotated = at("secrets/redis-password", length=64, keepers={"revision": "2"})
    moved = at("data/redis/data", name="sprocket-redis", driver="another")
    now = changed(
        random_password={"redis_password": rotated, "new_key": at("secrets/new", length=32)},
        docker_volume={"redis_data": moved, "loki_data": at("data/loki/data", name="sprocket-loki")},
    )
    back = whole(now, stack())
    assert of(back, "random_password") == of(now, "random_password")
    assert of(back, "docker_volume") == of(now, "docker_volume")
    assert of(whole(stack(), now), "random_password").keys() == {"redis_password", "new_key"}


def test_an_older_version_of_a_store_is_asked_for_so_that_it_is_refused_and_a_new_store_s_record_stays() -> (
    None
):
    def record(version: str) -> Document:
        return at("data/redis/redis/data-version", input={"program": "redis", "version": version})

    now = changed(terraform_data={"redis": record("9.0.0"), "loki": record("3.7.6")})
    back = whole(now, changed(terraform_data={"redis": record("8.2.9")}))
    assert of(back, "terraform_data") == {"redis": record("8.2.9"), "loki": record("3.7.6")}


def test_the_state_and_the_way_to_the_engine_are_those_of_now_with_no_variable_too_many() -> None:
    now = {
        **stack(),
        "terraform": {"backend": {"s3": {"key": "now"}}, "required_providers": {"docker": {"version": "9"}}},
        "provider": {"docker": [{"host": "ssh://now", "registry_auth": {"password": "${var.token}"}}]},
        "variable": {"token": {"type": "string"}, "unused": {"type": "string"}},
    }
    wanted = {
        **stack(),
        "locals": {"redis_conf": "${var.old}"},
        "terraform": {"backend": {"s3": {"key": "then"}}},
        "provider": {"docker": [{"host": "ssh://then"}]},
        "variable": {"old": {"type": "string"}, "gone": {"type": "string"}},
    }
    back = whole(now, wanted)
    assert back["terraform"] == now["terraform"]
    assert back["provider"] == now["provider"]
    assert set(back["variable"]) == {"token", "old"}
    assert "variable" not in whole(stack(), stack())


def test_a_state_in_a_file_is_looked_for_in_this_clone() -> None:
    local = {
        "terraform": {"backend": {"local": {"path": "/another/clone/.sprocket/state/local-services.tfstate"}}}
    }
    here = with_state_here(local)["terraform"]["backend"]["local"]
    assert here == {"path": str(STATE / "state" / "local-services.tfstate")}
    bucket = {"terraform": {"backend": {"s3": {"key": "k"}}}}
    assert with_state_here(bucket) == bucket


def test_one_service_comes_back_with_its_files_and_all_others_stay() -> None:
    back = one_service(NEWER, stack(), "web", number=1)
    assert text_of(back, "web", "/app/config.yml") == "a: 1\nb: 2\n"
    assert of(back, "docker_service")["bot"] == of(NEWER, "docker_service")["bot"]
    assert image_of(back, "web") == image_of(stack(), "web") != image_of(NEWER, "web")
    assert of(NEWER, "docker_service")["web"] != of(back, "docker_service")["web"], "the input is not changed"


def test_a_service_s_secret_file_comes_with_its_text_and_its_variables() -> None:
    wanted = {
        **stack(),
        "locals": {"redis_conf": "requirepass ${random_password.redis_password.result} ${var.extra}\n"},
        "variable": {"extra": {"type": "string"}},
    }
    now = {**stack(), "locals": {**stack()["locals"], "other": "stays"}}
    back = one_service(now, wanted, "redis", number=1)
    assert back["locals"] == {**wanted["locals"], "other": "stays"}
    assert set(back["variable"]) == {"extra"}


def refusal(current: Document, wanted: Document, name: str) -> str:
    with pytest.raises(Refused) as caught:
        one_service(current, wanted, name, number=3)
    return str(caught.value)


def test_a_service_that_one_of_the_two_does_not_have_cannot_come_back_alone() -> None:
    assert refusal(NEWER, stack(), "bot") == (
        "bot cannot go back alone; nothing was changed\n"
        "- release 3 has no service bot\n"
        "    use one of redis, web; or go back with all services: leave out --service"
    )
    assert "- the current release has no service bot" in refusal(stack(), NEWER, "bot")


def test_a_service_that_needs_what_is_gone_cannot_come_back_alone() -> None:
    wanted = changed(docker_network={"old_net": network("data/old/network", name="old-net")})
    wanted["resource"]["docker_service"]["web"] = service(
        "platform/web", name="web", networks=("redis_net", "edge", "old_net")
    )
    assert "- it needs network old-net of release 3, which is not there any more" in refusal(
        stack(), wanted, "web"
    )


def test_a_file_that_others_read_cannot_go_back_under_them() -> None:
    now = copy.deepcopy(NEWER)
    now["resource"]["docker_service"]["bot"] = service(
        "platform/bot", name="bot", configs={"/bot.yml": "web_conf"}
    )
    assert "- web-conf, which it reads, is read by bot too" in refusal(now, stack(), "web")
    unchanged = copy.deepcopy(now)
    unchanged["resource"]["docker_config"] = stack()["resource"]["docker_config"]
    assert text_of(one_service(unchanged, stack(), "web", number=3), "bot", "/bot.yml") == "a: 1\nb: 2\n"
