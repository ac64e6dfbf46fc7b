"""`ops drift` on a cloud stack: changes through DigitalOcean's API, seen by the real provider, in the emulated account.

The swarm behind it does not exist here, so its part is always named as not asked.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.suite.world import World
from tests.live.cloud_terraform import KEY
from tests.live.emulated_world import DEPLOY, ENVIRONMENT, emulated_world

pytestmark = [
    pytest.mark.live(needs=["terraform", "digitalocean provider", "tls provider"]),
    pytest.mark.proof,
]

ZONE, DOMAIN = "rehearsal.test", "sprocket.rehearsal.test"
NODE, TAG = f"{ENVIRONMENT}-app-1", ENVIRONMENT
ANYONE = {"addresses": ["0.0.0.0/0"]}
QUIET_RUNS = 10


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A deployed cloud stack."""
    with (
        pytest.MonkeyPatch.context() as patch,
        emulated_world(tmp_path_factory.mktemp("drift"), patch) as world,
    ):
        world.ops(*DEPLOY)
        yield world


def asked(world: World) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(world.ops("drift", "--env", ENVIRONMENT, "--json", expect=(1,)))
    assert {each["what"] for each in report["unasked"]} == {"the services stack", f"keys of node {NODE}"}
    return report


def sentences(report: dict[str, Any]) -> list[str]:
    return sorted(
        f"{each['where']}: {each['what']}"
        + (f": {each['before']} -> {each['now']}" if each["before"] or each["now"] else "")
        for each in report["drift"]
    )


def one(world: World, path: str, key: str, name: str) -> dict[str, Any]:
    """A thing of the account by its name."""
    found = world.api("GET", f"/v2/{path}?per_page=200")[key]
    return next(each for each in found if each.get("name") == name or each.get("description") == name)


def act(world: World, thing: str, type_: str, **words: Any) -> None:
    """An action, to its end."""
    action = world.api("POST", f"/v2/{thing}/actions", {"type": type_, **words})["action"]
    ended = f"/v2/actions/{action['id']}"
    world.until(20, lambda: world.api("GET", ended)["action"]["status"] == "completed", type_)


def droplet(world: World) -> str:
    return f"droplets/{one(world, 'droplets', 'droplets', NODE)['id']}"


def _rule(world: World) -> None:
    firewall = one(world, "firewalls", "firewalls", f"{ENVIRONMENT}-nodes")
    rule = {"protocol": "tcp", "ports": "8080", "sources": ANYONE}
    kept = {name: firewall[name] for name in ("name", "outbound_rules", "tags", "droplet_ids")}
    world.api(
        "PUT",
        f"/v2/firewalls/{firewall['id']}",
        {**kept, "inbound_rules": [*firewall["inbound_rules"], rule]},
    )


def _firewall(world: World) -> None:
    rule = {"protocol": "tcp", "ports": "5432", "sources": ANYONE}
    world.api("POST", "/v2/firewalls", {"name": "quick-fix", "tags": [TAG], "inbound_rules": [rule]})


def _record_changed(world: World) -> None:
    record = one(world, f"domains/{ZONE}/records", "domain_records", "api.sprocket")
    world.api("PUT", f"/v2/domains/{ZONE}/records/{record['id']}", {"type": "A", "data": "203.0.113.9"})


def _record_deleted(world: World) -> None:
    record = one(world, f"domains/{ZONE}/records", "domain_records", "swarm.sprocket")
    world.api("DELETE", f"/v2/domains/{ZONE}/records/{record['id']}")


def _record_added(world: World) -> None:
    record = {"type": "A", "name": "sprocket", "data": "203.0.113.10", "ttl": 300}
    world.api("POST", f"/v2/domains/{ZONE}/records", record)


def _detached(world: World) -> None:
    volume = one(world, "volumes", "volumes", f"{ENVIRONMENT}-loki")
    act(world, f"volumes/{volume['id']}", "detach", droplet_id=int(droplet(world).partition("/")[2]))


def _volume_added(world: World) -> None:
    volume = {"name": "scratch", "region": "nyc3", "size_gigabytes": 7}
    made = world.api("POST", "/v2/volumes", volume)["volume"]
    act(world, f"volumes/{made['id']}", "attach", droplet_id=int(droplet(world).partition("/")[2]))


def _resized(world: World) -> None:
    act(world, droplet(world), "power_off")
    act(world, droplet(world), "resize", size="s-8vcpu-16gb", disk=False)
    act(world, droplet(world), "power_on")


def _droplet_added(world: World) -> None:
    order = {
        "name": "debug",
        "region": "nyc3",
        "size": "s-1vcpu-1gb",
        "image": "debian-12-x64",
        "tags": [TAG],
    }
    world.api("POST", "/v2/droplets", order)


def _key_added(world: World) -> None:
    world.api("POST", "/v2/account/keys", {"name": f"{ENVIRONMENT}-mallory", "public_key": f"{KEY} mallory"})


def _spaces_key_added(world: World) -> None:
    grant = {"bucket": "sprocket-rehearsal-backups", "permission": "readwrite"}
    world.api("POST", "/v2/spaces/keys", {"name": "laptop", "grants": [grant]})


def _backups(world: World) -> None:
    act(world, droplet(world), "enable_backups")


