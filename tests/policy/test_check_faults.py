"""Seeded wiring faults in what is synthesized: each is found, with where it is, why it cannot work, and what to do.

Faults that an environment's file or a layer would make are in test_check_faults_synthesis.py. What only a run can show
is not here.
"""

from __future__ import annotations

from functools import cache

import pytest

from ops.check.finding import Finding
from ops.check.rules import RULES
from tests.policy.faults_of_secrets import FAULTS as SECRETS
from tests.policy.faults_of_stores import FAULTS as STORES
from tests.policy.faults_of_the_application import FAULTS as APPLICATION
from tests.policy.faults_of_the_swarm import FAULTS as SWARM
from tests.policy.seeding import Fault, findings_after, said

FAULTS = (*APPLICATION, *SECRETS, *STORES, *SWARM)


@cache
def _found(fault: Fault) -> list[Finding]:
    return findings_after(fault.environment, fault.seed)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_seeded_fault_is_found(fault: Fault) -> None:
    found = _found(fault)
    by_rule = [f for f in found if f.rule == fault.rule and f.path.endswith(fault.path)]
    assert by_rule, said(found)
    assert any(fault.cause in f"{f.what}; {f.cause}" for f in by_rule), said(found)
    assert any(fault.fix in f.fix for f in by_rule), said(found)
    assert {f.severity for f in by_rule} == {fault.severity}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_finding_names_an_environment_a_fix_and_no_value(fault: Fault) -> None:
    for finding in _found(fault):
        assert finding.path
        assert finding.what
        assert finding.cause
        assert finding.fix
        assert "random_password." not in str(finding) or fault.rule == "secrets_have_an_owner"


def test_there_are_at_least_forty() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 40


def test_every_rule_was_seen_to_find_something() -> None:
    assert {rule.__name__ for rule in RULES} - {fault.rule for fault in FAULTS} == set()
