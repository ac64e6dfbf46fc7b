"""Hosts of admin pages are settings; aliases of public pages send browsers on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from layers.cloud.names import public_hosts
from layers.errors import SettingsError
from layers.loading import load_environment
from layers.pages import AdminPages
from layers.settings.environment import Environment
from ops.smoke.authority import trust_of
from ops.smoke.browser import Reach
from ops.smoke.scene import Scene
from tests.stacks.synthesis import altered, altered_cloud, built, service

PAGES = {"auth", "grafana", "influxdb", "minio", "rabbitmq", "traefik"}


def labelled(**labels: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["ingress"].update(pages=labels)


def hosts(settings: Environment) -> set[str]:
    stack = built(settings)
    stack.finish()
    return {route.host for route in stack.ingress.gateway.routes}


def test_a_page_is_at_its_own_name_by_default() -> None:
    assert {f"{page}.admin.sprocket.localhost" for page in PAGES} < hosts(load_environment("local"))


def test_every_page_can_have_another_label() -> None:
    found = hosts(altered("local", labelled(**{page: f"{page}-x" for page in PAGES})))
    assert {f"{page}-x.admin.sprocket.localhost" for page in PAGES} < found
    assert not {f"{page}.admin.sprocket.localhost" for page in PAGES} & found


def test_who_signs_in_comes_back_to_the_other_label() -> None:
    stack = built(altered("local", labelled(auth="door")))
    assert stack.ingress.sign_in.service.labels["traefik.http.routers.forward-auth.rule"] == (
        "Host(`door.admin.sprocket.localhost`)"
    )
    files = [mount.file.text for mount in service(stack, "fake-discord").file_mounts]
    assert any("https://door.admin.sprocket.localhost/_oauth" in text for text in files)


def test_smoke_goes_to_the_other_label() -> None:
    settings = altered("local", labelled(auth="door"))
    scene = Scene(settings=settings, routes=[], services={}, reach=Reach(), trust=trust_of(settings, None))
    assert scene.callback == "https://door.admin.sprocket.localhost/_oauth"
    assert scene.authorize == "https://discord.sprocket.localhost/oauth2/authorize"


def test_a_page_that_the_platform_does_not_have_yet_needs_no_setting() -> None:
    assert AdminPages(load_environment("prod")).host("n8n") == "n8n.admin.sprocket.mlesports.gg"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"rabbitmq": "grafana"}, "ingress/pages/rabbitmq: label grafana is that of page grafana too"),
        ({"grafana": "x", "minio": "x"}, "ingress/pages/grafana: label x is that of page minio too"),
        (
            {"minio": "image-generation"},
            "ingress/pages/minio: image-generation.admin.sprocket.localhost is platform/instances/main/image_generation_host too",
        ),
    ],
)
def test_a_label_that_something_else_has(labels: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        hosts(altered("local", labelled(**labels)))
    assert str(caught.value) == f"local.yaml: {message}; give the page another label there"


@pytest.mark.parametrize(("page", "fix"), [("grafanna", "did you mean grafana?"), ("kibana-x", "remove it")])
def test_a_page_that_there_is_not(page: str, fix: str) -> None:
    with pytest.raises(SettingsError) as caught:
        hosts(altered("local", labelled(**{page: "x"})))
    assert str(caught.value) == (
        f"local.yaml: ingress/pages/{page}: there is no page of that name; "
        f"pages are: auth, grafana, influxdb, minio, rabbitmq, traefik; {fix}"
    )


@pytest.mark.parametrize("label", ["Grafana", "a.b", "-x", "x_y", "x" * 41, ""])
def test_a_label_that_is_none(label: str) -> None:
    with pytest.raises(ValidationError, match="ingress"):
        altered("local", labelled(grafana=label))


# -- aliases ----------------------------------------------------------------------------------------------


def aliased(*aliases: str) -> Callable[[dict[str, Any]], object]:
    def change(document: dict[str, Any]) -> None:
        document["platform"]["instances"]["main"]["aliases"] = list(aliases)

    return change


def test_an_alias_has_a_route_and_a_name_in_dns() -> None:
    settings = altered_cloud("prod", aliased("www.sprocket.mlesports.gg", "league.mlesports.gg"))
    assert {"www.sprocket.mlesports.gg", "league.mlesports.gg"} < hosts(settings)
    assert {"www.sprocket.mlesports.gg", "league.mlesports.gg"} < set(public_hosts(settings))


def test_an_alias_outside_the_zone() -> None:
    with pytest.raises(
        ValidationError, match=r"instances/main/aliases/0: is www\.example\.org, which is not in cloud/zone"
    ):
        altered_cloud("prod", aliased("www.example.org"))


@pytest.mark.parametrize(
    ("alias", "other"), [("sprocket.localhost", "host"), ("api.sprocket.localhost", "api_host")]
)
def test_an_alias_that_is_a_host_already(alias: str, other: str) -> None:
    with pytest.raises(
        SettingsError, match=f"main/aliases/0: is {alias}, and so is platform/instances/main/{other};"
    ):
        hosts(altered("local", aliased(alias)))
