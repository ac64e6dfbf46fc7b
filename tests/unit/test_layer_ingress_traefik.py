"""Traefik's files and certificates, for each environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sprocket_constructs import Access

from layers.errors import SettingsError
from layers.ingress.traefik import wildcards
from tests.stacks.synthesis import altered, placeholder_lock
from tests.unit.ingress_stack import ingress

STATIC = "/etc/traefik/traefik.yml"
DYNAMIC = "/etc/traefik/dynamic.yml"


def by_dns(document: dict[str, Any]) -> None:
    document["ingress"]["acme"]["challenge"] = "dns"


# -- Traefik's files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "directory"),
    [
        ("prod", "https://acme-v02.api.letsencrypt.org/directory"),
        ("staging", "https://acme-staging-v02.api.letsencrypt.org/directory"),
    ],
)
def test_elsewhere_only_the_authority_differs(environment: str, directory: str) -> None:
    local, there = ingress().yaml("traefik", STATIC), ingress(environment).yaml("traefik", STATIC)
    assert there.pop("certificatesResolvers")["acme"]["acme"] == {
        "email": "admin@mlesports.gg",
        "caServer": directory,
        "storage": "/letsencrypt/acme.json",
        "keyType": "EC256",
        "tlsChallenge": {},
    }
    del local["certificatesResolvers"]
    assert there == local


@pytest.mark.parametrize("environment", ["local", "staging", "prod"])
def test_a_host_speaks_for_no_host_below_it(environment: str) -> None:
    """Staging's hosts are below prod's, and their certificates are of an authority that no browser trusts."""
    middlewares = ingress(environment).yaml("traefik", DYNAMIC)["http"]["middlewares"]
    headers = middlewares["security-headers"]["headers"]
    assert headers["stsSeconds"] == 31536000
    assert not headers.keys() & {"stsIncludeSubdomains", "stsPreload"}


def test_settings_reach_the_files() -> None:
    def change(document: dict[str, Any]) -> None:
        document["ingress"] |= {
            "rate_limit": {"average": 7, "burst": 9},
            "upload_timeout": "90s",
            "trusted_origins": ["www.example.org", "x.example.org"],
        }

    stack = ingress("local", change)
    web = stack.yaml("traefik", STATIC)["entryPoints"]["web"]
    assert web["transport"]["respondingTimeouts"] == {"readTimeout": "1m30s"}
    middlewares = stack.yaml("traefik", DYNAMIC)["http"]["middlewares"]
    assert middlewares["rate-limit"]["rateLimit"] == {"average": 7, "burst": 9, "period": "1s"}
    headers = middlewares["security-headers"]["headers"]
    assert headers["contentSecurityPolicy"] == (
        "frame-ancestors 'self' https://www.example.org https://x.example.org"
    )
    assert "customFrameOptionsValue" not in headers, "browsers would obey the stricter of the two"


@pytest.mark.parametrize("environment", ["local", "staging", "prod"])
def test_guarded_pages_are_behind_the_plugin_and_never_get_the_session(environment: str) -> None:
    stack = ingress(environment)
    middlewares = stack.yaml("traefik", DYNAMIC)["http"]["middlewares"]
    chain = middlewares["guarded"]["chain"]["middlewares"]
    asked = chain.index("sign-in")
    assert chain[asked - 1 : asked + 2] == ["session", "sign-in", "without-session"]
    settings, sign_in = stack.site.settings, stack.site.settings.ingress.sign_in
    assert middlewares["session"]["plugin"]["session"] == {
        "cookie": settings.sign_in_cookie,
        "host": stack.site.host("auth"),
        "domain": settings.pages_domain,
        "guild": sign_in.guild,
    }
    assert middlewares["without-session"]["plugin"]["session"] == {
        "cookie": settings.sign_in_cookie,
        "host": stack.site.host("auth"),
        "hide": True,
    }


def test_the_plugin_lies_where_traefik_looks_for_it() -> None:
    """Below its working directory, by the name of its module (pkg/plugins/plugins.go); the import is the same name."""
    stack = ingress("prod")
    module = stack.yaml("traefik", STATIC)["experimental"]["localPlugins"]["session"]["moduleName"]
    manifest = stack.yaml("traefik", f"/plugins-local/src/{module}/.traefik.yml")
    assert manifest["import"] == module
    assert stack.text("traefik", f"/plugins-local/src/{module}/session.go").startswith(
        f"// Package {module} "
    )


# -- certificates --------------------------------------------------------------------------------------------


def test_by_dns_wildcards_cover_every_route_and_the_token_is_a_file() -> None:
    stack = ingress("staging", by_dns)
    stack.page("api", Access.public(because="test"), host="api.dev.sprocket.mlesports.gg")
    static = stack.yaml("traefik", STATIC)
    assert static["entryPoints"]["websecure"]["http"]["tls"] == {
        "certResolver": "acme",
        "domains": [
            {
                "main": "admin.staging.sprocket.mlesports.gg",
                "sans": ["*.admin.staging.sprocket.mlesports.gg"],
            },
            {"main": "dev.sprocket.mlesports.gg", "sans": ["*.dev.sprocket.mlesports.gg"]},
        ],
    }
    acme = static["certificatesResolvers"]["acme"]["acme"]
    assert acme["dnsChallenge"] == {"provider": "digitalocean", "resolvers": ["1.1.1.1:53", "8.8.8.8:53"]}
    assert "tlsChallenge" not in acme
    assert stack.layer.traefik.environment == {"DO_AUTH_TOKEN_FILE": "/run/secrets/dns-token"}
    assert stack.text("traefik", "/run/secrets/dns-token") == "@@secret:dns-token@@"


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ([], []),
        (["auth.example.org", "api.example.org", "example.org"], ["example.org"]),
        (["auth.admin.example.org", "api.example.org", "example.org"], ["admin.example.org", "example.org"]),
        (["example.org", "api.main.example.org", "main.example.org"], ["example.org", "main.example.org"]),
        (["a.b.example.org", "b.example.org", "a.b.example.org"], ["b.example.org"]),
        (["example.org"], ["example.org"]),
    ],
)
def test_wildcards_are_as_few_as_one_label_each_allows(hosts: list[str], expected: list[str]) -> None:
    assert wildcards(hosts) == expected


def test_certificates_are_kept_on_the_pinned_store() -> None:
    prod = ingress("prod").layer.traefik
    assert [(m.type, m.source, m.target, m.backup is not None) for m in prod.data_mounts] == [
        ("bind", "/mnt/letsencrypt/data", "/letsencrypt", True)
    ]
    assert prod.constraints == ("node.labels.storage==main",)
    local = ingress().layer.traefik
    assert [(m.type, m.target) for m in local.data_mounts] == [("volume", "/letsencrypt")]
    assert local.constraints == ("node.role==manager",)


def test_the_authority_inside_finds_names_at_traefik_and_is_recognised_by_its_file() -> None:
    stack = ingress()
    assert stack.service("acme-authority").environment == {"ACME_TARGET": "traefik"}
    assert stack.text("traefik", "/etc/traefik/acme-authority.pem") == "placeholder of a certificate\n"
    assert "acme-authority" not in {s.name for s in ingress("prod").services}


def test_a_missing_certificate_of_the_authority_is_one_clear_error(tmp_path: Path) -> None:
    lock = tmp_path / "images.packages.lock.yaml"
    lock.write_text(placeholder_lock().read_text())
    with pytest.raises(SettingsError) as error:
        ingress(packages_lock=lock)
    assert str(error.value) == (
        "local.yaml: ingress/acme/ca_certificate: acme-ca.packages.pem cannot be read (No such file or directory); "
        "run `python -m images build --only pebble`, which writes it"
    )


def test_before_images_are_built_the_layer_can_be_planned(tmp_path: Path) -> None:
    stack = ingress(packages_lock=tmp_path / "images.packages.lock.yaml")
    assert stack.text("traefik", "/etc/traefik/acme-authority.pem").startswith(
        "# acme-ca.packages.pem is written"
    )


def test_the_authority_for_tests_and_dns_exclude_each_other() -> None:
    with pytest.raises(
        ValidationError, match="authority test proves names by tls-alpn only, no DNS zone is asked; use"
    ):
        altered("local", by_dns)
