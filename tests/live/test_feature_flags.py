"""Feature flags of a real RabbitMQ, as a deploy asks for them before an upgrade."""

from __future__ import annotations

import pytest

from images.builder.trial import Trial
from ops.deploy.feature_flags import ENABLE, LIST, not_enabled

pytestmark = pytest.mark.live(needs=["engine"])


def test_flags_that_are_not_enabled_are_found_and_the_fix_enables_them(trial: Trial) -> None:
    broker = trial.run("rabbitmq", env={"RABBITMQ_FEATURE_FLAGS": "quorum_queue"})
    broker.wait("rabbitmq-diagnostics", "-q", "check_running")
    missing = not_enabled(broker.expect(*LIST))
    assert "stream_queue" in missing and "quorum_queue" not in missing
    broker.expect(*ENABLE.split())
    assert not_enabled(broker.expect(*LIST)) == []
