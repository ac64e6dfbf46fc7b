"""Names that would resolve to the wrong service, ports that two want, services that wait for each other."""

import pytest
from sprocket_constructs import Access, ConstructError, Gateway, SwarmStack, sharing

from tests.synthesis import declare, synth


def test_who_shares_which_network(stack: SwarmStack) -> None:
    redis = declare(stack, "redis", listens={"redis": 6379})
    for name in ("web", "api"):
        declare(stack, name).connect_to(redis)
    declare(stack, "alone").reaches_internet(because="test")
    assert sharing(stack.services) == {
        "alone-egress": ["alone"],
        "redis-net": ["api", "redis", "web"],
    }


def test_two_instances_may_have_one_alias_each(stack: SwarmStack) -> None:
    gateway = Gateway(stack, "gateway")
    for instance in ("dev", "staging"):
        core = declare(stack, f"{instance}-core", alias="core", listens={"http": 80})
        core.expose_via(gateway, host=f"{instance}.test", access=Access.public(because="test"))
        declare(stack, f"{instance}-bot").connect_to(core)
    synth(stack)


def test_trap_a_client_of_two_servers_with_one_alias_reaches_only_the_first(stack: SwarmStack) -> None:
    servers = [declare(stack, f"{name}-core", alias="core", listens={"x": 1}) for name in ("dev", "prod")]
    bot = declare(stack, "bot")
    for server in servers:
        bot.connect_to(server)
    with pytest.raises(ConstructError) as caught:
        synth(stack)
    assert str(caught.value) == (
        "test/bot: sees two services called core (test/dev-core and test/prod-core), "
        "and only one of them could be reached; connect it to one of them, or give one of them another alias"
    )


def test_an_alias_that_is_a_neighbours_name_is_refused(stack: SwarmStack) -> None:
    core = declare(stack, "dev-core", alias="core", listens={"x": 1})
    other = declare(stack, "core", listens={"x": 1})
    bot = declare(stack, "bot")
    bot.connect_to(core)
    bot.connect_to(other)
    with pytest.raises(ConstructError, match="test/bot: sees two services called core"):
        synth(stack)


def test_one_server_on_several_networks_is_still_one(stack: SwarmStack) -> None:
    gateway = Gateway(stack, "gateway")
    core = declare(stack, "core", listens={"x": 1})
    core.expose_via(gateway, host="x.test", access=Access.public(because="test"))
    traefik = declare(stack, "traefik")
    traefik.joins(gateway.network)
    traefik.connect_to(core)
    synth(stack)


def test_two_services_that_wait_for_each_other_are_refused(stack: SwarmStack) -> None:
    a, b, c = (declare(stack, name, listens={"x": 1}) for name in ("a", "b", "c"))
    a.connect_to(b)
    b.connect_to(c)
    c.starts_after(a)
    with pytest.raises(ConstructError) as caught:
        synth(stack)
    assert str(caught.value) == (
        "test/a: waits for itself: a -> b -> c -> a; connect one of them with waits=False"
    )


def test_services_that_need_each_other_are_fine_when_one_does_not_wait(stack: SwarmStack) -> None:
    a, b = (declare(stack, name, listens={"x": 1}) for name in ("a", "b"))
    a.connect_to(b)
    b.connect_to(a, waits=False)
    synth(stack)


def test_one_port_published_by_two_services_is_refused(stack: SwarmStack) -> None:
    for name in ("a", "b"):
        declare(stack, name, listens={"http": 80}).publishes(80)
    with pytest.raises(ConstructError) as caught:
        synth(stack)
    assert str(caught.value) == (
        "test/b: publishes port 80, which test/a publishes too; "
        "use another port, or route both through a gateway"
    )
