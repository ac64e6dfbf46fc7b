"""No host of any environment file is sent another page's cookie of admins."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from layers.conflicts import comparable
from layers.cookie_reach import check_cookie_reach
from layers.errors import SettingsError
from layers.loading import ENVIRONMENTS, environment_names, load_environment
from layers.services import synthesize
from layers.settings.environment import Environment
from tests.stacks.synthesis import altered

Change = Callable[[dict[str, Any]], object]

PROD_DOMAIN = "admin.sprocket.mlesports.gg"
LOADED = {name: load_environment(name) for name in environment_names(ENVIRONMENTS)}


def instance(name: str, **settings: object) -> Change:
    return lambda document: document["platform"]["instances"][name].update(settings)


def found(environment: Environment, *others: Environment) -> list[str]:
    try:
        check_cookie_reach(environment, [environment, *others])
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return []


def message(file: str, setting: str, host: str, *, of: str = "prod", domain: str = PROD_DOMAIN) -> str:
    return (
        f"{file}.yaml: {setting}: is {host}, and the cookie of admins of {of}.yaml is sent to {domain} and all hosts below it; "
        f"only admin pages of {of}.yaml are there; use another host"
    )


@pytest.mark.parametrize("name", LOADED)
def test_no_environment_of_the_repository_is_refused(name: str) -> None:
    assert found(LOADED[name], *LOADED.values()) == []


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"host": PROD_DOMAIN, "api_host": "api.example.org"}, "host"),
        ({"host": f"play.{PROD_DOMAIN}", "api_host": "api.example.org"}, "host"),
        ({"host": f"a.play.{PROD_DOMAIN}", "api_host": "api.example.org"}, "host"),
        ({"api_host": f"api.{PROD_DOMAIN}"}, "api_host"),
        ({"aliases": [f"www.{PROD_DOMAIN}"]}, "aliases/0"),
        ({"aliases": ["www.example.org", PROD_DOMAIN]}, "aliases/1"),
    ],
)
def test_a_public_host_of_the_same_environment(settings: dict[str, Any], setting: str) -> None:
    prod = altered("prod", instance("main", **settings))
    values = [*settings.get("aliases", ()), *(v for v in settings.values() if isinstance(v, str))]
    host = next(value for value in values if value.endswith(PROD_DOMAIN))
    assert found(prod) == [message("prod", f"platform/instances/main/{setting}", host)]


def test_a_host_that_is_left_to_its_default_is_seen() -> None:
    prod = altered("prod", instance("main", host=f"play.{PROD_DOMAIN}"))
    assert message("prod", "platform/instances/main/api_host", f"api.play.{PROD_DOMAIN}") in found(prod)


@pytest.mark.parametrize("setting", ["host", "api_host", "image_generation_host", "elo_host"])
@pytest.mark.parametrize("label", ["", "grafana.", "some.where."])
def test_a_host_of_another_environment_even_of_its_own_admin_pages(setting: str, label: str) -> None:
    host = f"{label}{PROD_DOMAIN}"
    staging = altered("staging", instance("dev", **{"api_host": "api.example.org", setting: host}))
    expected = [message("staging", f"platform/instances/dev/{setting}", host)]
    assert found(LOADED["prod"], staging) == expected
    assert found(staging, LOADED["prod"]) == expected
    assert (
        found(LOADED["local"], LOADED["prod"], staging) == []
    )  # theirs to mend, no reason to refuse this one


def test_an_alias_of_another_environment() -> None:
    host = f"beta.{PROD_DOMAIN}"
    staging = altered("staging", instance("dev", aliases=[host]))
    assert found(staging, LOADED["prod"]) == [message("staging", "platform/instances/dev/aliases/0", host)]


@pytest.mark.parametrize("domain", [PROD_DOMAIN, f"staging.{PROD_DOMAIN}"])
def test_the_domain_of_another_environment(domain: str) -> None:
    staging = altered("staging", lambda document: document.update(domain=domain))
    assert message("staging", "domain", domain) in found(LOADED["prod"], staging)


def test_another_environments_cookie_counts_as_ones_own() -> None:
    host = "play.admin.staging.sprocket.mlesports.gg"
    prod = altered("prod", instance("main", aliases=[host]))
    expected = message(
        "prod",
        "platform/instances/main/aliases/0",
        host,
        of="staging",
        domain="admin.staging.sprocket.mlesports.gg",
    )
    assert found(prod, LOADED["staging"]) == found(LOADED["staging"], prod) == [expected]


def test_a_host_that_only_ends_alike_is_fine() -> None:
    staging = altered("staging", instance("dev", host=f"not-{PROD_DOMAIN}"))
    assert found(LOADED["prod"], staging) == []


def test_boxes_of_one_domain_have_the_same_admin_pages_and_no_public_host_there() -> None:
    box = LOADED["rehearsal"]
    assert found(box, LOADED["rehearsal-3"]) == []
    host = "play.admin.sprocket.rehearsal.test"
    other = altered("rehearsal-3", instance("main", aliases=[host]))
    assert found(box, other) == [
        message(
            "rehearsal-3",
            "platform/instances/main/aliases/0",
            host,
            of="rehearsal",
            domain="admin.sprocket.rehearsal.test",
        )
    ]


# -- synth ---------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the environments in which staging has a public host at prod's admin pages."""
    copied = tmp_path / "environments"
    shutil.copytree(ENVIRONMENTS, copied)
    file = copied / "staging.yaml"
    host = "    staging: {host: staging.sprocket.mlesports.gg}"
    assert host in file.read_text()
    file.write_text(file.read_text().replace(host, host[:-1] + f", aliases: [beta.{PROD_DOMAIN}]}}"))
    monkeypatch.setenv("SPROCKET_ENVIRONMENTS", str(copied))
    return copied


@pytest.mark.parametrize("name", ["prod", "staging"])
def test_synth_refuses_both_environments(folder: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        synthesize(name, outdir=tmp_path / "out")
    expected = message("staging", "platform/instances/staging/aliases/0", f"beta.{PROD_DOMAIN}")
    assert str(caught.value) == expected
    assert not (tmp_path / "out").exists()


def test_a_file_that_cannot_be_read_is_left_to_its_own_synth(folder: Path, tmp_path: Path) -> None:
    (folder / "staging.yaml").write_text("domain: [\n")
    check_cookie_reach(LOADED["prod"], comparable(environment_names()))
    with pytest.raises(SettingsError, match=r"^staging\.yaml"):
        synthesize("staging", outdir=tmp_path / "out")
