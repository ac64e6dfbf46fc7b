"""What an edit does to services, as the plan report tells it."""

from __future__ import annotations

import json

from ops.model.changes import Action
from ops.report import text
from tests.unit.ops_fixtures import DIGEST_2, config, network, service, stack
from tests.unit.report_scene import changed, changes, compared, rendered, report_data, web


def test_an_image_bump_names_exactly_the_services_that_use_it() -> None:
    report = compared(stack(), changed(docker_service=web(image=f"example.org/app:1.3@{DIGEST_2}")))
    assert report.images == (("example.org/app 1.2 (11111111) -> 1.3 (22222222)", ("web",)),)
    assert list(changes(report)) == ["web"]
    assert report.counts == {Action.ADD: 0, Action.CHANGE: 1, Action.REPLACE: 0, Action.DESTROY: 0}
    assert (
        "  ~  web      app 1.2 (11111111) -> 1.3 (22222222)  1         start-first  rolling update without downtime"
        in rendered(report)
    )


def test_a_changed_config_is_shown_line_by_line_where_it_is_mounted() -> None:
    after = changed(
        docker_config={"web_conf": config("platform/web/conf", name="web-conf", text="a: 1\nb: 3\n")}
    )
    report = compared(stack(), after)
    assert list(changes(report)) == ["web"]
    assert (
        "    ~ /app/config.yml (config web-conf: +1 -1 lines)\n        @@ -1,2 +1,2 @@\n         a: 1\n        -b: 2\n        +b: 3"
        in rendered(report)
    )
    assert not report.dangers


def test_a_config_that_two_services_read_is_shown_once() -> None:
    two = {**web(), "api": service("platform/api", name="api", configs={"/app/config.yml": "web_conf"})}
    new = config("platform/web/conf", name="web-conf", text="a: 9\n")
    before = changed(docker_service=two)
    shown = rendered(compared(before, changed(docker_service=two, docker_config={"web_conf": new})))
    assert shown.count("+a: 9") == 1
    assert shown.count("(the same lines as above)") == 1


def test_a_changed_secret_template_is_told_by_name_only() -> None:
    after = changed()
    after["locals"]["redis_conf"] = "requirepass ${random_password.redis_password.result}\nport 7777\n"
    report = compared(stack(), after)
    (change,) = changes(report).values()
    assert (change.name, change.action, change.effect) == ("redis", Action.CHANGE, "down for up to 70 s")
    assert "    ~ /run/secrets/conf (secret redis-conf: content changes)" in rendered(report)
    assert "7777" not in rendered(report) + json.dumps(report_data(report))


def test_a_new_revision_of_a_generated_secret_changes_the_services_that_read_it() -> None:
    after = changed()
    after["resource"]["random_password"]["redis_password"]["keepers"] = {"revision": "2"}
    report = compared(stack(), after)
    assert list(changes(report)) == ["redis"]
    assert report.dangers == (
        "generated secret redis-password: it gets a new value; data that needs the old value may become inaccessible",
    )


def test_one_more_network_is_a_replacement_and_comes_first() -> None:
    after = changed(
        docker_service=web(networks=("redis_net", "edge", "egress")),
        docker_network={"egress": network("platform/web/egress", name="web-egress", internal=False)},
    )
    report = compared(stack(), after)
    (change,) = changes(report).values()
    assert (change.action, change.because, change.joins) == (Action.REPLACE, ("networks",), ("web-egress",))
    lines = rendered(report).splitlines()
    danger = (
        "  ! service web is replaced (networks): down for up to 70 s (estimate), until the new one is healthy"
    )
    assert lines.index(danger) < lines.index("platform")


def test_a_changed_network_replaces_all_services_on_it() -> None:
    report = compared(
        stack(),
        changed(
            docker_network={"redis_net": network("data/redis/network", name="redis-net", internal=False)}
        ),
    )
    assert {name: change.action for name, change in changes(report).items()} == {
        "redis": Action.REPLACE,
        "web": Action.REPLACE,
    }


def test_a_destroyed_volume_is_the_first_danger() -> None:
    after = changed()
    del after["resource"]["docker_volume"]["redis_data"], after["resource"]["docker_service"]["redis"]
    report = compared(stack(), after)
    assert report.dangers == (
        "volume sprocket-redis is destroyed: its data is lost",
        "service redis is destroyed",
    )


def test_more_replicas_restart_nothing() -> None:
    (change,) = changes(compared(stack(), changed(docker_service=web(replicas=2)))).values()
    assert (change.replicas, change.effect) == ((1, 2), "no task restarts")
    assert text.replicas(change) == "1 -> 2"


def test_a_label_restarts_nothing_and_shows_the_route() -> None:
    labels = {"traefik.http.routers.web.rule": "Host(`www.example.org`)"}
    (change,) = changes(compared(stack(), changed(docker_service=web(labels=labels)))).values()
    assert change.effect == "no task restarts"
    assert change.routes_added == ("https://www.example.org (access not stated)",)
    assert change.routes_removed == ("https://web.example.org (public)",)


def test_a_password_that_somebody_wrote_into_a_file_or_a_variable_is_not_shown() -> None:
    after = changed(
        docker_config={
            "web_conf": config("platform/web/conf", name="web-conf", text="a: 1\npassword: hunter2hunter2\n")
        }
    )
    container = after["resource"]["docker_service"]["web"]["task_spec"]["container_spec"]
    container["env"] = {"DB_PASSWORD": "hunter2hunter2"}
    report = compared(stack(), after)
    assert changes(report)["web"].files[0].diff[-1] == "+password: ***"
    assert "variable DB_PASSWORD: (not set) -> ***" in rendered(report)
    assert "hunter2" not in rendered(report) + json.dumps(report_data(report))
