"""Placement constraints mean what swarmkit's manager/constraint/constraint.go makes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.model.constraint import Constraint, DescribedNode, all_met, met

NODE = DescribedNode(
    id="abc",
    hostname="prod-app-1",
    role="worker",
    address="10.110.0.4",
    os="linux",
    arch="x86_64",
    labels={"storage": "Main", "Zone": "a"},
    engine_labels={"storage": "old"},
)
WORDS = st.from_regex(r"[A-Za-z0-9_.-]{1,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "key", "equal", "value"),
    [
        (" node.role == manager ", "node.role", True, "manager"),
        ("NODE.Role!=worker", "NODE.Role", False, "worker"),
        ("node.hostname==[a-b]+c*(n|b)/", "node.hostname", True, "[a-b]+c*(n|b)/"),
        ("node.hostname==a b", "node.hostname", True, "a b"),
        ("_node==_x", "_node", True, "_x"),
    ],
)
def test_what_is_read(text: str, key: str, equal: bool, value: str) -> None:
    assert Constraint.parse(text) == Constraint(key=key, equal=equal, value=value)


@pytest.mark.parametrize(
    "text",
    ["", " ", "nodeabc", "node ~ abc", "node=abc", "1node==a", "no de==a", "no*de==a", "==a", "node==", "node== ",
     "node.role===manager", "node.labels.a!=b==c", "n==a", "node.role==ä", "node.role==a>b"],
)  # fmt: skip
def test_what_the_managers_refuse(text: str) -> None:
    with pytest.raises(ValueError, match="is no placement constraint; write key==value or key!=value"):
        Constraint.parse(text)
    assert met(text, NODE) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("node.id==ABC", True),
        ("node.hostname!=prod-app-1", False),
        ("Node.Hostname==PROD-APP-1", True),
        ("node.role==WORKER", True),
        ("node.role==manager", False),
        ("node.platform.os==linux", True),
        ("node.platform.arch==amd64", False),
        ("node.labels.storage==main", True),
        ("NODE.LABELS.storage==main", True),
        ("node.labels.Storage==main", False),
        ("node.labels.zone!=a", True),
        ("node.labels.missing==x", False),
        ("node.labels.missing!=x", True),
        ("engine.labels.storage==old", True),
        ("engine.labels.other!=old", True),
        ("node.labels.storage==ma*", False),
        ("node.ip==10.110.0.4", True),
        ("node.ip!=10.110.0.4", False),
        ("node.ip==10.110.0.0/20", True),
        ("node.ip==10.110.0.9/20", True),
        ("node.ip!=10.111.0.0/20", True),
        ("node.ip==2001:db8::/32", False),
        ("node.ip==nowhere", False),
        ("node.ip!=nowhere", False),
        ("node.ip!=10.110.0.0/255.255.240.0", False),
        ("node.labels.==x", None),
        ("engine.labels.!=x", None),
        ("node.generation==2", None),
        ("node.generation!=2", None),
    ],
)
def test_what_a_node_meets(text: str, expected: bool | None) -> None:
    assert met(text, NODE) is expected
    assert Constraint.parse(text).is_known is (expected is not None)


def test_what_is_not_known_of_a_node_is_neither_met_nor_not() -> None:
    texts = ("node.id==a", "node.hostname!=a", "node.role==manager", "node.ip==10.0.0.1", "node.labels.a==b", "engine.labels.a!=b",
             "node.platform.os==linux", "node.platform.arch==x86_64")  # fmt: skip
    assert {met(each, DescribedNode()) for each in texts} == {None}
    assert met("node.ip==10.0.0.1", DescribedNode(address="")) is False
    assert met("node.ip!=10.0.0.1", DescribedNode(address="")) is True


def test_all_are_met_only_where_each_is_known_to_be() -> None:
    worker = DescribedNode(role="worker", labels={})
    assert all_met([], worker) is True
    assert all_met(["node.role==worker", "node.labels.a!=b"], worker) is True
    assert all_met(["node.role==worker", "node.id==a"], worker) is None
    assert all_met(["node.role==manager", "node.id==a", "node.new==x"], worker) is False


@given(key=WORDS, value=WORDS, has=st.none() | WORDS, engine=st.booleans())
def test_a_sign_is_the_opposite_of_the_other_and_case_is_none_of_a_value(
    key: str, value: str, has: str | None, engine: bool
) -> None:
    labels = {} if has is None else {key: has}
    node = DescribedNode(engine_labels=labels) if engine else DescribedNode(labels=labels)
    place = f"{'engine' if engine else 'node'}.labels.{key}"
    same = has is not None and has.lower() == value.lower()
    assert met(f"{place}=={value}", node) is same
    assert met(f" {place}  !=  {value.upper()} ", node) is not same
    assert met(f"{place}=={value.swapcase()}", node) is same
