"""Docker configs and secrets: immutable, named by their content."""

import base64
import re

import pytest
from sprocket_constructs import (
    ConstructError,
    GeneratedSecret,
    SuppliedSecret,
    SwarmConfig,
    SwarmFile,
    SwarmSecret,
    SwarmStack,
)

from tests.synthesis import Json, declare, new_stack, only, synth


def config(content: str) -> Json:
    stack = new_stack()
    SwarmConfig(stack, "conf", name="redis-conf", content=content)
    return only(synth(stack), "docker_config")


def secret(content: str) -> tuple[Json, Json]:
    """A secret with value ``pw`` at hand, and the whole document."""
    stack = new_stack()
    value = GeneratedSecret(stack, "pw", name="pw")
    SwarmSecret(stack, "conf", name="redis-conf", content=content.replace("PW", str(value)))
    document = synth(stack)
    return only(document, "docker_secret"), document


def test_trap_a_config_is_named_by_its_hash_and_created_before_the_old_one_goes() -> None:
    made = config("maxmemory 64mb\n")
    assert re.fullmatch(r"redis-conf-[0-9a-f]{8}", made["name"])
    assert made["lifecycle"] == {"create_before_destroy": True}
    assert config("maxmemory 64mb\n")["name"] == made["name"]
    assert config("maxmemory 65mb\n")["name"] != made["name"]


@pytest.mark.parametrize("content", ["${HOME} %{x} $${y}", "ünïcode ✓\n", "{{.Node.Hostname}}"])
def test_trap_the_text_of_a_config_is_no_template(content: str) -> None:
    assert base64.b64decode(config(content)["data"]).decode() == content


def test_a_config_with_a_secret_value_is_refused(stack: SwarmStack) -> None:
    password = GeneratedSecret(stack, "password", name="password")
    SwarmConfig(stack, "conf", name="redis-conf", content=f"requirepass {password}")
    with pytest.raises(ConstructError) as caught:
        synth(stack)
    assert str(caught.value) == (
        "test/conf: config redis-conf carries secret value password, "
        "which plans and docker config inspect would show; make it a SwarmSecret"
    )


def test_a_secret_is_rendered_by_terraform_and_created_before_the_old_one_goes() -> None:
    made, document = secret("requirepass PW\n")
    ((local, content),) = document["locals"].items()
    assert content == "requirepass ${random_password.pw_7F04F6DC.result}\n"
    assert "pw_7F04F6DC" in document["resource"]["random_password"]
    assert made["data"] == f"${{base64encode(local.{local})}}"
    assert made["lifecycle"] == {"create_before_destroy": True}


def test_trap_the_hash_in_a_secrets_name_is_salted_and_nonsensitive() -> None:
    """Names are public, so a guessable value needs the salt; a sensitive name hides the service in every
    diff."""
    made, document = secret("PW")
    (local,) = document["locals"]
    assert made["name"] == (
        'redis-conf-${substr(nonsensitive(sha256(join("", [random_password.salt.result, '
        f"local.{local}]))), 0, 8)}}"
    )
    assert document["resource"]["random_password"]["salt"]["length"] == 32


def test_one_salt_serves_all_secrets(stack: SwarmStack) -> None:
    for name in ("a", "b"):
        SwarmSecret(stack, name, name=name, content=name)
    assert list(synth(stack)["resource"]["random_password"]) == ["salt"]


def test_without_secrets_there_is_no_salt(stack: SwarmStack) -> None:
    SwarmConfig(stack, "conf", name="conf", content="x")
    assert "random_password" not in synth(stack)["resource"]


def test_trap_template_signs_in_a_secret_stay_literal() -> None:
    _, document = secret("${HOME} %{x} PW")
    (content,) = document["locals"].values()
    assert content == "$${HOME} %%{x} ${random_password.pw_7F04F6DC.result}"


def test_the_value_of_a_variable_is_a_reference(stack: SwarmStack) -> None:
    token = SuppliedSecret(stack, "token", name="bot-token", description="")
    file = SwarmSecret(stack, "file", name="bot-token", content=str(token))
    assert list(synth(stack)["locals"].values()) == ["${var.bot_token}"]
    assert file.secret_names == ["bot-token"]


