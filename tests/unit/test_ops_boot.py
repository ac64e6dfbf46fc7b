"""Trial boots: what is booted, with what, after what, in how much memory; what it says of an image; and that nothing is left."""

from __future__ import annotations

import http.client
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3.exceptions

from layers.loading import load_environment
from ops.boot import memory
from ops.boot.container import (
    BLOCK_IO_WEIGHT,
    CPU_SHARES,
    FIRST_TO_GO,
    MEMORY,
    PIDS,
    ThrowawayValues,
    archive_of,
    limits_of,
    settings_of,
)
from ops.boot.needs import INTERNET, Needs
from ops.boot.new_images import NewImage, new_images
from ops.boot.outcome import Verdict
from ops.boot.run import AT_ONCE, LONGEST_S, TRIAL_S, Run
from ops.boot.throwaway import LABEL, Throwaway, remove_leftovers
from ops.boot.throwaway import LONGEST_S as OLD_S
from ops.errors import OpsError
from ops.model.inventory import Inventory, from_synthesis
from ops.registry.login import Login, Logins
from ops.registry.pull import PAUSES_S
from ops.swarm.engine import RunningService
from tests.stacks.synthesis import ALL, synthesized
from tests.unit import ops_engine
from tests.unit.ops_boundaries import targets_of
from tests.unit.ops_cloud import change, plan
from tests.unit.ops_engine import FakeEngine, ends, healthy, unchecked, unhealthy
from tests.unit.ops_fixtures import DIGEST_1, DIGEST_2, network, service, stack
from tests.unit.ops_ssh import said
from tests.unit.ops_swarm import on_swarm

NEW, OLD = f"example.org/app:1.3@{DIGEST_2}", f"example.org/app:1.2@{DIGEST_1}"
REDIS = f"redis:8.2@{DIGEST_1}"
PLENTY = 64 * 1024**3


def platform(**more: dict[str, Any]) -> dict[str, Any]:
    """The fixture with a new image of web, which starts after redis; and more services."""
    document = stack()
    services = document["resource"]["docker_service"]
    services["web"]["task_spec"]["container_spec"]["image"] = NEW
    services["web"]["depends_on"] = ["docker_service.redis", "terraform_data.something"]
    services.update(more)
    return document


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    return ops_engine.install(monkeypatch)


