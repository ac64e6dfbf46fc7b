"""Accounts of RabbitMQ: one for each service, none of them an administrator, each with its own queues."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from sprocket_constructs import ConstructError

from layers.data.rabbitmq import AS_DECLARED, DEFINITIONS, PASSWORD, START, RabbitMQ
from layers.data.rabbitmq_account import MADE_HERE, Account, Rights
from layers.platform.broker import QUEUES
from ops.check.application import PROGRAMS
from tests.own_queue import own_queue
from tests.stacks.synthesis import ALL, altered, built, declared, json_at, service, text_at, with_ratings

URL = re.compile(r"amqp://([^:]+):@@secret:([a-z0-9-]+)@@@rabbitmq:5672/([^?]+)\?")

OPENS_PAGES = {"administrator", "monitoring", "policymaker", "management"}
"""Tags that RabbitMQ's management pages let in (rabbit_mgmt_util.erl, is_mgmt_user)."""

CALLS = {
    "core": {"analytics", "image-generation", "matchmaking", "notifications", "submission"},
    "discord-bot": {"analytics", "core"},
    "matchmaking-service": {"analytics", "submission"},
    "submission-service": {"core", "matchmaking"},
    "notification-service": {"bot", "core", "matchmaking"},
    "image-generation-frontend": {"image-generation"},
}
"""Queues that services declare because they send to them: who imports whose connector, in the application's source at f0abc12b and at
the commits of images.lock.yaml."""

HEARS_EVENTS = {"core", "discord-bot", "matchmaking-service", "submission-service", "notification-service"}
SENDS_TASKS = {"core", "submission-service"}


@dataclass(frozen=True)
class Found:
    """An account as a service uses it, and its rights as the broker has them."""

    service: str
    instance: str
    name: str
    password: str
    host: str
    permission: dict[str, str]

    def may(self, right: str, name: str, *, host: str | None = None) -> bool:
        """As RabbitMQ decides it: the virtual host, then a search in the name (rabbit_auth_backend_internal.erl)."""
        return (host or self.host) == self.permission["vhost"] and bool(
            re.search(self.permission[right], name)
        )


def definitions(environment: str) -> dict[str, Any]:
    return dict(json_at(declared(environment), "rabbitmq", DEFINITIONS))


def found(environment: str) -> list[Found]:
    stack = declared(environment)
    permissions = {one["user"]: one for one in definitions(environment)["permissions"]}
    there = {each.name for each in stack.services}
    accounts = []
    for instance in stack.platform.instances.values():
        prefix = instance.identity.service_prefix
        for name, program in PROGRAMS.items():
            if prefix + name in there and any(
                key in program.keys for key in ("transport/url", "celery/broker")
            ):
                text = text_at(stack, prefix + name, program.settings)
                logins = set(URL.findall(text))
                assert len(logins) == 1, f"{name} signs in as {logins}"
                ((user, password, host),) = logins
                accounts.append(Found(name, instance.identity.name, user, password, host, permissions[user]))
    return accounts


def queues(environment: str) -> Iterator[tuple[str, str, str]]:
    """Virtual host, queue and its short name, of every instance."""
    for instance in declared(environment).platform.instances.values():
        for short in QUEUES:
            yield instance.identity.virtual_host, instance.identity.queue(short), short


@pytest.mark.parametrize("environment", ALL)
def test_every_service_signs_in_with_an_account_of_its_own(environment: str) -> None:
    accounts = found(environment)
    assert len(accounts) >= 8
    assert len({each.name for each in accounts}) == len(accounts)
    assert len({each.password for each in accounts}) == len(accounts)
    users = {user["name"]: user for user in definitions(environment)["users"]}
    for each in accounts:
        assert users[each.name]["password"] == f"@@secret:{each.password}@@"
        assert each.permission["vhost"] == each.host
    assert set(users) == {RabbitMQ.user, *(each.name for each in accounts)}


