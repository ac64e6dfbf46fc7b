"""Values that must not be seen."""

import pytest
from sprocket_constructs import ConstructError, GeneratedSecret, SuppliedSecret, SwarmStack
from sprocket_constructs.secret_value import as_template, secret_names_in

from tests.synthesis import only, synth


def test_a_generated_value_has_letters_and_digits_only_because_it_goes_into_urls(stack: SwarmStack) -> None:
    GeneratedSecret(stack, "password", name="redis-password")
    assert only(synth(stack), "random_password") == {
        "length": 32,
        "special": False,
        "keepers": {"revision": "1"},
    }


def test_another_revision_makes_another_value(stack: SwarmStack) -> None:
    GeneratedSecret(stack, "key", name="key", length=64, revision="2026-11")
    password = only(synth(stack), "random_password", length=64)
    assert password["keepers"] == {"revision": "2026-11"}


def test_a_supplied_value_is_a_sensitive_variable_that_must_be_given(stack: SwarmStack) -> None:
    token = SuppliedSecret(stack, "token", name="bot-token", description="token of the bot")
    variable = synth(stack)["variable"]["bot_token"]
    (validation,) = variable.pop("validation")
    variable.pop("//", None)
    assert variable == {
        "type": "string",
        "sensitive": True,
        "nullable": False,
        "description": "token of the bot",
    }
    assert validation == {
        "condition": r'${can(regex("^[A-Za-z0-9._~+/=:@-]+$", var.bot_token))}',
        "error_message": "bot_token may have letters, digits and . _ ~ + / = : @ - only, "
        "because it is put into files and URLs unescaped.",
    }
    assert (token.variable, token.owner) == ("bot_token", "supplied")


def test_in_python_a_value_is_only_a_placeholder(stack: SwarmStack) -> None:
    password = GeneratedSecret(stack, "password", name="redis-password")
    assert f"requirepass {password}" == "requirepass @@secret:redis-password@@"
    assert repr(password) == "<generated secret redis-password>"


@pytest.mark.parametrize("name", ["", "Password", "a_b", "a b", "a@@b"])
def test_a_name_that_would_break_the_placeholder_is_refused(stack: SwarmStack, name: str) -> None:
    with pytest.raises(ConstructError) as caught:
        GeneratedSecret(stack, "password", name=name)
    assert str(caught.value) == (
        f"test/password: secret value name {name!r} is not allowed; use lower case letters, digits and dashes"
    )


def test_two_values_of_one_name_are_refused(stack: SwarmStack) -> None:
    GeneratedSecret(stack, "first", name="password")
    with pytest.raises(ConstructError) as caught:
        SuppliedSecret(stack, "second", name="password", description="")
    assert str(caught.value) == (
        "test/second: secret value password is declared by test/first too; "
        "pass the first one instead of declaring a second"
    )


def test_names_are_found_once_and_in_order() -> None:
    assert secret_names_in("@@secret:b@@ @@secret:a@@ @@secret:b@@ @@secret:@@ @secret:c@") == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("plain $HOME 100% {x}", "plain $HOME 100% {x}"),
        ("${HOME}", "$${HOME}"),
        ("%{if}", "%%{if}"),
        ("$${HOME}", "$$${HOME}"),
        ("p=@@secret:pw@@;", "p=${var.pw};"),
        ("${@@secret:pw@@}", "$${${var.pw}}"),
        ("$@@secret:pw@@", '${"$"}${var.pw}'),
        ("$$@@secret:pw@@", '${"$$"}${var.pw}'),
        ("%@@secret:pw@@", "%${var.pw}"),
    ],
)
def test_trap_everything_but_placeholders_stays_literal(stack: SwarmStack, text: str, template: str) -> None:
    value = SuppliedSecret(stack, "pw", name="pw", description="")
    assert as_template(text, {"pw": value}) == template
