"""The stack: providers, finishing once, switching off."""

from pathlib import Path
from typing import Any

import pytest
from sprocket_constructs import (
    Construct,
    ConstructError,
    GeneratedSecret,
    SuppliedSecret,
    SwarmApp,
    SwarmConfig,
    SwarmStack,
    TerraformOutput,
)

from tests.synthesis import SOCKET, Json, declare, furnished, new_stack, only, service, synth


def addresses(document: Json) -> set[str]:
    return {f"{kind}.{name}" for kind, made in document.get("resource", {}).items() for name in made}


def test_options_of_ssh_are_passed_word_by_word() -> None:
    stack = new_stack(docker_host="ssh://deploy@swarm.test", ssh_options=("-o", "StrictHostKeyChecking=yes"))
    assert synth(stack)["provider"]["docker"] == [
        {"host": "ssh://deploy@swarm.test", "ssh_opts": ["-o", "StrictHostKeyChecking=yes"]}
    ]


def test_a_stack_knows_what_is_in_it(stack: SwarmStack) -> None:
    furnished(stack)
    assert [each.name for each in stack.services] == ["redis", "web"]
    assert [each.name for each in stack.files] == ["conf", "key"]
    assert list(stack.secret_values) == ["password", "bot-token"]
    assert [each.variable for each in stack.supplied_secrets] == ["bot_token"]


def test_two_services_of_one_name_are_refused(stack: SwarmStack) -> None:
    declare(stack, "api")
    with pytest.raises(ConstructError) as caught:
        declare(Construct(stack, "other"), "api")
    assert str(caught.value) == (
        "test/other/api: service name api is taken by test/api; give one of them another name"
    )


def test_a_service_outside_of_a_stack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConstructError) as caught:
        declare(SwarmApp(outdir=str(tmp_path)), "api")
    assert str(caught.value) == "api: is not inside a SwarmStack; give it a scope below one"


def test_a_stack_is_found_from_far_below(stack: SwarmStack) -> None:
    layer = Construct(Construct(stack, "platform"), "instance")
    declared = [declare(layer, "first"), declare(layer, "second")]
    assert stack.services == declared


def test_collections_are_copies(stack: SwarmStack) -> None:
    """They grow by verbs alone, which check what is added."""
    api = declare(stack, "api", listens={"http": 80})
    api.label("team", "a")
    copies: list[Any] = [api.labels, api.environment, api.published, api.attachments, api.servers]
    for copy in (*copies, stack.secret_values):
        copy["x"] = "x"
    stack.services.clear()
    assert (dict(api.labels), api.environment, api.published) == ({"team": "a"}, {}, {})
    assert (api.attachments, api.servers, stack.secret_values, stack.services) == ({}, {}, {}, [api])


@pytest.mark.parametrize("late", ["service", "file", "value"])
def test_what_is_declared_too_late_is_refused_instead_of_left_out(stack: SwarmStack, late: str) -> None:
    assert not stack.finished
    stack.finish()
    assert stack.finished
    with pytest.raises(ConstructError) as caught:
        {
            "service": lambda: declare(stack, "late"),
            "file": lambda: SwarmConfig(stack, "late", name="late", content="x"),
            "value": lambda: GeneratedSecret(stack, "late", name="late"),
        }[late]()
    assert str(caught.value) == (
        "test/late: is declared after its stack was finished and would never be rendered; "
        "declare it before synth() or finish()"
    )


def test_finishing_twice_renders_once(stack: SwarmStack) -> None:
    declare(stack, "api")
    stack.finish()
    stack.finish()
    assert service(stack, "api")["name"] == "api"


def test_a_subclass_that_finishes_more_is_called_once(tmp_path: Path) -> None:
    class Counting(SwarmStack):
        calls = 0

        def finish(self) -> None:
            super().finish()
            self.calls += 1
            TerraformOutput(self, "once", value="a second one would be an error")

    app = SwarmApp(outdir=str(tmp_path))
    stack = Counting(app, "counting", docker_host=SOCKET)
    stack.finish()
    app.synth()
    assert stack.calls == 1


def test_a_mistake_arrives_as_itself_and_not_wrapped_by_jsii(stack: SwarmStack) -> None:
    api = declare(stack, "api")
    api.starts_after(api)
    with pytest.raises(ConstructError) as caught:
        synth(stack)
    assert (caught.value.path, caught.value.problem) == ("test/api", "waits for itself: api -> api")
    assert caught.value.fix == "connect one of them with waits=False"


class TestSwitchingOff:
    def test_only_generated_secrets_volumes_and_their_versions_stay(self, stack: SwarmStack) -> None:
        furnished(stack).finish()
        stack.switch_off()
        document = synth(stack)
        assert document["resource"].keys() == {"random_password", "docker_volume", "terraform_data"}
        assert not {"variable", "output", "locals"} & {key for key, value in document.items() if value}
        assert document["provider"].keys() == {"docker", "random"}
        assert document["terraform"]["required_providers"].keys() == {"docker", "random"}

    def test_what_stays_keeps_its_address(self, stack: SwarmStack) -> None:
        """Another address would be a new password beside old data."""
        on = synth(furnished(new_stack()))
        furnished(stack).switch_off()
        off = synth(stack)
        kinds = ("random_password.", "docker_volume.", "terraform_data.")
        kept = {address for address in addresses(on) if address.startswith(kinds)}
        assert addresses(off) == kept
        assert len(kept) == 4
        for kind in ("random_password", "docker_volume"):
            assert off["resource"][kind] == on["resource"][kind]

    def test_the_version_that_had_the_data_stays_what_it_is(self, stack: SwarmStack) -> None:
        """An edit of an image while the environment is off gives the data to nobody."""
        furnished(stack).switch_off()
        kept = only(synth(stack), "terraform_data")
        assert kept["lifecycle"] == {"ignore_changes": ["input"]}

    def test_an_unfinished_stack_is_checked_first(self, stack: SwarmStack) -> None:
        api = declare(stack, "api")
        api.starts_after(api)
        with pytest.raises(ConstructError, match="waits for itself"):
            stack.switch_off()

    def test_an_empty_stack_can_be_switched_off(self, stack: SwarmStack) -> None:
        stack.switch_off()
        assert addresses(synth(stack)) == set()


def test_a_registry_login_is_with_the_provider_and_its_token_a_variable(stack: SwarmStack) -> None:
    token = SuppliedSecret(stack, "token", name="registry-token", description="may read packages")
    stack.logs_in(registry="ghcr.io", user="sprocket", token=token)
    declare(stack, "api")
    document = synth(stack)
    assert document["provider"]["docker"][0]["registry_auth"] == [
        {"address": "ghcr.io", "username": "sprocket", "password": "${var.registry_token}"}
    ]


def test_a_stack_that_is_switched_off_needs_no_registry_token(stack: SwarmStack) -> None:
    token = SuppliedSecret(stack, "token", name="registry-token", description="may read packages")
    stack.logs_in(registry="ghcr.io", user="sprocket", token=token)
    stack.switch_off()
    assert "registry" not in str(synth(stack))