@pytest.mark.parametrize("environment", ALL)
def test_one_account_opens_the_management_pages_and_no_client_has_its_password(environment: str) -> None:
    users = definitions(environment)["users"]
    assert [user["name"] for user in users if OPENS_PAGES & set(user["tags"].split(","))] == [RabbitMQ.user]
    stack = declared(environment)
    readers = {
        each.name
        for each in stack.services
        if any("rabbitmq-password" in mount.file.secret_names for mount in each.file_mounts)
    }
    assert readers == {"rabbitmq", "rabbitmq-backup"}
    others = {
        each.name for each in stack.services if any(mount.at == DEFINITIONS for mount in each.file_mounts)
    }
    assert others == {"rabbitmq"}


@pytest.mark.parametrize("environment", ["prod", "staging"])
def test_what_an_account_may_do_with_queues_is_what_its_service_does(environment: str) -> None:
    """Of every queue of every instance: reads its own, declares its own and those it sends to, and no other."""
    for each in found(environment):
        own = own_queue(PROGRAMS[each.service])
        events = {"events"} if each.service in HEARS_EVENTS else set()
        sends = CALLS.get(each.service, set()) | ({"celery"} if each.service in SENDS_TASKS else set())
        for host, queue, short in queues(environment):
            mine = host == each.host
            rights = {right: each.may(right, queue, host=host) for right in ("configure", "write", "read")}
            where = f"{each.name}: {queue}"
            assert rights["read"] == (mine and short in {own, *events}), where
            assert rights["configure"] == (mine and short in {own, *events, *sends}), where
            writes = {*events, *({"celery"} if own == "celery" else ())}
            assert rights["write"] == (mine and short in writes), where


def test_events_arrive_in_queues_of_the_listener_alone() -> None:
    """Names as the application makes them (common/src/events/rmq.service.ts)."""
    for each in found("staging"):
        for other in (one for one in found("staging") if one.service in HEARS_EVENTS):
            queue = f"{other.instance}-events-scrim.created.*-{other.instance}-{other.service}"
            mine = other.name == each.name
            assert [each.may(right, queue, host=other.host) for right in ("configure", "write", "read")] == [
                mine
            ] * 3


def test_everybody_answers_and_calls_by_the_exchange_without_a_name_and_by_no_other() -> None:
    for each in found("prod"):
        assert each.may("write", "amq.default")
        assert not any(each.may("write", name) for name in ("amq.topic", "amq.direct", "amq.rabbitmq.trace"))
        assert not any(each.may("configure", name) for name in ("amq.default", "new-queue", "main-core-2"))


def test_progress_of_parsing_is_heard_by_who_sends_tasks() -> None:
    heard = {
        each.service
        for each in found("prod")
        if all(each.may(right, "scrim-0b1e") for right in ("configure", "read"))
    }
    assert heard == SENDS_TASKS


def test_a_worker_may_use_what_celery_declares() -> None:
    """Seen with Celery 5.5.3, kombu 5.5.4 and RabbitMQ 3.10.8."""
    (worker,) = [each for each in found("prod") if each.service == "replay-parse-service"]
    names = ["main-celery", "celeryev", "celery.pidbox", "reply.celery.pidbox"]
    names += ["celery@a1b2.celery.pidbox", "celeryev.1c0f", "1c0f-22.reply.celery.pidbox"]
    for name in names:
        assert [worker.may(right, name) for right in ("configure", "write", "read")] == [True] * 3, name


def test_a_service_whose_source_is_private_may_sign_in_and_publish_only() -> None:
    stack = built(altered("local", with_ratings))
    (rights,) = [
        one
        for one in json_at(stack, "rabbitmq", DEFINITIONS)["permissions"]
        if one["user"] == "main-elo-service"
    ]
    assert (rights["configure"], rights["write"], rights["read"]) == ("^$", r"^(amq\.default)$", "^$")


def account(name: str, host: str = "main") -> Account:
    password = declared("local").secrets.rabbitmq_password
    return Account(name=name, password=password, virtual_host=host, rights=Rights())


