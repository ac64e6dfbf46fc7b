"""The guard's table: each kind of change is refused, and passes with its acknowledgement until that expires."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from layers.errors import SettingsError
from layers.loading import load_environment
from ops.check import acknowledgement
from ops.check.acknowledgement import acknowledged_changes, expired
from ops.guard.acknowledged_change import AcknowledgedChange
from ops.guard.approvals import Approvals
from ops.guard.kind import NEVER, Kind
from ops.guard.rules import RULES
from ops.guard.stack_change import of_plan
from ops.guard.verdict import Verdict, verdicts
from tests.unit.guard_scenes import (
    BUCKET,
    DROPLET,
    FIREWALL,
    PUBLIC,
    SCENES,
    SSH,
    WEB,
    Scene,
    admitting,
    bucket,
    destroyed,
    firewall,
    keeping,
    of_services,
    ordering,
    replaced,
    resource,
    service,
    state,
    tainted,
    whole,
)
from tests.unit.ops_cloud import change

TODAY = date(2026, 11, 27)
PROD, LOCAL = load_environment("prod").model_copy(update={"budget": 100.0}), load_environment("local")
Json = dict[str, Any]


def judged(
    plan: Json, approvals: Approvals = Approvals(), *, here: bool = False, today: date = TODAY
) -> list[Verdict]:
    return list(verdicts(of_plan(plan), approvals, today, LOCAL if here else PROD))


def refused(plan: Json, approvals: Approvals = Approvals(), **named: Any) -> list[str]:
    return [each.loss.what for each in judged(plan, approvals, **named) if each.is_refused]


def printed_entry(verdict: Verdict, until: date = TODAY) -> AcknowledgedChange:
    """The entry that the fix asks for, read as the file would be."""
    line = verdict.fix.rpartition("\n    - ")[2]
    given = YAML(typ="safe").load(io.StringIO(line.replace("YYYY-MM-DD", until.isoformat())))
    return AcknowledgedChange.model_validate(given)


@pytest.mark.parametrize("scene", SCENES.values(), ids=list(SCENES))
def test_each_kind_is_refused_with_what_it_means_and_what_to_do(scene: Scene) -> None:
    (verdict,) = judged(scene.plan)
    assert verdict.is_refused
    assert (verdict.rule.kind, verdict.loss.about) == (scene.kind, scene.about)
    assert scene.says in verdict.obstacle.what
    assert "an entry under changes in environments/acknowledged/prod.yaml:\n    - {kind: " in verdict.fix


@pytest.mark.parametrize("scene", SCENES.values(), ids=list(SCENES))
def test_it_passes_with_the_printed_acknowledgement_and_no_other(scene: Scene) -> None:
    entry = printed_entry(judged(scene.plan)[0])
    (passed,) = judged(scene.plan, Approvals(acknowledged=[entry]))
    assert not passed.is_refused and passed.entry == entry
    others = [
        entry.model_copy(update={"about": f"{entry.about}x"}),
        entry.model_copy(update={"about": "*"}),
        entry.model_copy(update={"kind": next(kind for kind in Kind if kind != entry.kind)}),
    ]
    assert refused(scene.plan, Approvals(acknowledged=others))


@pytest.mark.parametrize("scene", SCENES.values(), ids=list(SCENES))
def test_it_is_refused_again_when_the_acknowledgement_has_expired(scene: Scene) -> None:
    entry = printed_entry(judged(scene.plan)[0])
    given = Approvals(acknowledged=[entry])
    assert refused(scene.plan, given, today=TODAY) == []
    assert refused(scene.plan, given, today=TODAY + timedelta(days=1)) != []


def test_every_kind_has_one_row_and_a_scene_or_a_way_of_its_own() -> None:
    assert sorted(rule.kind for rule in RULES) == sorted(Kind)
    assert {scene.kind for scene in SCENES.values()} == set(Kind) - set(NEVER)
    assert all(rule.reads and rule.fix for rule in RULES)


IN_PLACE = whole(
    change(
        'digitalocean_volume.s["x"]',
        "update",
        before={"name": "v", "size": 5},
        after={"name": "v", "size": 4},
    )
)
SMALL = {"name": "n", "id": "7", "size": "s-1vcpu-1gb"}
DETACHED = whole(
    change(DROPLET, "update", before={**SMALL, "volume_ids": ["r"]}, after={**SMALL, "volume_ids": []})
)
UNDECLARED = of_services(WEB, {**WEB, "n": service("n", host="new.org")}, was=PUBLIC, will=PUBLIC)


@pytest.mark.parametrize(
    ("kind", "plan", "about"),
    [
        (Kind.LOST_DROPLET, destroyed(DROPLET, name="prod-app-1"), DROPLET),
        (Kind.DETACHED_VOLUME, DETACHED, "r"),
        (Kind.IMPOSSIBLE, IN_PLACE, 'digitalocean_volume.s["x"]'),
        (Kind.UNDECLARED_ROUTE, UNDECLARED, "https://new.org"),
    ],
)
def test_what_no_entry_passes_says_what_does(kind: Kind, plan: Json, about: str) -> None:
    (verdict,) = judged(plan)
    assert (verdict.rule.kind, verdict.loss.about) == (kind, about)
    assert verdict.is_refused and "environments/acknowledged" not in verdict.fix
    forced = AcknowledgedChange.model_construct(kind=kind, about=about, reason="x", until=TODAY)
    with pytest.raises(ValueError, match="cannot be acknowledged"):
        AcknowledgedChange.model_validate(forced.model_dump())


def test_a_command_s_own_approvals_pass_without_a_file() -> None:
    """rotate, replace-node, --destroy, --moves, purge."""
    jwt = destroyed("random_password.jwt")
    assert refused(replaced("random_password.jwt"), Approvals(renewed=["random_password.jwt"])) == []
    assert refused(jwt, Approvals(renewed=["random_password.other"])) != []
    for plan in (jwt, destroyed("docker_volume.redis", name="r")):
        assert refused(plan, Approvals(purges=True)) == []
    assert refused(destroyed(BUCKET, name="b"), Approvals(purges=True)) != []
    assert refused(tainted(status="active"), Approvals(replace=["prod-app-1"])) == []
    assert refused(destroyed(DROPLET, name="prod-app-1"), Approvals(destroy=["prod-app-1"])) == []
    assert refused(DETACHED, Approvals(moves=["r"])) == []
    back = Approvals(earlier_release=True)
    for name in (
        "a public service is replaced",
        "a service publishes a port",
        "an admin page becomes public",
    ):
        assert refused(SCENES[name].plan, back) == []
    assert refused(jwt, back) and refused(UNDECLARED, back)


def test_the_records_of_a_droplet_that_is_destroyed_on_request_go_with_it() -> None:
    node = change(DROPLET, "delete", before={"name": "prod-app-1", "ipv4_address_private": "10.0.0.4"})
    record = change(
        "digitalocean_record.node",
        "delete",
        before={"type": "A", "name": "n", "domain": "x", "value": "10.0.0.4"},
    )
    assert refused(whole(node, record), Approvals(destroy=["prod-app-1"])) == []
    assert len(refused(whole(node, record))) == 2
    other = change(
        "digitalocean_record.api",
        "delete",
        before={"type": "A", "name": "api", "domain": "x", "value": "192.0.2.1"},
    )
    assert len(refused(whole(node, other), Approvals(destroy=["prod-app-1"]))) == 1


def test_data_on_this_machine_is_asked_about_and_nothing_else_is() -> None:
    for name in ("a password is removed", "a volume of the engine"):
        (verdict,) = judged(SCENES[name].plan, here=True)
        assert verdict.asked and not verdict.is_refused
        assert "--confirm local answers" in verdict.fix
        entry = printed_entry(judged(SCENES[name].plan)[0])
        (acknowledged,) = judged(SCENES[name].plan, Approvals(acknowledged=[entry]), here=True)
        assert not acknowledged.asked
    for name in (
        "a public service is replaced",
        "a service publishes a port",
        "an admin page becomes public",
    ):
        assert judged(SCENES[name].plan, here=True) == []
    assert refused(UNDECLARED, here=True)


HARMLESS: dict[str, Json] = {
    "a record follows its address": whole(
        change(
            "digitalocean_record.api",
            "update",
            before={"type": "A", "name": "api", "domain": "x", "value": "192.0.2.1"},
            after={"type": "A", "name": "api", "domain": "x", "value": "192.0.2.2"},
        )
    ),
    "a record is in the code under another name": whole(
        change("digitalocean_record.a", "delete", before={"type": "A", "name": "api", "domain": "x"}),
        change("digitalocean_record.b", "create", after={"type": "A", "name": "api", "domain": "x"}),
    ),
    "versions are switched on": bucket(
        {"versioning": [{"enabled": False}]}, {"versioning": [{"enabled": True}]}
    ),
    "old versions are kept for longer": bucket(keeping(7), keeping(30)),
    "a rule that deletes is removed": bucket(keeping(7), {}),
    "a bucket with its policy is new": whole(
        change("digitalocean_spaces_bucket_policy.p", "create", after={"bucket": "new"})
    ),
    "a droplet that never became active": tainted(status="new"),
    "a port is closed": firewall(admitting(SSH, ("tcp", "5432", "0.0.0.0/0")), admitting(SSH)),
    "a narrower rule is added": firewall(admitting(SSH), admitting(SSH, ("tcp", "22", "192.0.2.7/32"))),
    "rules in another order": firewall(
        admitting(SSH, ("tcp", "80", "::/0")), admitting(("tcp", "80", "::/0"), SSH)
    ),
    "the first firewall": whole(
        change(FIREWALL, "create", after=admitting(SSH)), after=state(resource(FIREWALL, **admitting(SSH)))
    ),
    "the first deploy": of_services({}, {**WEB, "db": service("db", port=5432)}, will=PUBLIC),
    "a deploy that stopped half way goes on": of_services(
        {"redis": WEB["redis"]}, {**WEB, "t": service("t", port=443)}, will=PUBLIC
    ),
    "a service that did not converge is made again": of_services(
        WEB, WEB, replaced=("web",), was=PUBLIC, will=PUBLIC, reason="replace_because_tainted"
    ),
    "the platform is switched off": of_services(WEB, {}, was=PUBLIC),
    "a public service is updated one after the other": of_services(
        {"web": service("web", host="x.org", order="start-first", start="9m")},
        {"web": service("web", host="x.org", order="start-first", start="9m", image="example.org/app:2")},
        was=PUBLIC,
        will=PUBLIC,
    ),
    "a public service is away for less than the limit": of_services(
        {"web": service("web", host="x.org")},
        {"web": service("web", host="x.org", image="example.org/app:2")},
        was=PUBLIC,
        will=PUBLIC,
    ),
    "labels of a public service change": of_services(
        {"web": service("web", host="x.org", start="9m")},
        {"web": service("web", host="x.org", start="9m", labels={"team": "a"})},
        was=PUBLIC,
        will=PUBLIC,
    ),
    "an admin page is away for long": of_services(
        {"g": service("g", host="g.org", start="9m")},
        {"g": service("g", host="g.org", start="9m", image="example.org/app:2")},
        was={"g.org": "g, role admin"},
        will={"g.org": "g, role admin"},
    ),
    "a page is closed to some": of_services(WEB, WEB, was=PUBLIC, will={"x.org": "web, sign-in"}),
    "a store is replaced": of_services(WEB, WEB, replaced=("redis",), was=PUBLIC, will=PUBLIC),
    "what costs more stays within the budget": ordering("s-1vcpu-1gb", "s-2vcpu-4gb"),
    "what is above the budget already costs less": ordering("s-8vcpu-32gb-640gb-intel", "s-8vcpu-16gb-intel"),
    "what an interrupted apply left": whole(
        {**change("random_password.jwt", "delete", before={}), "deposed": "1"}
    ),
}


@pytest.mark.parametrize("plan", HARMLESS.values(), ids=list(HARMLESS))
def test_what_loses_nothing_passes(plan: Json) -> None:
    assert judged(plan) == []


def test_a_source_that_only_the_apply_will_tell_is_an_opening_too() -> None:
    wanted = admitting(SSH)
    wanted["inbound_rule"].append({"protocol": "tcp", "port_range": "5432", "source_addresses": None})
    plan = firewall(admitting(SSH), wanted)
    plan["resource_changes"][0]["change"]["after_unknown"] = {
        "inbound_rule": [{}, {"source_addresses": True}]
    }
    assert "tcp 5432 from an address that only the apply will tell" in refused(plan)[0]


def test_the_ports_of_pages_count_for_firewalls_and_not_for_services() -> None:
    """Every node would answer the world, not only the one that pages are on."""
    (told,) = refused(firewall(admitting(SSH), admitting(SSH, ("tcp", "443", "0.0.0.0/0"))))
    assert "would let in tcp 443 from 0.0.0.0/0" in told
    assert refused(of_services(WEB, {**WEB, "t": service("t", port=443)}, was=PUBLIC, will=PUBLIC)) == []


def test_a_page_that_another_new_service_takes_over_is_down_in_between() -> None:
    other = of_services(
        WEB, {"redis": WEB["redis"], "new": service("new", host="x.org")}, was=PUBLIC, will=PUBLIC
    )
    assert "would be replaced" in refused(other)[0]
    stays = {**WEB, "old": service("old", host="x.org")}
    assert refused(of_services(stays, WEB, was=PUBLIC, will=PUBLIC)) == []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(acknowledgement, "environments_folder", lambda: tmp_path)
    (tmp_path / "acknowledged").mkdir()
    return tmp_path / "acknowledged"


def test_the_entries_are_in_the_same_file_as_the_others_and_expire(folder: Path) -> None:
    assert acknowledged_changes("prod") == []
    (folder / "prod.yaml").write_text(
        "changes:\n  - {kind: lost-dns-record, about: digitalocean_record.api, reason: moved to /api, until: 2026-12-01}\n"
    )
    (entry,) = acknowledged_changes("prod")
    assert entry.covers(Kind.LOST_RECORD, "digitalocean_record.api", TODAY)
    assert list(expired("prod", date(2026, 12, 1))) == []
    (found,) = expired("prod", date(2026, 12, 2))
    assert str(found) == (
        "acknowledged/prod.yaml: changes/0: expired on 2026-12-01; it allowed lost-dns-record of digitalocean_record.api; "
        "remove the entry; where it is still to be deployed, set a later date"
    )


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{kind: lost-secret, about: x, reason: y}", "changes/0/until: is missing"),
        ("{kind: lost-secret, about: x, until: 2026-12-01}", "changes/0/reason: is missing"),
        ("{kind: lost-secret, about: '', reason: y, until: 2026-12-01}", "changes/0/about: "),
        (
            "{kind: everything, about: x, reason: y, until: 2026-12-01}",
            "'everything' is no kind of change; kinds are lost-",
        ),
        (
            "{kind: lost-droplet, about: x, reason: y, until: 2026-12-01}",
            "cannot be acknowledged: name the droplet with",
        ),
    ],
)
def test_an_entry_that_is_wrong_says_where(entry: str, said: str, folder: Path) -> None:
    (folder / "prod.yaml").write_text(f"changes:\n  - {entry}\n")
    with pytest.raises(SettingsError) as caught:
        acknowledged_changes("prod")
    assert said in str(caught.value)
