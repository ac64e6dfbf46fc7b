"""Overlay networks."""

from sprocket_constructs import OverlayNetwork, SwarmStack

from tests.synthesis import only, synth


def test_defaults_have_no_way_out_of_the_swarm(stack: SwarmStack) -> None:
    OverlayNetwork(stack, "cache", name="cache-net")
    assert only(synth(stack), "docker_network", name="cache-net") == {
        "name": "cache-net",
        "driver": "overlay",
        "internal": True,
    }


def test_trap_options_of_an_overlay_would_replace_it_in_every_plan(stack: SwarmStack) -> None:
    OverlayNetwork(stack, "edge", name="edge", internal=False)
    network = only(synth(stack), "docker_network", name="edge")
    assert network["internal"] is False
    assert not {"options", "ipam_config", "ipam_options"} & network.keys()
