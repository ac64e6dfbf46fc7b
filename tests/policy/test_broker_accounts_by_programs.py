"""The real RabbitMQ, from one declaration to the next: who signs in afterwards, and what they may do.

Debian's package is used where it is installed; else see tests/programs.py.
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

from layers.data.rabbitmq import DEFINITIONS
from layers.data.rabbitmq_account import MADE_HERE
from tests.loopback_broker import ENVIRONMENT, LoopbackBroker
from tests.stacks.synthesis import declared, json_at


def test_an_account_has_exactly_what_is_declared_after_a_start(tmp_path: Path) -> None:
    now = json_at(declared(ENVIRONMENT), "rabbitmq", DEFINITIONS)
    before = deepcopy(now)
    before["vhosts"].append({"name": "old"})
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    before["permissions"] += [
        {"user": user, "vhost": "old", **everything} for user in ("sprocket", "main-core")
    ]
    for one in before["permissions"]:
        one["read"] = ".*"

    broker = LoopbackBroker(tmp_path)
    with broker.running(before):
        assert ("main-core", "old", ".*") in broker.rights()
        broker.ctl("add_user", "a person", "trial")
        for host in ("old", "main"):
            broker.ctl("set_permissions", "-p", host, "a person", "", "", "a.*")
        # What a person gave to an account of ours.
        broker.ctl("set_permissions", "-p", "/", "main-core", ".*", ".*", ".*")
        # An earlier declaration's, with a tag more.
        broker.ctl("add_user", "main-elo-service", "trial")
        broker.ctl("set_user_tags", "main-elo-service", "management", MADE_HERE)
        broker.ctl("set_permissions", "-p", "main", "main-elo-service", ".*", ".*", ".*")

    with broker.running(now):
        expected = {(one["user"], one["vhost"], one["read"]) for one in now["permissions"]}
        people = {("a person", "old", "a.*"), ("a person", "main", "a.*"), ("sprocket", "old", ".*")}
        assert broker.rights() == expected | people
        found = json.loads(broker.ctl("export_definitions", "-"))
        assert {one["name"] for one in found["users"]} == {one["name"] for one in now["users"]} | {"a person"}
        assert "old" in {one["name"] for one in found["vhosts"]}
    said = [line for line in broker.log.splitlines() if "declares" in line]
    assert said == [
        "account main-elo-service is gone: nothing declares it any more",
        "account main-core has no rights in virtual host / any more: nothing declares them",
        "account main-core has no rights in virtual host old any more: nothing declares them",
        "virtual host old is kept with its queues: nothing declares it; if nobody needs them, run rabbitmqctl delete_vhost",
    ]
