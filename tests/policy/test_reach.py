"""What a stolen worker reaches: no administrator's secret, no store, in any environment."""

from __future__ import annotations

from typing import Any

import pytest

from layers.settings.environment import Environment
from ops.check import reach
from ops.check.platform import Platform
from ops.check.reach import PLAIN, Reach
from tests.policy.seeding import Seeded
from tests.stacks.synthesis import ALL, altered, built, finished, synthesized


def platform(environment: str, document: Any = None, settings: Environment | None = None) -> Platform:
    found = synthesized(environment)
    made = Platform.of(found.stack, document or found.document)
    return Platform(
        settings=settings or made.settings, document=made.document, declared=made.declared, variables={}
    )


def of(environment: str, **changes: Any) -> Reach:
    (found,) = reach.reaches(platform(environment, **changes))
    return found


def of_all(environment: str) -> set[str]:
    return {service.name for service in platform(environment).services}


@pytest.mark.parametrize("environment", ALL)
def test_no_worker_opens_all_of_a_server_or_has_a_store(environment: str) -> None:
    found = of(environment)
    assert not found.administers
    assert found.stores == ()
    held = {
        name for name in found.services if name.endswith(("-keeper", "-backup", "forward-auth", "traefik"))
    }
    assert not held and not {
        n for n in found.services if n.startswith(("backup-sender", "socket-proxy", "swarm-"))
    }


def test_a_pool_of_workers_is_looked_at_and_without_one_the_next_worker() -> None:
    assert (of("rehearsal-4").pool, of("prod").pool) == ("work", PLAIN)


def test_secrets_are_named_with_their_readers_and_servers_with_the_way_to_them() -> None:
    found = of("rehearsal-4")
    assert found.secrets["database-password"] == ("core", "image-generation-frontend", "migration")
    assert "postgres-password" not in found.secrets and "sign-in-cookie-key" not in found.secrets
    (postgres,) = (server for server in found.servers if server.name == "postgres")
    assert (postgres.ports, postgres.networks) == ((5432,), ("postgres-net",))


def test_a_keeper_that_is_placed_nowhere_is_seen() -> None:
    seeded = Seeded("rehearsal-4")
    seeded.service("postgres-keeper")["task_spec"].pop("placement")
    found = of("rehearsal-4", document=seeded.document)
    assert found.administers["postgres-password"] == "Postgres"
    assert "opens all of " in (text := reach.render("rehearsal-4", [found]))
    assert "Postgres with postgres-password" in text


def test_a_worker_with_a_label_has_what_the_label_places() -> None:
    settings = synthesized("rehearsal-4").stack.site.settings
    work = settings.nodes["work"].model_copy(update={"labels": {"storage": "data"}})
    found = of(
        "rehearsal-4", settings=settings.model_copy(update={"nodes": {**settings.nodes, "work": work}})
    )
    assert "/mnt/postgres/data" in found.stores and "postgres-password" in found.administers
    assert "postgres-keeper" not in found.services, "on managers, wherever the store is"


def test_stores_outside_of_the_swarm_are_named_with_those_that_have_their_credentials() -> None:
    (postgres,) = of("prod").outside
    assert (postgres.name, postgres.address) == ("managed Postgres", "db.sprocket.mlesports.gg:25060")
    assert postgres.services == ("core", "migration", "telegraf")
    assert of("rehearsal-4").outside == ()
    line = "    managed Postgres  db.sprocket.mlesports.gg:25060  core, migration, telegraf\n"
    assert line in reach.render("prod", [of("prod")])
    spaces = {"kind": "spaces", "endpoint": "nyc3.digitaloceanspaces.com"}
    settings = altered("prod", lambda document: document["data"].update(object_storage=spaces))
    made = finished(settings)
    (found,) = reach.reaches(Platform.of(made.stack, made.document))
    (_, bucket) = found.outside
    assert (bucket.name, bucket.address) == ("Spaces", "nyc3.digitaloceanspaces.com:443")
    assert {"core", "submission-service"} <= set(bucket.services)


def test_a_sender_of_backups_that_may_run_there_has_their_bucket() -> None:
    seeded = Seeded("prod")
    for name in (name for name in of_all("prod") if name.startswith("backup-sender")):
        seeded.service(name)["task_spec"].pop("placement")
    found = {each.name: each for each in of("prod", document=seeded.document).outside}
    assert found["bucket of the backups"].address == "nyc3.digitaloceanspaces.com:443"


@pytest.mark.parametrize("constraint", ["node.generation==2", "node.hostname!=spare", "storage=main"])
def test_a_constraint_of_which_nothing_is_known_keeps_no_service_away_and_is_named(constraint: str) -> None:
    seeded = Seeded("rehearsal-4")
    seeded.service("postgres-keeper")["task_spec"]["placement"]["constraints"] = [constraint]
    found = of("rehearsal-4", document=seeded.document)
    assert "postgres-keeper" in found.services
    assert found.unknown == {constraint: ("postgres-keeper",)}
    assert f"may run there or not: {constraint} (postgres-keeper)\n" in reach.render("rehearsal-4", [found])
    assert not of("rehearsal-4").unknown


def test_the_token_that_images_are_pulled_with_comes_with_every_task() -> None:
    login = {"registry": "registry.example.org", "user": "puller"}
    settings = altered("prod", lambda document: document["platform"].update(login=login))
    token = built(settings).secrets.registry_token
    assert token is not None
    found = of("prod", settings=settings)
    assert found.secrets[token.name] == found.services
    assert token.name not in of("prod").secrets


def test_what_is_printed_for_people() -> None:
    text = reach.render("prod", [of("prod")])
    assert text.startswith(f"prod: {PLAIN} may run ")
    assert "  has the data of no store\n" in text
    assert "4789/udp" in text and "the key that workers join with" in text
    assert max(len(line) for line in text.splitlines() if not line.startswith(("prod: ", "    "))) < 160


def test_an_environment_is_synthesized_for_it() -> None:
    assert reach.reach_of("prod") == [of("prod")]
