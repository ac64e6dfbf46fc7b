"""Who reaches whom: both ends of each verb."""

import pytest
from sprocket_constructs import ConstructError, Endpoint, Scale, SwarmStack, UpdatePolicy

from tests.synthesis import Json, declare, only, service, synth


def networks(document: Json, name: str) -> list[Json]:
    """Names and aliases on the networks of a service, ids turned into names."""
    by_id = {
        f"${{docker_network.{address}.id}}": network["name"]
        for address, network in document["resource"]["docker_network"].items()
    }
    found = only(document, "docker_service", name=name)["task_spec"].get("networks_advanced", [])
    return [{**each, "name": by_id[each["name"]]} for each in found]


def test_a_client_joins_the_servers_own_network_and_learns_where_it_answers(stack: SwarmStack) -> None:
    redis = declare(stack, "redis", listens={"redis": 6379})
    api = declare(stack, "api")
    endpoint = api.connect_to(redis)
    assert endpoint == Endpoint(host="redis", port=6379)
    assert str(endpoint) == "redis:6379"
    document = synth(stack)
    assert networks(document, "redis") == networks(document, "api") == [{"name": "redis-net"}]
    assert only(document, "docker_network", name="redis-net")["internal"] is True
    assert api.servers == {"redis": redis}


def test_a_service_that_is_on_no_network_gets_one_for_itself(stack: SwarmStack) -> None:
    """The engine would put it on the default bridge, beside every other container and with a way out."""
    redis = declare(stack, "redis", listens={"redis": 6379})
    assert not redis.has_network
    document = synth(stack)
    assert only(document, "docker_network")["name"] == "redis-net"
    assert only(document, "docker_network")["internal"] is True
    assert networks(document, "redis") == [{"name": "redis-net"}]


def test_an_alias_answers_on_the_servers_own_network_only(stack: SwarmStack) -> None:
    core = declare(stack, "dev-core", alias="core", listens={"http": 3001})
    redis = declare(stack, "redis", listens={"redis": 6379})
    core.connect_to(redis)
    bot = declare(stack, "bot")
    assert bot.connect_to(core).host == "core"
    document = synth(stack)
    assert networks(document, "dev-core") == [
        {"name": "dev-core-net", "aliases": ["core"]},
        {"name": "redis-net"},
    ]
    assert networks(document, "bot") == [{"name": "dev-core-net"}]


def test_clients_of_two_servers_do_not_make_the_servers_meet(stack: SwarmStack) -> None:
    redis, postgres = (declare(stack, name, listens={"x": 1}) for name in ("redis", "postgres"))
    api = declare(stack, "api")
    api.connect_to(redis)
    api.connect_to(postgres)
    document = synth(stack)
    assert networks(document, "redis") == [{"name": "redis-net"}]
    assert networks(document, "postgres") == [{"name": "postgres-net"}]
    assert networks(document, "api") == [{"name": "postgres-net"}, {"name": "redis-net"}]


def test_connecting_twice_is_connecting_once(stack: SwarmStack) -> None:
    rabbit = declare(stack, "rabbit", listens={"amqp": 5672, "http": 15672})
    api = declare(stack, "api")
    assert api.connect_to(rabbit).port == 5672
    assert api.connect_to(rabbit, port="http").port == 15672
    document = synth(stack)
    assert networks(document, "api") == [{"name": "rabbit-net"}]
    assert len(only(document, "docker_service", name="api")["depends_on"]) == 1


def test_a_client_is_deployed_after_its_server(stack: SwarmStack) -> None:
    api = declare(stack, "api")
    redis = declare(stack, "redis", listens={"redis": 6379})
    api.connect_to(redis)
    document = synth(stack)
    (address,) = (a for a, each in document["resource"]["docker_service"].items() if each["name"] == "redis")
    assert only(document, "docker_service", name="api")["depends_on"] == [f"docker_service.{address}"]
    assert "depends_on" not in only(document, "docker_service", name="redis")


def test_a_client_that_does_not_wait_has_the_network_and_no_order(stack: SwarmStack) -> None:
    redis = declare(stack, "redis", listens={"redis": 6379})
    api = declare(stack, "api")
    api.connect_to(redis, waits=False)
    document = synth(stack)
    assert networks(document, "api") == [{"name": "redis-net"}]
    assert "depends_on" not in only(document, "docker_service", name="api")


