"""The cloud firewall of a droplet as nftables."""

from __future__ import annotations

import pytest

from rehearsal.droplets.rules import matches, ruleset
from rehearsal.emulator import FirewallRule


def rule(
    protocol: str = "tcp", ports: str = "22", *addresses: str, direction: str = "inbound"
) -> FirewallRule:
    return FirewallRule(direction, protocol, ports, addresses or ("192.0.2.1",))


@pytest.mark.parametrize(
    ("given", "rendered"),
    [
        (rule(), ["ip saddr { 192.0.2.1/32 } tcp dport 22"]),
        (rule("udp", "8000-9000", "0.0.0.0/0"), ["ip saddr { 0.0.0.0/0 } udp dport 8000-9000"]),
        (rule("tcp", "0", "10.0.0.0/8"), ["ip saddr { 10.0.0.0/8 } meta l4proto tcp"]),
        (rule("icmp", "0", "10.0.0.0/8"), ["ip saddr { 10.0.0.0/8 } meta l4proto icmp"]),
        (
            rule("icmp", "0", "0.0.0.0/0", "::/0"),
            ["ip saddr { 0.0.0.0/0 } meta l4proto icmp", "ip6 saddr { ::/0 } meta l4proto ipv6-icmp"],
        ),
        # Overlapping elements would be an error of nftables; host bits are forgiven, as the API does.
        (rule("tcp", "1", "10.1.2.3", "10.1.0.9/16"), ["ip saddr { 10.1.0.0/16 } tcp dport 1"]),
    ],
)
def test_a_rule_becomes_one_match_for_each_ip_version(given: FirewallRule, rendered: list[str]) -> None:
    assert list(matches(given, "saddr")) == rendered


def test_a_tag_that_nothing_carries_opens_nothing() -> None:
    assert list(matches(FirewallRule("inbound", "tcp", "22", ()), "saddr")) == []


def test_without_a_firewall_the_table_is_gone() -> None:
    assert ruleset(None) == "table inet cloud_firewall\ndelete table inet cloud_firewall\n"


def test_what_no_rule_allows_is_dropped_in_both_directions() -> None:
    text = ruleset((rule(), rule("udp", "53", "0.0.0.0/0", direction="outbound")))
    inbound, outbound = text.split("chain outbound")
    assert "hook prerouting priority mangle" in inbound and "hook postrouting priority mangle" in outbound
    for chain, address in ((inbound, "saddr"), (outbound, "daddr")):
        assert chain.rstrip().removesuffix("}\n}").rstrip("} \n").endswith("counter drop")
        assert "ct state established,related accept" in chain
        assert f"ip {address} 169.254.0.0/16 accept" in chain
    assert "ip saddr { 192.0.2.1/32 } tcp dport 22 accept" in inbound
    assert "ip daddr { 0.0.0.0/0 } udp dport 53 accept" in outbound
    assert "dport 53" not in inbound and "dport 22" not in outbound


def test_a_firewall_without_rules_of_a_direction_closes_that_direction() -> None:
    assert "accept\n    counter drop" in ruleset((rule(),)).split("chain outbound")[1]


def test_rules_of_several_firewalls_add_up_once_each() -> None:
    text = ruleset((rule(), rule(), rule("tcp", "443", "0.0.0.0/0")))
    assert text.count("tcp dport 22 accept") == 1 and "tcp dport 443 accept" in text
