"""Secret values must not reach a screen, a report or a log."""

import pytest

from ops.model.redact import HIDDEN, redacted, scrubbed, without_passwords
from ops.terraform.secrets import known_values


def test_what_terraform_marks_is_hidden_at_any_depth() -> None:
    values = {"name": "x", "auth": [{"user": "u", "password": "p1"}], "tags": ["a", "b"]}
    marks = {"auth": [{"password": True}], "tags": [False, True]}
    assert redacted("any", values, marks) == {
        "name": "x",
        "auth": [{"user": "u", "password": HIDDEN}],
        "tags": ["a", HIDDEN],
    }


@pytest.mark.parametrize(
    ("type_", "attribute"),
    [("docker_secret", "data"), ("random_password", "result"), ("random_password", "bcrypt_hash")],
)
def test_known_secret_attributes_are_hidden_without_a_mark(type_: str, attribute: str) -> None:
    assert redacted(type_, {attribute: "hunter2", "id": "1"}, {}) == {attribute: HIDDEN, "id": "1"}


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("amqp://user:pw12@rabbitmq:5672/", "amqp://user:***@rabbitmq:5672/"),
        ("login failed: password=abc123, retry", "login failed: password=***, retry"),
        ('{"token": "abc123", "n": 1}', '{"token": "***", "n": 1}'),
        ("INFLUX_TOKEN=abc123", "INFLUX_TOKEN=***"),
        ("GET https://example.org/a:b HTTP/1.1", "GET https://example.org/a:b HTTP/1.1"),
        ("all is well at 12:30:01", "all is well at 12:30:01"),
    ],
)
def test_what_looks_like_a_password_is_taken_out_of_log_lines(line: str, shown: str) -> None:
    assert scrubbed(line) == shown


def test_known_values_are_taken_out_wherever_they_are() -> None:
    assert (
        scrubbed("x s3cretvalue y s3cretvalue-long z", {"s3cretvalue", "s3cretvalue-long"}) == "x *** y *** z"
    )


def test_short_values_are_left_since_they_are_ordinary_words() -> None:
    assert scrubbed("admin is here", {"admin"}) == "admin is here"


def test_known_values_come_from_the_state_and_the_environment() -> None:
    state = {
        "values": {
            "root_module": {
                "resources": [
                    {
                        "type": "random_password",
                        "values": {"result": "generated-one"},
                        "sensitive_values": {},
                    },
                    {
                        "type": "docker_secret",
                        "values": {"data": "encoded"},
                        "sensitive_values": {"data": True},
                    },
                    {"type": "x", "values": {"l": [{"p": "deep"}]}, "sensitive_values": {"l": [{"p": True}]}},
                ]
            }
        }
    }
    assert known_values(state, {"TF_VAR_bot_token": "supplied-one", "PATH": "/bin"}) == {
        "generated-one",
        "encoded",
        "deep",
        "supplied-one",
    }


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('+  password = "hunter2hunter2"', '+  password = "***"'),
        ("DB_PASSWORD=hunter2", "DB_PASSWORD=***"),
        ("url: amqp://sprocket:hunter2@rabbitmq:5672/", "url: amqp://sprocket:***@rabbitmq:5672/"),
        ('{"apiKey": "abcdef123456"}', '{"apiKey": "***"}'),
    ],
)
def test_a_password_that_is_written_out_is_hidden(line: str, shown: str) -> None:
    assert without_passwords(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        "admin_password = $__file{/run/secrets/grafana-password}",
        'token = "@{files:token_main}"',
        "PASSWORD_FILE=/run/secrets/redis-password",
        "mode of /run/secrets/redis-password=0444 0:0",
        "url: amqp://sprocket:${PASSWORD}@rabbitmq:5672/",
        "password: <redis-password>",
    ],
)
def test_a_reference_to_a_password_stays(line: str) -> None:
    assert without_passwords(line) == line