def test_waiting_without_a_connection_is_order_and_no_shared_network(stack: SwarmStack) -> None:
    keeper = declare(stack, "keeper")
    declare(stack, "api").starts_after(keeper)
    document = synth(stack)
    assert len(only(document, "docker_service", name="api")["depends_on"]) == 1
    assert networks(document, "api") == [{"name": "api-net"}]
    assert networks(document, "keeper") == [{"name": "keeper-net"}]


def test_a_service_that_connects_to_itself_is_refused(stack: SwarmStack) -> None:
    api = declare(stack, "api", listens={"http": 80})
    with pytest.raises(ConstructError) as caught:
        api.connect_to(api)
    assert str(caught.value) == "test/api: connects to itself; use 127.0.0.1 inside a task"


def test_connecting_to_a_service_without_a_port_names_both(stack: SwarmStack) -> None:
    bot = declare(stack, "bot")
    with pytest.raises(ConstructError) as caught:
        declare(stack, "api").connect_to(bot)
    assert str(caught.value) == (
        "test/api: connects to test/bot, which listens on no port; name that one's ports with listens={...}"
    )
    assert not bot.has_network


def test_a_port_that_the_server_does_not_have_is_refused(stack: SwarmStack) -> None:
    rabbit = declare(stack, "rabbit", listens={"amqp": 5672, "http": 15672})
    with pytest.raises(ConstructError) as caught:
        declare(stack, "api").connect_to(rabbit, port="mqtt")
    assert str(caught.value) == "test/rabbit: has no port 'mqtt'; use one of amqp, http"


def test_the_way_to_the_internet_is_a_network_of_ones_own(stack: SwarmStack) -> None:
    bot = declare(stack, "bot")
    bot.reaches_internet(because="is connected to Discord")
    bot.reaches_internet(because="sends mail")
    bot.reaches_internet(because="sends mail")
    document = synth(stack)
    assert networks(document, "bot") == [{"name": "bot-egress"}]
    assert only(document, "docker_network", name="bot-egress")["internal"] is False
    assert bot.internet_reasons == ("is connected to Discord", "sends mail")


def test_aliases_given_by_others_add_up(stack: SwarmStack) -> None:
    server = declare(stack, "server", listens={"x": 1})
    proxy = declare(stack, "proxy")
    proxy.joins(server.network, aliases=("a.test",))
    proxy.joins(server.network, aliases=("b.test", "a.test"))
    assert networks(synth(stack), "proxy") == [{"name": "server-net", "aliases": ["a.test", "b.test"]}]


def test_trap_a_host_port_needs_the_old_task_to_go_first(stack: SwarmStack) -> None:
    web = declare(stack, "web", listens={"http": 80}, update=UpdatePolicy.start_first())
    with pytest.raises(ConstructError) as caught:
        web.publishes(80)
    assert str(caught.value) == (
        "test/web: publishes port 80 and updates start-first, so a new task would wait for it forever; "
        "use UpdatePolicy.stop_first()"
    )


def test_trap_two_tasks_on_one_node_cannot_have_one_host_port(stack: SwarmStack) -> None:
    web = declare(stack, "web", listens={"http": 80}, scale=Scale(replicas=2))
    with pytest.raises(ConstructError) as caught:
        web.publishes(80)
    assert str(caught.value) == (
        "test/web: publishes port 80 with 2 tasks that may meet on one node; "
        "use Scale.one_per_node(nodes=...)"
    )


def test_one_task_per_node_may_publish(stack: SwarmStack) -> None:
    web = declare(stack, "web", listens={"http": 8080}, scale=Scale.one_per_node(nodes=2))
    web.publishes(80)
    (port,) = service(stack, "web")["endpoint_spec"]["ports"]
    assert (port["published_port"], port["target_port"]) == (80, 8080)


def test_one_port_for_two_things_is_refused(stack: SwarmStack) -> None:
    web = declare(stack, "web", listens={"http": 8080, "https": 8443})
    web.publishes(80)
    web.publishes(80)
    with pytest.raises(ConstructError) as caught:
        web.publishes(80, target="https")
    assert str(caught.value) == "test/web: published port 80 is 8080 and 8443; set it in one place only"


def test_publishing_a_port_that_is_none_is_refused(stack: SwarmStack) -> None:
    with pytest.raises(ConstructError) as caught:
        declare(stack, "web", listens={"http": 80}).publishes(0)
    assert str(caught.value) == "test/web: port 0 is out of range; use 1 to 65535"
