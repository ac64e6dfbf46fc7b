"""What stops serving and for how long, what restarts without that, and what it costs: the head of a report."""

from __future__ import annotations

from ops.model.changes import Action
from ops.model.inventory import from_synthesis
from ops.model.offline_plan import from_inventories
from ops.report import text
from ops.report.compare import compare
from ops.report.model import Report, StackReport
from tests.unit.ops_cloud import cloud
from tests.unit.ops_fixtures import DIGEST_2, service, stack
from tests.unit.report_scene import changed, changes, compared, rendered, report_data, web

NEW = f"example.org/app:1.3@{DIGEST_2}"


def test_a_rolling_update_restarts_and_interrupts_nothing() -> None:
    report = compared(stack(), changed(docker_service=web(image=NEW)))
    assert report.interrupted == ()
    assert [change.name for change in report.restarted] == ["web"]
    assert "\nrestarts without a gap\n  web\n" in rendered(report)
    assert "STOPS SERVING" not in rendered(report)
    (data,) = report_data(report)["stacks"]
    assert (data["interrupted"], data["restarted"]) == ([], ["web"])


def test_a_label_of_the_gateway_restarts_nothing() -> None:
    labels = {"traefik.http.routers.web.rule": "Host(`web.example.org`)", "note": "x"}
    report = compared(stack(), changed(docker_service=web(labels=labels)))
    assert (report.interrupted, report.restarted) == ((), ())


def test_who_is_gone_comes_first_then_who_is_away_longest() -> None:
    before = changed(docker_service={**web(order="stop-first"), "old": service("platform/old", name="old")})
    after = changed(docker_service=web(order="stop-first", image=NEW))
    after["locals"]["redis_conf"] += "port 7777\n"
    after["resource"]["docker_service"]["redis"]["task_spec"]["container_spec"]["stop_grace_period"] = "60s"
    report = compared(before, after)
    assert [(change.name, change.action, change.away_s) for change in report.interrupted] == [
        ("old", Action.DESTROY, 0),
        ("redis", Action.CHANGE, 120),
        ("web", Action.CHANGE, 70),
    ]
    assert (
        "\nSTOPS SERVING\n  old for good\n  redis for up to 120 s\n"
        "  web for up to 70 s: https://web.example.org (public)\n" in rendered(report)
    )


def test_those_who_connect_to_it_may_notice() -> None:
    before = stack()
    before["resource"]["docker_network"]["redis_net"]["//"]["metadata"]["path"] = (
        "local-services/data/redis/network/Resource"
    )
    after = changed()
    after["locals"]["redis_conf"] += "port 7777\n"
    report = compared(before, after)
    assert changes(report)["redis"].clients == ("web",)
    assert "  redis for up to 70 s; web may notice\n" in rendered(report)


def test_without_what_publishes_ports_no_address_answers() -> None:
    gateway = {
        "traefik": service("ingress/traefik", name="traefik", order="stop-first", port=443),
    }
    newer = {
        "traefik": service("ingress/traefik", name="traefik", order="stop-first", port=443, image=NEW),
    }
    report = compared(changed(docker_service=gateway), changed(docker_service=newer))
    assert changes(report)["traefik"].routes == ("https://web.example.org (public)",)


def clouds(before: dict, after: dict, budget: float | None = None) -> StackReport:  # type: ignore[type-arg]
    old, new = from_synthesis(before), from_synthesis(after)
    planned = from_inventories(old, new)
    return compare("prod-cloud", old, new, planned, compared_with="revision v1", budget=budget)


def test_the_cost_is_shown_before_and_after() -> None:
    after = cloud()
    after["resource"]["digitalocean_volume"]["stores"]["for_each"]["minio"]["size"] = 60
    report = clouds(cloud(), after)
    shown = text.render(Report(environment="prod", stacks=(report,)))
    assert (
        "\ncost: $51.50 -> $54.50 (+$3.00) a month by list price\n  volume prod-minio: $3.00 -> $6.00\n"
        in shown
    )


def test_above_the_budget_the_cost_says_by_how_much() -> None:
    after = cloud()
    after["resource"]["digitalocean_droplet"]["app-1"]["size"] = "s-of-tomorrow"
    report = clouds(cloud(), after, budget=2)
    shown = text.render(Report(environment="prod", stacks=(report,)))
    assert (
        "\ncost: $51.50 -> $3.50 (-$48.00) a month by list price, without 1 charge of no known price\n"
        "  ! above the budget of $2.00 by $1.50\n  droplet prod-app-1: no price known\n" in shown
    )


def test_services_alone_have_no_cost() -> None:
    assert compared(stack(), stack()).cost is None
