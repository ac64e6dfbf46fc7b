"""The forward-auth stand-in's configuration and rules: it must refuse and decide as the real program does."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.unit.standin_code import load

config = load("forward-auth", "forward_auth.config")
auth_rule = load("forward-auth", "forward_auth.auth_rule")
userinfo = load("forward-auth", "forward_auth.userinfo")
raw = load("forward-auth", "forward_auth.raw_config")
Refusal = load("stand-in", "standin.log").Refusal

GOOD: dict[str, Any] = {
    "secret": "s" * 32,
    "auth-host": ["auth.example.org"],
    "cookie-domains": ["example.org"],
    "info-fields": ["roles", "user.id"],
    "provider": "generic-oauth",
    "providers": {
        "generic-oauth": {
            "auth-url": "https://discord.test/oauth2/authorize",
            "token-url": "https://discord.test/api/oauth2/token",
            "user-url": "https://discord.test/api/v10/users/@me/guilds/1/member",
            "client-id": "1",
            "client-secret": "2",
            "scopes": ["identify", "guilds.members.read"],
        }
    },
    "rules": {"default": {"action": "auth", "priority": -10000, "auth-rule": r"Regexp(`roles`, `\b(7)\b`)"}},
    "headers": {"default": {"name": "X-Forwarded-User", "source": "user.id"}},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """GOOD with the value at a slash-separated path replaced, or removed where it is None."""
    made = copy.deepcopy(GOOD)
    *parents, last = path.split("/")
    place = made
    for parent in parents:
        place = place.setdefault(parent, {})
    if value is None:
        place.pop(last, None)
    else:
        place[last] = value
    return made


def rule(built: Any, name: str) -> Any:
    return next(r for r in built.rules if r.name == name)


def test_the_documented_configuration_starts_with_three_rules() -> None:
    built = config.build(GOOD, {})

    assert [r.name for r in built.rules][-1] == "default"
    assert {r.name for r in built.rules} == {"default", "callback", "health"}
    assert (built.port, built.lifetime, built.callback_path) == (4181, 43200, "/_oauth")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("secret", None, '"secret" option must be set'),
        ("auth-host", ["auth.other.org"], '"auth-host" option must match one of "cookie-domains"'),
        ("headers", None, 'source "email" of header "X-Forwarded-User"'),
        ("headers/default/source", "user.name", 'include it in "info-fields" config'),
        ("provider", None, "google"),
        ("provider", "discord", "unknown provider: discord"),
        ("providers/generic-oauth/client-secret", None, "providers.generic-oauth.client-secret must be set"),
        ("rules/default/action", "permit", "invalid rule action 'permit'"),
        ("rules/default/auth-rule", "Regexp(`email`, `x`)", '"email" is not allowed as path reference'),
        ("rules/default/auth-rule", "Regexp(`roles`, `(`)", "is not a regular expression"),
        ("rules/default/auth-rule", "Role(`7`)", "allowed: True(), In("),
        ("rules/default/auth-rule", "In(`roles`, `7`) &&", "ends where a function"),
        ("rules/default/route-rule", "Host(`a`, `b`)", "Host with 2 arguments"),
        ("rules/default/route-rule", "Path(`x`)", "does not start with a '/'"),
        ("port", "http", "'http' is not a whole number"),
        ("trusted-ip-addresses", ["10.0.0.0/99"], "trusted-ip-addresses"),
    ],
)
def test_what_the_real_program_refuses_is_refused(path: str, value: Any, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        config.build(changed(path, value), {})

    assert words in str(caught.value)


def test_without_a_rule_called_default_every_member_passes() -> None:
    built = config.build(
        changed("rules", {"admins": {"action": "auth", "route-rule": "Host(`a.example.org`)"}}), {}
    )

    assert rule(built, "default").allows({"roles": "[]"})


def test_a_catch_all_under_another_name_shadows_the_callback() -> None:
    built = config.build(changed("rules/everyone", {"action": "auth"}), {})

    assert rule(built, "everyone").priority > rule(built, "callback").priority


def test_the_environment_wins_over_the_file() -> None:
    built = config.build(GOOD, {"COOKIE_NAME": "_other", "RULES_DEFAULT_AUTH_RULE": "In(`user.id`, `1`)"})

    assert built.cookie_name == "_other"
    assert rule(built, "default").allows({"user": {"id": "1"}})


def test_misspelt_keys_are_ignored_but_told() -> None:
    value = changed("rules/default", {"action": "auth", "auth-rules": "In(`roles`, `7`)"})

    assert raw.unknown_keys(value) == ["rules.default.auth-rules"]
    assert rule(config.build(value, {}), "default").allows({"roles": "[]"})


@pytest.mark.parametrize(
    ("source", "info", "expected"),
    [
        (r"Regexp(`roles`, `\b(7)\b`)", {"roles": "[5 7]"}, True),
        (r"Regexp(`roles`, `\b(7)\b`)", {"roles": "[57 71]"}, False),
        (r"Regexp(`roles`, `\b(7)\b`)", {"roles": "[]"}, False),
        ("In(`user.id`, `1`, `2`)", {"user": {"id": "2"}}, True),
        ("In(`user.id`, `1`)", {}, False),
        ("!In(`user.id`, `1`)", {}, True),
        ("In(`user.id`, `1`) || In(`user.id`, `2`) && !True()", {"user": {"id": "1"}}, True),
        ("(In(`user.id`, `1`) || In(`user.id`, `2`)) && !True()", {"user": {"id": "1"}}, False),
        ('In("user.id", "1")', {"user": {"id": "1"}}, True),
    ],
)
def test_auth_rules(source: str, info: dict[str, Any], expected: bool) -> None:
    assert auth_rule.parse_auth_rule(source, ["roles", "user.id"])(info) is expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["1", "2"], "[1 2]"),
        ([], "[]"),
        (None, "<nil>"),
        (True, "true"),
        (12, "12"),
        (1.5, "1.5"),
        ({"b": 1, "a": [2]}, "map[a:[2] b:1]"),
    ],
)
def test_fields_become_the_text_that_go_makes(value: Any, text: str) -> None:
    assert userinfo.as_text(value) == text


def test_a_field_that_discord_did_not_send_is_an_error() -> None:
    with pytest.raises(userinfo.MissingField, match="field roles not found in userinfo"):
        userinfo.limit_fields({"message": "Unknown Guild", "code": 10004}, ["roles"])
