"""The table of docs/runbooks/handover.md names what a deploy of prod asks for, and where sign-ins come back to."""

from __future__ import annotations

import re

from layers.loading import load_environment
from layers.platform.identity import identities_of
from ops.terraform.missing_values import missing_values
from tests.docs.blocks import ROOT
from tests.stacks.synthesis import cloud, declared, json_at, synthesized

PAGE = (ROOT / "docs/runbooks/handover.md").read_text()
TABLE = "\n".join(line for line in PAGE.splitlines() if line.startswith("|"))


def test_the_table_has_every_credential_of_prod_and_no_other() -> None:
    of_cloud = cloud("prod").document
    asked = missing_values(
        [synthesized("prod").document, of_cloud], deploys="prod", known=of_cloud["output"], environment={}
    )
    named = set(re.findall(r"`((?:TF_VAR_|DIGITALOCEAN_|SPACES_|AWS_)\w+)`", TABLE))
    assert named == {each.variable for each in asked}


def test_the_redirects_are_those_of_the_code() -> None:
    settings = load_environment("prod")
    (identity,) = identities_of(settings)
    written = json_at(declared("prod"), "core", "/app/config/production.json")["auth"]
    for callback in (written["discord"]["callbackUrl"], written["google"]["callbackUrl"]):
        assert f"`{callback.replace(identity.api_host, 'api.<host>')}`" in TABLE
    assert identity.api_host == f"api.{identity.host}"
    assert settings.pages_domain == f"admin.{settings.domain}"