def _alert(world: World) -> None:
    alert = one(world, "monitoring/alerts", "policies", f"{ENVIRONMENT}: cpu above 90 percent")
    changed = {
        name: value for name, value in alert.items() if name not in ("uuid", "created_at", "updated_at")
    }
    world.api("PUT", f"/v2/monitoring/alerts/{alert['uuid']}", {**changed, "enabled": False})


CASES: dict[Callable[[World], None], str] = {
    _rule: f"firewall {ENVIRONMENT}-nodes: inbound rule:  -> port range 8080, protocol tcp, source addresses 0.0.0.0/0",
    _firewall: "firewall quick-fix: was not made by a deploy (lets in tcp 5432)",
    _record_changed: f"DNS record api.{DOMAIN}: value: 198.51.100.2 -> 203.0.113.9",
    _record_deleted: f"DNS record swarm.{DOMAIN}: is gone",
    _record_added: f"DNS record A {DOMAIN}: was not made by a deploy (203.0.113.10)",
    _detached: f"droplet {NODE}: volumes: {ENVIRONMENT}-loki -> ",
    _volume_added: "volume scratch: was not made by a deploy (7 GiB)",
    _resized: f"droplet {NODE}: size: s-4vcpu-8gb -> s-8vcpu-16gb",
    _droplet_added: "droplet debug: was not made by a deploy (s-1vcpu-1gb)",
    _key_added: f"ssh key {ENVIRONMENT}-mallory: was not made by a deploy",
    _spaces_key_added: "Spaces key laptop: was not made by a deploy (readwrite sprocket-rehearsal-backups)",
    _backups: f"droplet {NODE}: backups: no -> yes",
    _alert: f"monitor alert {ENVIRONMENT}: cpu above 90 percent: enabled: yes -> no",
}
"""Changes, and how each is named."""


def test_what_others_have_in_the_account_is_no_drift(world: World) -> None:
    """And an ssh key that nobody declares is a note: it opens nothing of ours."""
    other = {"name": "other", "region": "nyc3", "size": "s-1vcpu-1gb", "image": "debian-12-x64"}
    made = [("droplets", world.api("POST", "/v2/droplets", other)["droplet"]["id"])]
    volume = world.api("POST", "/v2/volumes", {"name": "other", "region": "nyc3", "size_gigabytes": 1})
    made.append(("volumes", volume["volume"]["id"]))
    key = world.api("POST", "/v2/account/keys", {"name": "eve", "public_key": f"{KEY} eve"})["ssh_key"]
    made.append(("account/keys", key["id"]))
    report = asked(world)
    for path, id_ in made:
        world.api("DELETE", f"/v2/{path}/{id_}")
    assert report["drift"] == []
    assert [note.partition(" (")[0] for note in report["notes"]] == ["the account has the ssh key eve"]


def test_every_change_is_named_and_a_deploy_puts_back_what_it_owns(world: World) -> None:
    for change in CASES:
        change(world)
    report = asked(world)
    named = sentences(report)
    print("\n".join(named))
    missing = [wanted for wanted in CASES.values() if not any(each.startswith(wanted) for each in named)]
    assert missing == []
    assert len(named) == len(CASES), "nothing else is named"

    for path, key, name, id_ in (
        ("firewalls", "firewalls", "quick-fix", "id"),
        ("droplets", "droplets", "debug", "id"),
        ("account/keys", "ssh_keys", f"{ENVIRONMENT}-mallory", "id"),
        ("spaces/keys", "keys", "laptop", "access_key"),
    ):
        world.api("DELETE", f"/v2/{path}/{one(world, path, key, name)[id_]}")
    scratch = one(world, "volumes", "volumes", "scratch")
    # A deploy is refused that would detach it from a running droplet.
    act(world, f"volumes/{scratch['id']}", "detach", droplet_id=scratch["droplet_ids"][0])
    world.api("DELETE", f"/v2/volumes/{scratch['id']}")
    extra = next(
        each
        for each in world.api("GET", f"/v2/domains/{ZONE}/records?per_page=200")["domain_records"]
        if each["data"] == "203.0.113.10"
    )
    world.api("DELETE", f"/v2/domains/{ZONE}/records/{extra['id']}")
    world.ops(*DEPLOY)
    assert sentences(asked(world)) == []


def test_ten_runs_are_quiet_while_nobody_changes_anything(world: World) -> None:
    began = time.monotonic()
    found = [sentences(asked(world)) for _ in range(QUIET_RUNS)]
    print(f"{QUIET_RUNS} runs in {time.monotonic() - began:.0f} s")
    assert found == [[]] * QUIET_RUNS


def test_a_volume_that_was_grown_by_hand_is_named_although_no_deploy_can_put_it_back(world: World) -> None:
    """Terraform refuses to plan then; what it reads is shown all the same."""
    volume = one(world, "volumes", "volumes", f"{ENVIRONMENT}-redis")
    act(world, f"volumes/{volume['id']}", "resize", size_gigabytes=3, region="nyc3")
    (found,) = asked(world)["drift"]
    assert (found["where"], found["what"]) == (f"volume {ENVIRONMENT}-redis", "size")
    assert (found["before"], found["now"]) == ("1 GiB", "3 GiB")
    assert found["fix"].startswith("a deploy is refused now: ")
    print(found["fix"])
