"""What all tests share: a quiet jsii, small stacks, and live tests that say what they miss."""

from __future__ import annotations

import os
import signal

# A shell starts a background job with SIGINT ignored, and every program that a test starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# jsii takes a list of major versions here; anything else and Node 20 prints a banner for every process.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

import pytest
from sprocket_constructs import SwarmStack

from tests.live_needs import missing
from tests.synthesis import new_stack


@pytest.fixture
def stack() -> SwarmStack:
    """An empty stack in an app of its own."""
    return new_stack()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a live test where a part of the world is missing, and names the part; fails it with
    REQUIRE_LIVE=1.

    A ``proof`` is skipped unless PROOFS=1: it takes long or disturbs the platform that it looks at (``make prove``).
    ``@pytest.mark.live`` needs everything, ``@pytest.mark.live(needs=["engine"])`` that part only, and
    ``needs=[]`` none: such a test looks for its program itself.
    """
    if item.get_closest_marker("proof") is not None and os.environ.get("PROOFS") != "1":
        pytest.skip("a long proof: make prove")
    marker = item.get_closest_marker("live")
    if marker is None:
        return
    needs = marker.kwargs.get("needs")
    lacking = [] if needs == [] else missing(*(needs or ()))
    if not lacking:
        return
    reason = f"live test without {', '.join(lacking)}"
    if os.environ.get("REQUIRE_LIVE") == "1":
        pytest.fail(f"REQUIRE_LIVE=1, but this is a {reason}", pytrace=False)
    pytest.skip(reason)
