"""Files, data, the one variable and labels: what is refused, and why."""

from collections.abc import Callable

import pytest
from sprocket_constructs import (
    Access,
    ConstructError,
    Gateway,
    GeneratedSecret,
    HealthCheck,
    Lock,
    NoBackup,
    NodeDirectory,
    NodeSelector,
    Scale,
    SwarmConfig,
    SwarmStack,
    UpdatePolicy,
)

from tests.synthesis import declare

DIRECTORY = NodeDirectory(path="/mnt/x", held_by=NodeSelector.managers())
BACKUP = NoBackup(because="test")
LOCK = Lock.none(because="test")
SEEN = "to anyone who may inspect the service; read it from a file"


def config(stack: SwarmStack, name: str = "conf") -> SwarmConfig:
    return SwarmConfig(stack, name, name=name, content="x")


def test_a_file_at_a_relative_path_is_refused(stack: SwarmStack) -> None:
    with pytest.raises(ConstructError) as caught:
        declare(stack, "api").reads(config(stack), at="etc/conf")
    assert str(caught.value) == "test/api: path 'etc/conf' is not absolute; start it with /"


def test_two_files_at_one_path_are_refused(stack: SwarmStack) -> None:
    api = declare(stack, "api")
    api.reads(config(stack), at="/etc/conf")
    with pytest.raises(ConstructError) as caught:
        api.reads(config(stack, "other"), at="/etc/conf")
    assert str(caught.value) == "test/api: two files at /etc/conf; give each file a path of its own"


def test_two_mounts_at_one_path_are_refused(stack: SwarmStack) -> None:
    api = declare(stack, "api")
    api.stores(DIRECTORY, at="/data", backup=BACKUP, lock=LOCK)
    with pytest.raises(ConstructError) as caught:
        api.binds("/proc", at="/data", read_only=True, because="test")
    assert str(caught.value) == "test/api: two mounts at /data; give each a path of its own"


@pytest.mark.parametrize(
    ("scale", "update"),
    [
        (Scale(replicas=2), UpdatePolicy.stop_first()),
        (Scale(), UpdatePolicy.start_first()),
        (Scale.one_per_node(nodes=2), UpdatePolicy.stop_first()),
    ],
)
def test_data_that_two_tasks_could_open_is_refused(
    stack: SwarmStack, scale: Scale, update: UpdatePolicy
) -> None:
    with pytest.raises(ConstructError) as caught:
        declare(stack, "redis", scale=scale, update=update).stores(
            DIRECTORY, at="/data", backup=BACKUP, lock=LOCK
        )
    assert str(caught.value) == (
        "test/redis: stores data at /data but may run twice on it; "
        "use one replica and UpdatePolicy.stop_first()"
    )


def test_data_at_a_relative_path_is_refused(stack: SwarmStack) -> None:
    with pytest.raises(ConstructError, match="path 'data' is not absolute; start it with /"):
        declare(stack, "redis").stores(DIRECTORY, at="data", backup=BACKUP, lock=LOCK)


@pytest.mark.parametrize(("source", "at"), [("proc", "/proc"), ("/proc", "proc")])
def test_a_bind_needs_absolute_paths(stack: SwarmStack, source: str, at: str) -> None:
    with pytest.raises(ConstructError, match="path 'proc' is not absolute; start it with /"):
        declare(stack, "api").binds(source, at=at, read_only=True, because="test")


@pytest.mark.parametrize("reason", ["", "  "])
@pytest.mark.parametrize(
    "excuse",
    [
        lambda stack, reason: HealthCheck.none(because=reason),
        lambda stack, reason: NoBackup(because=reason),
        lambda stack, reason: Lock.none(because=reason),
        lambda stack, reason: Lock.by_program(because=reason),
        lambda stack, reason: Access.public(because=reason),
        lambda stack, reason: declare(stack, "api").reaches_internet(because=reason),
        lambda stack, reason: declare(stack, "api").binds("/x", at="/x", read_only=True, because=reason),
    ],
)
def test_an_exception_needs_a_reason(
    stack: SwarmStack, excuse: Callable[[SwarmStack, str], object], reason: str
) -> None:
    with pytest.raises(ValueError, match="reason") as caught:
        excuse(stack, reason)
    assert str(caught.value) == "an exception needs a reason; say in a few words why it is right here"