def booted(
    engine: FakeEngine,
    document: dict[str, Any] | None = None,
    *,
    names: Sequence[str] = ("web",),
    running: str = OLD,
    spare: int | Callable[[], int] = PLENTY,
    logins: Logins | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> list[Verdict]:
    """A trial of the new images of services."""
    wanted = from_synthesis(document or platform())
    needs = Needs(wanted)
    images = [NewImage(service=needs.services[name], running=running) for name in names]
    world = [needs.services[name] for name in needs.world_of(names)]
    values = ThrowawayValues(wanted)
    with Throwaway(engine, world, values, logins or Logins({}), say=say) as place:
        return Run(
            place,
            needs,
            images,
            spare=spare if callable(spare) else lambda: spare,
            say=say,
            tell=lambda verdict: None,
        ).verdicts()


def only(verdicts: list[Verdict]) -> Verdict:
    (verdict,) = verdicts
    return verdict


# -- which images are new ------------------------------------------------------------------------------------


def found(document: dict[str, Any], running: Sequence[RunningService], *addresses: str) -> list[str]:
    services = Needs(from_synthesis(document)).services.values()
    changes = [change(address, "update", before={}, after={}) for address in addresses]
    return [each.service.name for each in new_images(plan(*changes), services, running)]


def test_an_image_is_new_where_its_service_runs_another_digest() -> None:
    both = ("docker_service.web", "docker_service.redis")
    running = [on_swarm("web", image=OLD), on_swarm("redis", image=REDIS)]
    assert found(platform(), running, *both) == ["web"]
    assert found(platform(), running, "docker_service.redis") == [], "what the plan does not change"
    retagged = [on_swarm("web", image=NEW.replace("1.3", "1.2")), on_swarm("redis", image=REDIS)]
    assert found(platform(), retagged, *both) == [], "the same image under another tag"


def test_a_new_service_is_booted_unless_another_one_runs_its_image() -> None:
    assert found(platform(), [on_swarm("redis", image=REDIS)], "docker_service.web") == ["web"]
    others = [on_swarm("redis", image=REDIS), on_swarm("api", image=NEW)]
    assert found(platform(), others, "docker_service.web") == []


def test_nothing_is_booted_for_a_plan_that_touches_no_service_that_runs() -> None:
    services = Needs(from_synthesis(platform())).services.values()
    made = change("docker_service.web", "create", after={})
    gone = change("docker_service.old", "delete", before={}, after=None)
    network = change("docker_network.x", "update", before={}, after={})
    assert new_images(plan(made, network), services, [on_swarm("redis", image=REDIS)]) == []
    (found,) = new_images(plan(made, gone), services, [on_swarm("redis", image=REDIS)])
    assert (found.service.name, found.running) == ("web", "")
    assert new_images(plan(change("docker_service.web", "delete", before={}, after=None)), services, []) == []


# -- what it is booted with ----------------------------------------------------------------------------------


def test_it_is_booted_as_declared_after_what_it_needs_and_nothing_is_left(engine: FakeEngine) -> None:
    verdict = only(booted(engine))
    assert verdict.line == "web, app 1.3 (22222222): healthy after 2 s"
    assert not verdict.is_refused
    assert [each for each in engine.done if each.startswith("start")] == ["start redis", "start web"]
    redis, web = engine.all
    assert (redis.image, web.image) == (REDIS, NEW)
    assert web.started - redis.started >= 2, "it waits until what it needs is healthy"
    assert web.settings["healthcheck"]["Test"] == ["CMD", "true"]
    assert web.settings["healthcheck"]["StartPeriod"] == 60 * 10**9
    host = web.settings["host_config"]
    assert host["mem_limit"] == host["memswap_limit"] == MEMORY
    assert host["oom_score_adj"] == FIRST_TO_GO
    assert (host["cpu_shares"], host["blkio_weight"], host["pids_limit"]) == (
        CPU_SHARES,
        BLOCK_IO_WEIGHT,
        PIDS,
    )
    assert not {"binds", "port_bindings", "publish_all_ports", "privileged"} & host.keys()
    assert engine.is_empty


def test_it_finds_the_others_by_their_declared_names_on_networks_of_the_trial_only(
    engine: FakeEngine,
) -> None:
    booted(engine)
    redis, web = engine.all
    (shared,) = redis.networks
    assert shared.startswith("trial-boot-") and shared.endswith("-redis-net")
    assert redis.networks[shared] == ["redis"] and web.networks[shared] == ["web"]
    assert web.settings["host_config"]["network_mode"] == shared
    assert set(web.networks) == {shared}, "a network that nobody else of the trial is on is not made"


def test_secrets_have_values_made_up_for_the_trial_the_same_for_all_who_read_them(engine: FakeEngine) -> None:
    document = platform()
    document["resource"]["docker_service"]["web"]["task_spec"]["container_spec"]["secrets"] = [
        {
            "secret_id": "${docker_secret.redis_conf.id}",
            "secret_name": "${docker_secret.redis_conf.name}",
            "file_name": "/run/secrets/redis",
            "file_mode": 0o400,
            "file_uid": "999",
            "file_gid": "7",
        }
    ]
    booted(engine, document)
    redis, web = engine.all
    mode, uid, gid, text = web.files["/run/secrets/redis"]
    assert (mode, uid, gid) == (0o400, 999, 7)
    word, value = text.split()
    assert word == "requirepass" and len(value) == 32 and value.isalnum()
    assert redis.files["/run/secrets/conf"] == (0o444, 0, 0, text)
    assert web.files["/app/config.yml"][3] == "a: 1\nb: 2\n"
    assert all(value not in repr(each.settings) for each in engine.all)
    booted(engine, document)
    assert engine.all[-1].files["/run/secrets/redis"][3] != text


def test_directories_and_volumes_are_empty_ones_of_the_trial(engine: FakeEngine) -> None:
    document = platform()
    container = document["resource"]["docker_service"]["web"]["task_spec"]["container_spec"]
    container["mounts"] = [
        {"target": "/data", "source": "${docker_volume.redis_data.name}", "type": "volume"},
        {"target": "/disk", "source": "/mnt/web/data", "type": "bind", "read_only": True},
    ]
    booted(engine, document)
    redis, web = (each.settings["host_config"]["mounts"] for each in engine.all)
    assert [each["Type"] for each in web] == ["volume", "volume"]
    assert redis[0]["Source"] == web[0]["Source"], "who shares a volume shares one in the trial"
    assert redis[0]["Source"].startswith("trial-boot-") and web[1]["Source"].endswith("-mnt_web_data")
    assert [each["ReadOnly"] for each in web] == [False, True]


def test_a_name_that_only_swarm_can_fill_in_is_the_service_s() -> None:
    document = platform()
    document["resource"]["docker_service"]["web"]["task_spec"]["container_spec"]["hostname"] = (
        "{{.Node.Hostname}}"
    )
    assert settings_of(Needs(from_synthesis(document)).services["web"])["hostname"] == "web"


def test_a_registry_gets_its_login_and_nothing_is_pulled_that_is_there(engine: FakeEngine) -> None:
    engine.has_images = {REDIS}
    logins = Logins({"example.org": Login(user="ann", password="t", origin="a test")})
    booted(engine, logins=logins)
    assert engine.done[0] == "pull example.org/app@sha256:222"
    assert engine.logins == [{"username": "ann", "password": "t"}] * 2
    assert sum(each.startswith("pull") for each in engine.done) == 2, "asked again before it starts"


# -- what it says of an image --------------------------------------------------------------------------------


def test_one_that_ends_is_refused_where_the_running_one_does_better(engine: FakeEngine) -> None:
    engine.behaves = {NEW: ends(3), OLD: healthy(4)}
    verdict = only(booted(engine))
    assert verdict.is_refused
    assert verdict.line == "web, app 1.3 (22222222): ended with exit code 3 after 1 s, twice"
    assert verdict.outcome and verdict.outcome.log == ("first", "last words")
    assert verdict.control and verdict.control.what == "healthy after 4 s"
    assert [each.image for each in engine.all] == [REDIS, NEW, OLD, NEW]
    assert engine.is_empty


def test_its_log_shows_no_secret(engine: FakeEngine) -> None:
    engine.behaves = {NEW: ends(3)}
    engine.log = "connects to redis://:hunter2@redis:6379\n"
    verdict = only(booted(engine))
    assert verdict.outcome and verdict.outcome.log == ("connects to redis://:***@redis:6379",)


def test_one_that_fares_no_worse_than_the_running_one_is_not_refused(engine: FakeEngine) -> None:
    """A migration without a dump, a bot without Discord: what they lack says nothing about the image."""
    engine.behaves = {NEW: ends(1), OLD: ends(7)}
    verdict = only(booted(engine))
    assert not verdict.is_refused and not verdict.has_passed
    assert verdict.line.endswith(
        "ended with exit code 1 after 1 s; not refused: the image that runs now ended with exit code 7 after 1 s here, too"
    )
    engine.behaves = {NEW: ends(1), OLD: unhealthy("no answer")}
    assert only(booted(engine)).is_refused, "the running one stays up"


def test_the_running_one_gets_volumes_of_its_own(engine: FakeEngine) -> None:
    """A newer store may have written what the older one cannot read."""
    newer = f"redis:9.0@{DIGEST_2}"
    document = platform()
    document["resource"]["docker_service"]["redis"]["task_spec"]["container_spec"]["image"] = newer
    engine.behaves = {newer: ends(1)}
    verdict = only(booted(engine, document, names=["redis"], running=REDIS))
    first, control, again = (each.settings["host_config"]["mounts"][0]["Source"] for each in engine.all)
    assert verdict.is_refused and first != control
    assert first == again, "as the swarm would start it again"
    assert engine.is_empty


def test_the_running_one_shares_the_volumes_that_others_of_the_trial_mount(engine: FakeEngine) -> None:
    """Without what its store wrote there, it would fail for that."""
    document = platform()
    document["resource"]["docker_service"]["web"]["task_spec"]["container_spec"]["mounts"] = [
        {"target": "/data", "source": "${docker_volume.redis_data.name}", "type": "volume"},
        {"target": "/own", "source": "/mnt/web", "type": "bind"},
    ]
    engine.behaves = {NEW: ends(1)}
    booted(engine, document)
    redis, new, control, _ = (
        [mount["Source"] for mount in each.settings["host_config"]["mounts"]] for each in engine.all
    )
    assert redis[0] == new[0] == control[0]
    assert new[1] != control[1]


def test_one_that_never_becomes_healthy_is_refused_with_what_its_check_printed(engine: FakeEngine) -> None:
    engine.behaves = {NEW: unhealthy("answers 500")}
    verdict = only(booted(engine))
    assert verdict.is_refused
    assert verdict.line.endswith(
        "started, is not healthy after 5 s, its health check printed 'answers 500', twice"
    )


def test_no_container_is_waited_for_without_end(engine: FakeEngine) -> None:
    engine.behaves = {NEW: healthy(after=10_000)}
    verdict = only(booted(engine))
    assert verdict.is_refused and f"is not healthy after {LONGEST_S:.0f} s" in verdict.line


def test_one_without_a_health_check_must_keep_running(engine: FakeEngine) -> None:
    engine.behaves = {NEW: unchecked}
    assert only(booted(engine)).line.endswith("started, ran for 20 s; it declares no health check")


def test_one_that_runs_out_of_memory_is_told_its_limit(engine: FakeEngine) -> None:
    engine.behaves = {NEW: ends(137, out_of_memory=True)}
    assert "exit code 137, out of memory (its limit is 536.9 MB) after" in only(booted(engine)).line


def test_one_whose_program_is_not_there_is_refused_in_the_engine_s_words(engine: FakeEngine) -> None:
    engine.unstartable = {NEW: 'exec: "/serve": stat /serve: no such file or directory'}
    verdict = only(booted(engine))
    assert verdict.is_refused and verdict.control is None
    assert verdict.line.endswith('does not start: exec: "/serve": stat /serve: no such file or directory')
    assert engine.is_empty


def test_one_that_cannot_be_pulled_ends_the_trial_before_anything_starts(engine: FakeEngine) -> None:
    engine.unpullable = {"example.org/app": "manifest unknown"}
    other = service("platform/api", name="api", image=f"example.org/api:2@{DIGEST_2}")
    api, web = booted(engine, platform(api=other), names=["api", "web"])
    assert web.is_refused and web.line.endswith("cannot be pulled: manifest unknown")
    assert not api.is_refused and api.line.endswith("not booted: another image cannot be pulled")
    assert engine.all == []


def test_a_new_service_is_judged_where_the_trial_has_all_that_it_needs(engine: FakeEngine) -> None:
    engine.behaves = {NEW: ends(1)}
    assert only(booted(engine, running="")).is_refused
    document = platform()
    document["resource"]["docker_network"]["egress"] = network(
        "platform/web/egress", name="e", internal=False
    )
    verdict = only(booted(engine, document, running=""))
    assert not verdict.is_refused
    assert verdict.line.endswith(
        "not refused: this says little about the image; the trial lacks a way out to the internet"
    )
    engine.behaves = {NEW: ends(1), REDIS: ends(1)}
    verdict = only(booted(engine, running=""))
    assert not verdict.is_refused and verdict.line.endswith("the trial lacks a healthy redis")


def test_what_needs_a_socket_of_the_node_is_named_and_not_booted(engine: FakeEngine) -> None:
    document = platform()
    container = document["resource"]["docker_service"]["redis"]["task_spec"]["container_spec"]
    container["mounts"] = [{"target": "/s", "source": "/var/run/docker.sock", "type": "bind"}]
    proxy, web = booted(engine, document, names=["redis", "web"])
    told = "redis, redis 8.2 (11111111): not booted: it needs /var/run/docker.sock of the node, which a trial does not get"
    assert proxy.line == told
    assert web.has_passed and web.lacks == ("a healthy redis",)


# -- controls that say nothing, second starts, faults of the engine, time -----------------------------------


@pytest.mark.parametrize("new", [ends(1), unhealthy("no answer")])
def test_an_image_is_not_refused_where_the_running_one_cannot_be_pulled(
    engine: FakeEngine, new: ops_engine.Behaviour
) -> None:
    engine.has_images = {REDIS, NEW}
    engine.behaves = {NEW: new}
    engine.unpullable = {"example.org/app": "gone"}
    verdict = only(booted(engine))
    assert not verdict.is_refused and not verdict.has_passed
    assert verdict.line.endswith(
        "not refused: cannot be compared: the image that runs now cannot be pulled: gone"
    )


def test_an_image_is_not_refused_where_there_is_no_memory_for_the_running_one(engine: FakeEngine) -> None:
    """The node has less by then: memory is read before each start."""
    engine.behaves = {NEW: ends(1)}
    verdict = only(booted(engine, spare=lambda: PLENTY if len(engine.all) < 2 else MEMORY - 1))
    assert not verdict.is_refused and verdict.control is None
    assert (
        "not refused: cannot be compared: the image that runs now was not booted: it may take" in verdict.line
    )
    assert [each.image for each in engine.all] == [REDIS, NEW]


def test_one_that_has_no_program_is_refused_whatever_becomes_of_the_running_one(engine: FakeEngine) -> None:
    engine.unstartable = {NEW: "no such file", OLD: "no such file"}
    assert only(booted(engine)).is_refused


def test_one_start_that_fails_refuses_nothing(engine: FakeEngine) -> None:
    def flaky(seconds: float) -> ops_engine.State:
        starts = sum(each.image == NEW for each in engine.all)
        return (ends(1) if starts == 1 else healthy())(seconds)

    engine.behaves = {NEW: flaky}
    for running in (OLD, ""):
        engine.all.clear()
        verdict = only(booted(engine, running=running))
        assert verdict.has_passed and not verdict.is_refused
        assert verdict.line.endswith(
            ": healthy after 2 s at the second start; at the first it ended with exit code 1 after 1 s"
        )


def test_one_that_the_engine_could_not_start_once_is_started_again(engine: FakeEngine) -> None:
    engine.fails = {NEW: [ops_engine.refused("no space left on device")]}
    verdict = only(booted(engine))
    assert verdict.has_passed
    assert verdict.line.endswith("at the first it does not start: no space left on device")
    assert [each.image for each in engine.all] == [REDIS, NEW, OLD, NEW]


def test_one_that_starts_no_worse_than_the_running_one_is_not_refused(engine: FakeEngine) -> None:
    full = ops_engine.refused("no space left on device")
    engine.fails = {NEW: [full], OLD: [full]}
    verdict = only(booted(engine))
    assert not verdict.is_refused
    assert (
        "cannot be compared: the image that runs now does not start: no space left on device" in verdict.line
    )


ENGINE_FAULTS = (
    ops_engine.refused("toomanyrequests"),
    requests.ConnectionError("reset"),
    urllib3.exceptions.ProtocolError("broken"),
    http.client.IncompleteRead(b""),
    OSError("no route"),
)


@pytest.mark.parametrize("fault", ENGINE_FAULTS)
def test_a_pull_is_tried_three_times(
    engine: FakeEngine, fault: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.fails = {"example.org/app": [fault, fault]}
    engine.has_images = {REDIS}
    assert only(booted(engine)).has_passed
    told = capsys.readouterr().err
    assert told.count("warning: app 1.3 (22222222) cannot be pulled: ") == len(PAUSES_S) == 2
    assert "; tried again in 5 s" in told and "; tried again in 15 s" in told
    engine.fails = {"example.org/app": [fault] * 3}
    verdict = only(booted(engine))
    assert verdict.is_refused and "cannot be pulled: " in verdict.line


def test_a_pull_that_the_registry_refuses_is_not_repeated(engine: FakeEngine) -> None:
    engine.fails = {"example.org/app": [ops_engine.refused("manifest unknown", 404)]}
    engine.has_images = {REDIS}
    assert only(booted(engine)).line.endswith("cannot be pulled: manifest unknown")
    assert engine.done == ["pull example.org/app@sha256:222"]


def test_what_was_not_booted_in_time_is_named_and_not_refused(engine: FakeEngine) -> None:
    """One at a time, each as long as it may take."""
    engine.behaves = {NEW: healthy(after=LONGEST_S - 1)}
    names = [f"s{number}" for number in range(9)]
    verdicts = booted(engine, platform(**many(9)), names=names, spare=MEMORY)
    late = [each for each in verdicts if not each.has_passed]
    assert len(verdicts) == 9 and len(late) == 2
    assert not any(each.is_refused for each in late)
    assert late[-1].line.endswith("not booted: no time left: a trial ends after 15 minutes")
    assert TRIAL_S <= engine.clock.now <= TRIAL_S + 5
    assert engine.is_empty


def test_a_pull_ends_with_the_time_of_the_trial(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def pull(name: str, **words: Any) -> Iterator[dict[str, str]]:
        while True:
            engine.clock.now += 60
            yield {"status": "Downloading"}

    monkeypatch.setattr(engine, "pull", pull)
    verdict = only(booted(engine))
    assert not verdict.is_refused and "not booted: no time left" in verdict.line
    assert engine.all == [] and engine.is_empty


# -- memory --------------------------------------------------------------------------------------------------


def many(count: int) -> dict[str, dict[str, Any]]:
    return {
        f"s{number}": service(f"platform/s{number}", name=f"s{number}", image=NEW) for number in range(count)
    }


def present_in_turn(engine: FakeEngine) -> list[int]:
    """How many containers there are whenever the trial waits; grows while it runs."""
    seen: list[int] = []
    engine.clock.then = lambda: seen.append(len(engine.present))
    return seen


def test_few_boot_at_once(engine: FakeEngine) -> None:
    seen = present_in_turn(engine)
    names = [f"s{number}" for number in range(9)]
    verdicts = booted(engine, platform(**many(9)), names=names)
    assert [each.has_passed for each in verdicts] == [True] * 9
    assert max(seen) == AT_ONCE


def test_what_does_not_fit_together_boots_one_after_the_other(engine: FakeEngine) -> None:
    seen = present_in_turn(engine)
    verdicts = booted(engine, platform(**many(3)), names=["s0", "s1", "s2"], spare=MEMORY)
    assert [each.has_passed for each in verdicts] == [True] * 3
    assert max(seen) == 1


def test_what_does_not_fit_at_all_is_named_and_not_booted(engine: FakeEngine) -> None:
    verdict = only(booted(engine, spare=MEMORY // 2))
    assert not verdict.is_refused and not verdict.has_passed
    assert verdict.line.endswith(
        "not booted: it may take 536.9 MB of memory, and the node has 268.4 MB to spare"
    )
    assert engine.all == [] and engine.is_empty


def test_a_new_image_is_booted_without_what_it_needs_rather_than_not_at_all(engine: FakeEngine) -> None:
    verdict = only(booted(engine, spare=2 * MEMORY - 1))
    assert verdict.has_passed and verdict.lacks == ("a healthy redis",)
    assert [each.service for each in engine.all] == ["web"]
    engine.behaves = {NEW: ends(4)}
    assert only(booted(engine, spare=2 * MEMORY - 1)).is_refused, "the running one does better without, too"


def test_memory_is_what_the_node_says_less_what_stays_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "meminfo"
    file.write_text("MemTotal: 9999999 kB\nMemAvailable:    1000000 kB\n")
    monkeypatch.setattr(memory, "_FILE", str(file))
    here = targets_of(load_environment("local")).services
    assert memory.spare(here) == 1000000 * 1024 - memory.KEPT_FREE
    file.write_text("MemAvailable:    1000 kB\n")
    assert memory.spare(here) == 0
    file.write_text("nothing\n")
    with pytest.raises(OpsError, match="does not say how much memory is free"):
        memory.spare(here)
    there = targets_of(load_environment("prod")).services
    monkeypatch.setattr("ops.ssh.Ssh.run", lambda ssh, *words: said("MemAvailable: 600000 kB\n"))
    assert memory.spare(there) == 600000 * 1024 - memory.KEPT_FREE


# -- leftovers and Ctrl-C ------------------------------------------------------------------------------------


def test_nothing_is_left_after_ctrl_c(engine: FakeEngine) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    engine.clock.then = interrupt
    with pytest.raises(KeyboardInterrupt):
        booted(engine)
    assert engine.all and engine.is_empty


def test_what_cannot_be_removed_is_told_and_hides_nothing(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def remove(id_: str) -> None:
        raise ops_engine.refused("network has active endpoints")

    monkeypatch.setattr(engine, "remove_network", remove)
    assert only(booted(engine)).has_passed
    assert (
        "warning: a trial boot left something behind: network has active endpoints" in capsys.readouterr().err
    )
    assert engine.volumes_ == [] and len(engine.networks_) == 1


def test_what_killed_trials_left_is_removed_and_what_runs_elsewhere_stays(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000_000
    monkeypatch.setattr("ops.boot.throwaway.time", SimpleNamespace(time=lambda: now))
    here, dead = socket.gethostname(), 2**22 + 1
    for name, label in {
        "killed": f"{here}:{dead}:{now}",
        "alive": f"{here}:{os.getpid()}:{now}",
        "elsewhere": f"runner-7:{dead}:{now}",
        "forgotten": f"runner-7:{dead}:{now - OLD_S - 1}",
    }.items():
        engine.networks_.append({"Id": name, "Labels": {LABEL: label}})
        engine.volumes_.append({"Name": name, "Labels": {LABEL: label}})
    assert remove_leftovers(engine) == 4
    assert [each["Id"] for each in engine.networks_] == ["alive", "elsewhere"]
    assert [each["Name"] for each in engine.volumes_] == ["alive", "elsewhere"]


@pytest.mark.parametrize("fault", ENGINE_FAULTS)
def test_a_container_that_cannot_be_removed_keeps_nothing_else_and_hides_nothing(
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: Exception,
) -> None:
    real = engine.remove_container

    def remove(container: str, **words: Any) -> None:
        if engine.present[container].image == NEW:
            raise fault
        real(container, **words)

    monkeypatch.setattr(engine, "remove_container", remove)
    engine.behaves = {NEW: ends(3)}
    assert only(booted(engine)).is_refused
    assert "warning: a trial boot left something behind: " in capsys.readouterr().err
    assert {each.image for each in engine.present.values()} == {NEW}
    assert engine.networks_ == [] and engine.volumes_ == []


def test_what_cannot_be_listed_does_not_keep_the_rest(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def networks(filters: dict[str, str]) -> list[dict[str, Any]]:
        raise requests.ReadTimeout("timed out")

    monkeypatch.setattr(engine, "networks", networks)
    assert only(booted(engine)).has_passed
    assert "left something behind: timed out" in capsys.readouterr().err
    assert engine.volumes_ == [] and not engine.present


def test_signals_do_not_cut_the_removal_short(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    real = engine.remove_volume

    def remove(name: str, *, force: bool) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            signal.raise_signal(number)
        real(name, force=force)

    monkeypatch.setattr(engine, "remove_volume", remove)
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        booted(engine, say=said.append)
    assert engine.is_empty
    at = said.index("removing what the trial boot has made")
    assert said[at + 1 :] and set(said[at + 1 :]) == {
        "still removing what the trial boot has made; it ends then"
    }


# -- the real platform ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=ALL)
def real(request: pytest.FixtureRequest) -> Inventory:
    return from_synthesis(synthesized(request.param).document)


def test_every_service_has_an_order_to_start_in_and_files_that_can_be_filled(real: Inventory) -> None:
    needs, values = Needs(real), ThrowawayValues(real)
    for name, each in needs.services.items():
        world = needs.world_of([name])
        assert world[-1] == name and set(world) == needs.all_before(name) | {name}
        assert set(each.servers) <= needs.all_before(name), f"{name} starts after all that it connects to"
        assert b"\xee\x80\x80" not in archive_of(each, values), (
            f"a mark of a secret is left in a file of {name}"
        )
        assert "{{" not in repr(settings_of(each))
        assert "/var/run" not in repr(limits_of(each, volume=str, labels={})["mounts"]) or needs.socket_of(
            name
        )


def test_what_cannot_be_booted_alone_is_known_by_its_declaration(real: Inventory) -> None:
    needs = Needs(real)
    sockets = {name for name in needs.services if needs.socket_of(name)}
    assert sockets == {name for name in needs.services if name.endswith("socket-proxy")} != set()
    missing = {needs.services[name].short_name: needs.missing(name) for name in needs.services}
    assert INTERNET in missing["core"] and INTERNET in missing["discord-bot"]
    assert missing["migration"][-1] == "a dump in the database"
    assert {missing[name] for name in ("web", "redis", "traefik", "loki")} == {()}