@pytest.mark.parametrize(
    ("name", "host", "said"),
    [
        ("main-core", "main", "account main-core is declared twice; give each client an account of its own"),
        ("sprocket", "main", "account sprocket is the administrator; give each client an account of its own"),
        ("a:b", "main", "user of RabbitMQ 'a:b' is not allowed; use letters"),
        ("spare", "a/b", "virtual host of RabbitMQ 'a/b' is not allowed; use letters"),
    ],
)
def test_an_account_that_the_broker_or_a_url_cannot_have_is_refused(name: str, host: str, said: str) -> None:
    stack = built(altered("local", lambda document: None))
    with pytest.raises(ConstructError, match=re.escape(said)):
        stack.data.rabbitmq.account(account(name, host))


CTL = """#!/bin/sh
case "$*" in
    *export_definitions*) cat "$0.has" ;;
    *delete_user* | *clear_permissions*)
        [ ! -e "${0%/*}/as-declared" ] || echo "error: it counts as done already" >&2
        if [ -e "$0.refuses" ]; then
            rm "$0.refuses"
            echo "Error: no reply" >&2
            exit 69
        fi
        echo "$*" >> "$0.done"
        ;;
esac
"""
ALL_OF_IT = {"configure": ".*", "write": ".*", "read": ".*"}