@pytest.mark.parametrize(
    "declares",
    [
        lambda: HealthCheck.shell("true").every("10", timeout="5s", retries=1, start_period="0s"),
        lambda: UpdatePolicy.start_first().watched_for("10"),
    ],
)
def test_a_time_without_a_unit_is_refused(declares: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="duration '10' is not understood"):
        declares()


def test_trap_several_variables_restart_every_task_on_any_change(stack: SwarmStack) -> None:
    api = declare(stack, "api")
    api.sets("NODE_ENV", "production")
    with pytest.raises(ConstructError) as caught:
        api.sets("LOG", "info")
    assert str(caught.value) == (
        "test/api: sets LOG beside NODE_ENV, and several variables restart all tasks on any change; "
        "put settings into a file that it reads, or use reads_environment()"
    )


def test_a_variable_with_two_values_is_refused(stack: SwarmStack) -> None:
    api = declare(stack, "api")
    api.sets("NODE_ENV", "production")
    api.sets("NODE_ENV", "production")
    with pytest.raises(ConstructError) as caught:
        api.sets("NODE_ENV", "development")
    assert (
        str(caught.value)
        == "test/api: variable NODE_ENV is 'production' and 'development'; set it in one place only"
    )


def test_a_label_with_two_values_is_refused(stack: SwarmStack) -> None:
    api = declare(stack, "api")
    api.label("team", "a")
    api.label("team", "a")
    with pytest.raises(ConstructError) as caught:
        api.label("team", "b")
    assert str(caught.value) == "test/api: label team is 'a' and 'b'; set it in one place only"


def test_a_service_cannot_be_found_by_two_gateways(stack: SwarmStack) -> None:
    web = declare(stack, "web", listens={"http": 80})
    access = Access.public(because="test")
    web.expose_via(Gateway(stack, "one", name="one"), host="x.test", access=access)
    with pytest.raises(ConstructError) as caught:
        web.expose_via(Gateway(stack, "two", name="two"), host="y.test", access=access)
    assert str(caught.value) == (
        "test/web: label traefik.http.routers.web.rule is 'Host(`x.test`)' and 'Host(`y.test`)'; set it in one place only"
    )


class TestSecretsThatWouldBeSeen:
    """In the environment, arguments, labels or a health check: there anyone who may inspect sees them."""

    def test_in_the_environment(self, stack: SwarmStack) -> None:
        password = GeneratedSecret(stack, "password", name="password")
        with pytest.raises(ConstructError) as caught:
            declare(stack, "api").sets("PASSWORD", str(password))
        assert str(caught.value) == f"test/api: variable PASSWORD would show secret value password {SEEN}"

    def test_in_the_command(self, stack: SwarmStack) -> None:
        password = GeneratedSecret(stack, "password", name="password")
        with pytest.raises(ConstructError) as caught:
            declare(stack, "api", command=("sh", "-c", f"run {password}"))
        assert str(caught.value) == f"test/api: command would show secret value password {SEEN}"

    def test_in_the_arguments(self, stack: SwarmStack) -> None:
        one, two = (GeneratedSecret(stack, name, name=name) for name in ("one", "two"))
        with pytest.raises(ConstructError) as caught:
            declare(stack, "api", args=(f"--one={one}", f"--two={two}{one}"))
        assert str(caught.value) == f"test/api: command would show secret value one, two {SEEN}"

    def test_in_a_label(self, stack: SwarmStack) -> None:
        password = GeneratedSecret(stack, "password", name="password")
        with pytest.raises(ConstructError) as caught:
            declare(stack, "api").label("auth", f"admin:{password}")
        assert str(caught.value) == f"test/api: label auth would show secret value password {SEEN}"

    def test_in_the_health_check(self, stack: SwarmStack) -> None:
        password = GeneratedSecret(stack, "password", name="password")
        with pytest.raises(ConstructError) as caught:
            declare(stack, "redis", health=HealthCheck.shell(f"redis-cli -a {password} ping"))
        assert str(caught.value) == f"test/redis: health check would show secret value password {SEEN}"