def test_a_value_of_another_stack_is_refused(stack: SwarmStack) -> None:
    foreign = GeneratedSecret(new_stack("other"), "pw", name="foreign")
    SwarmSecret(stack, "conf", name="conf", content=f"{foreign}")
    with pytest.raises(ConstructError) as caught:
        synth(stack)
    assert str(caught.value) == (
        "test/conf: secret conf carries secret value foreign, which this stack does not have; "
        "declare the value in the stack that uses it"
    )


def test_content_from_a_function_sees_what_was_declared_after_it(stack: SwarmStack) -> None:
    routes = ["first"]
    file = SwarmConfig(stack, "routes", name="routes", content=lambda: "\n".join(routes))
    assert file.text == "first"
    routes.append("second")
    made = only(synth(stack), "docker_config")
    assert base64.b64decode(made["data"]) == b"first\nsecond"
    routes.append("too late")
    assert file.text == "first\nsecond"


@pytest.mark.parametrize(("kind", "limit"), [(SwarmConfig, 1_024_000), (SwarmSecret, 512_000)])
def test_trap_docker_takes_less_than_a_limit(stack: SwarmStack, kind: type[SwarmFile], limit: int) -> None:
    largest = kind(stack, "largest", name="largest", content="x" * (limit - 1))
    assert len(largest.text) == limit - 1
    with pytest.raises(ConstructError) as caught:
        _ = kind(stack, "over", name="over", content="x" * limit).text
    assert str(caught.value) == (
        f"test/over: {kind.kind} over has {limit:,} bytes, Docker accepts less than {limit:,}; "
        "split it or put it into the image"
    )


def test_the_limit_counts_bytes_and_not_letters(stack: SwarmStack) -> None:
    with pytest.raises(ConstructError, match="has 512,000 bytes"):
        _ = SwarmSecret(stack, "over", name="over", content="é" * 256_000).text


@pytest.mark.parametrize("kind", [SwarmConfig, SwarmSecret])
def test_an_empty_file_is_refused(stack: SwarmStack, kind: type[SwarmFile]) -> None:
    kind(stack, "conf", name="conf", content="")
    with pytest.raises(ConstructError) as caught:
        synth(stack)
    assert str(caught.value) == f"test/conf: {kind.kind} conf is empty, which Docker refuses; give it content"


@pytest.mark.parametrize("name", ["", "a b", "-a", "a.", "x" * 56, "a/b"])
def test_a_name_that_leaves_no_room_for_the_hash_is_refused(stack: SwarmStack, name: str) -> None:
    with pytest.raises(ConstructError) as caught:
        SwarmConfig(stack, "conf", name=name, content="x")
    assert str(caught.value) == (
        f"test/conf: config name {name!r} is not allowed; "
        "use at most 55 letters, digits and inner dots, dashes or underscores"
    )


def test_two_files_of_one_kind_and_name_are_refused(stack: SwarmStack) -> None:
    SwarmConfig(stack, "first", name="conf", content="1")
    SwarmSecret(stack, "secret", name="conf", content="another kind is fine")
    with pytest.raises(ConstructError) as caught:
        SwarmConfig(stack, "second", name="conf", content="2")
    assert str(caught.value) == (
        "test/second: config name conf is taken by test/first; "
        "pass the first one around, or give this one another name"
    )


def test_a_service_refers_to_both_kinds_by_id_and_name(stack: SwarmStack) -> None:
    service = declare(stack, "api")
    service.reads(SwarmConfig(stack, "conf", name="conf", content="x"), at="/etc/conf")
    service.reads(SwarmSecret(stack, "key", name="key", content="x"), at="/run/secrets/key")
    document = synth(stack)
    container = only(document, "docker_service")["task_spec"]["container_spec"]
    (conf,) = document["resource"]["docker_config"]
    (key,) = document["resource"]["docker_secret"]
    assert container["configs"][0]["config_id"] == f"${{docker_config.{conf}.id}}"
    assert container["configs"][0]["config_name"] == f"${{docker_config.{conf}.name}}"
    assert container["secrets"][0]["secret_id"] == f"${{docker_secret.{key}.id}}"
    assert container["secrets"][0]["secret_name"] == f"${{docker_secret.{key}.name}}"