@dataclass(frozen=True)
class Start:
    """The start script of local beside a broker that has what is said."""

    folder: Path

    def begins(self, users: dict[str, list[str]], rights: list[tuple[str, str]], *hosts: str) -> Self:
        """With users and their tags, rights of a user in a virtual host, and virtual hosts beside the declared ones."""
        entry = self.folder / "docker-entrypoint.sh"
        entry.write_text(CTL)
        entry.chmod(entry.stat().st_mode | stat.S_IXUSR)
        file = definitions("local")
        has = {
            "users": [{"name": name, "tags": tags} for name, tags in users.items()],
            "vhosts": [*file["vhosts"], *({"name": host} for host in hosts)],
            "permissions": [{"user": user, "vhost": host, **ALL_OF_IT} for user, host in rights],
        }
        (self.folder / "docker-entrypoint.sh.has").write_text(json.dumps(has))
        (self.folder / "definitions.json").write_text(json.dumps(file))
        text = text_at(declared("local"), "rabbitmq", START).replace("/var/lib/rabbitmq", str(self.folder))
        text = text.replace(AS_DECLARED, str(self.mark)).replace(
            DEFINITIONS, f"{self.folder}/definitions.json"
        )
        (self.folder / "start.sh").write_text(text.replace("sleep 10", "sleep 0.1"))
        return self

    def run(self) -> str:
        """What it printed, on either stream, once the broker and the script's work beside it have ended."""
        return subprocess.run(
            ["sh", str(self.folder / "start.sh")],
            env={"PATH": f"{self.folder}:/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=30,
            check=True,
        ).stdout

    @property
    def done(self) -> list[str]:
        """What the broker was told to remove."""
        file = self.folder / "docker-entrypoint.sh.done"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def mark(self) -> Path:
        """Without it the health check fails."""
        return self.folder / "as-declared"


def test_an_account_that_nothing_declares_any_more_goes_and_those_that_people_made_stay(
    tmp_path: Path,
) -> None:
    users = {
        "sprocket": ["administrator"],
        "main-core": [MADE_HERE],
        "main-elo-service": [MADE_HERE],
        "promoted by hand": ["management", MADE_HERE],
        "a-person": ["monitoring"],
        "anybody": [],
    }
    start = Start(tmp_path).begins(users, [("anybody", "main")])
    assert start.run().splitlines() == [
        "account main-elo-service is gone: nothing declares it any more",
        "account promoted by hand is gone: nothing declares it any more",
    ]
    assert start.done == [
        "rabbitmqctl -q delete_user main-elo-service",
        "rabbitmqctl -q delete_user promoted by hand",
    ]
    assert start.mark.exists()


def test_an_account_loses_its_rights_where_it_is_not_declared_and_the_virtual_host_stays(
    tmp_path: Path,
) -> None:
    """Only rights that people gave to accounts of people, and the administrator's, are left there."""
    users = {"sprocket": ["administrator"], "main-core": [MADE_HERE], "a-person": []}
    rights = [("main-core", "main"), ("main-core", "/"), ("main-core", "old main")]
    others = [("sprocket", "old main"), ("a-person", "old main")]
    start = Start(tmp_path).begins(users, [*rights, *others], "old main")
    assert start.run().splitlines() == [
        "account main-core has no rights in virtual host / any more: nothing declares them",
        "account main-core has no rights in virtual host old main any more: nothing declares them",
        "virtual host old main is kept with its queues: nothing declares it; if nobody needs them, run rabbitmqctl delete_vhost",
    ]
    assert start.done == [
        "rabbitmqctl -q clear_permissions -p / main-core",
        "rabbitmqctl -q clear_permissions -p old main main-core",
    ]


NOT_YET = "error: accounts and rights are not compared or not removed yet; tried again in 10 s, and the task is not healthy before"


def test_a_removal_that_fails_is_told_and_tried_again_and_the_task_is_not_healthy_before(
    tmp_path: Path,
) -> None:
    users = {"sprocket": ["administrator"], "gone-1": [MADE_HERE], "gone-2": [MADE_HERE]}
    start = Start(tmp_path).begins(users, [])
    start.mark.touch()
    (tmp_path / "docker-entrypoint.sh.refuses").touch()
    assert start.run().splitlines() == [
        "error: account gone-1 cannot be removed: Error: no reply",
        "account gone-2 is gone: nothing declares it any more",
        NOT_YET,
        "account gone-1 is gone: nothing declares it any more",
        "account gone-2 is gone: nothing declares it any more",
    ]
    assert start.mark.exists()


def test_a_broker_that_does_not_say_what_it_has_is_told(tmp_path: Path) -> None:
    start = Start(tmp_path).begins({}, [])
    has = tmp_path / "docker-entrypoint.sh.has"
    has.rename(tmp_path / "later")
    text = (tmp_path / "start.sh").read_text()
    (tmp_path / "start.sh").write_text(text.replace("sleep 0.1", f"mv {tmp_path}/later {has}"))
    said = start.run().splitlines()
    assert said[0].startswith("error: the definitions of RabbitMQ cannot be read: ")
    assert "No such file" in said[0] and said[1] == NOT_YET
    assert start.mark.exists()


@pytest.mark.parametrize(("runs", "marked", "code"), [(0, True, 0), (0, False, 1), (69, True, 69)])
def test_the_health_check_asks_whether_everything_is_as_declared(
    tmp_path: Path, runs: int, marked: bool, code: int
) -> None:
    mark, program = tmp_path / "mark", tmp_path / "rabbitmq-diagnostics"
    program.write_text(f"#!/bin/sh\nexit {runs}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    if marked:
        mark.touch()
    kind, line = service(declared("local"), "rabbitmq").health.words
    assert (kind, AS_DECLARED in line) == ("CMD-SHELL", True)
    done = subprocess.run(
        ["sh", "-c", line.replace(AS_DECLARED, str(mark))],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert ("the log says why" in done.stdout) == (not marked)


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_the_broker_has_its_accounts_from_the_file_before_a_client_can_connect(environment: str) -> None:
    """``load_definitions`` is imported before the listeners start (rabbit.erl, do_run_postlaunch_phase), and takes the place of a
    default user."""
    stack = declared(environment)
    conf = text_at(stack, "rabbitmq", "/etc/rabbitmq/conf.d/90-sprocket.conf")
    assert f"\nload_definitions = {DEFINITIONS}\n" in conf
    assert "default_user" not in conf and "@@secret" not in conf
    assert PASSWORD in {mount.at for mount in service(stack, "rabbitmq").file_mounts}
    hosts = {one["name"] for one in definitions(environment)["vhosts"]}
    assert hosts == {"/", "main"}
    assert {
        one["vhost"] for one in definitions(environment)["permissions"] if one["user"] == "sprocket"
    } == hosts
