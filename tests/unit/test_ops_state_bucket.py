"""Where the state's bucket is looked for."""

from __future__ import annotations

import pytest

from layers.loading import load_environment
from layers.settings.environment import State
from ops.errors import WrongUse
from ops.state.bucket import ENDPOINT, Bucket, endpoint_of


def test_the_bucket_is_where_the_backend_looks_for_it() -> None:
    state = State(backend="spaces", bucket="bucket", endpoint="nyc3.digitaloceanspaces.com")
    settings = load_environment("local").model_copy(update={"state": state})
    providers_own = {"SPACES_ENDPOINT_URL": "https://{{.Region}}.example.org"}
    assert endpoint_of(settings, providers_own) == "https://nyc3.digitaloceanspaces.com"
    assert endpoint_of(settings, {ENDPOINT: "http://127.0.0.1:1"}) == "http://127.0.0.1:1"


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(WrongUse, match=rf"is not the URL of a server\n  check state/endpoint .* {ENDPOINT}"):
        Bucket("b", endpoint="https://{{.Region}}.example.org", key=("k", "s"))
