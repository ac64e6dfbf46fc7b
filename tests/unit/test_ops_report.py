"""The plan report as a whole, from small synthesized stacks."""

from __future__ import annotations

from ops.model.inventory import Inventory
from ops.report.compare import compare
from tests.unit.ops_fixtures import stack
from tests.unit.report_scene import changed, compared, rendered, web


def test_all_to_add_word_for_word() -> None:
    assert rendered(compared({}, stack())) == (
        """\
plan of local: local-services, compared with revision v1
offline, not made by Terraform: no engine

8 to add (2 services), 0 to change, 0 to replace, 0 to destroy
+ add  ~ change  ! replace  - destroy; times are estimates: stop grace and start period of one task, at most

ingress
  + network: edge (with internet access)

data
     service  image                 replicas  update      effect
  +  redis    redis 8.2 (11111111)  1         stop-first  new
  + network: redis-net
  + secret: redis-conf
  + volume: sprocket-redis

platform
     service  image               replicas  update       effect
  +  web      app 1.2 (11111111)  1         start-first  new
  web:
    + https://web.example.org (public)
    + /app/config.yml (config web-conf: 2 lines)
  + config: web-conf

secrets
  + password: redis-password

who shares a network with whom
  redis-net  redis, web
"""
    )


def test_nothing_changes() -> None:
    report = compared(stack(), stack())
    assert report.is_empty
    assert "\nno changes\n" in rendered(report)


def test_the_order_of_deployment_is_no_change() -> None:
    after = changed()
    after["resource"]["docker_service"]["web"]["depends_on"] = ["docker_service.redis"]
    assert compared(stack(), after).is_empty


def test_unresolved_images_are_listed_with_the_way_out() -> None:
    report = compared({}, changed(docker_service=web(image="example.org/app:1.3@unresolved")))
    assert report.unresolved == (("web", "example.org/app:1.3"),)
    assert (
        "images without a digest: run `python -m ops images resolve`; deploy refuses them until then\n"
        "  web: example.org/app:1.3" in rendered(report)
    )


def test_images_that_are_not_built_yet_need_no_registry() -> None:
    report = compared(
        {}, changed(docker_service=web(image="127.0.0.1:5000/sprocket/web:not-built@unresolved"))
    )
    assert "\nimages that are not built yet: run `make up`, which builds them\n  web\n" in rendered(report)
    assert "images resolve" not in rendered(report)


def test_the_layers_are_in_the_order_of_deployment() -> None:
    names = [layer.name for layer in compared({}, stack()).layers]
    assert names == ["ingress", "data", "platform", "secrets"]


def test_what_is_only_in_the_state_is_compared_with_nothing() -> None:
    report = compare("x", Inventory(resources={}), Inventory(resources={}), {}, compared_with="nothing")
    assert report.is_empty
    assert report.layers == ()
