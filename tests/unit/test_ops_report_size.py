"""A report of very many services is made while a person waits for it."""

from __future__ import annotations

import json
import time

from layers.loading import load_environment
from ops.deploy.plan import compared_offline, in_one_report
from ops.report import html, markdown, text
from tests.unit.report_scene import many, many_changed

SERVICES = 300
SECONDS = 2.0
"""Of processor time, so that whatever else the machine does counts as little as possible."""


def test_a_report_of_300_services_takes_less_than_two_seconds_in_all_its_forms() -> None:
    before, after = many(SERVICES), many_changed(SERVICES)
    settings = load_environment("local")
    started = time.process_time()
    compared = compared_offline(
        settings,
        {"local-services": after},
        {"local-services": before},
        compared_with="revision v1",
        reason="no engine",
    )
    report = in_one_report(settings, compared)
    page = html.render(report)
    shown = text.render(report) + markdown.render(report) + json.dumps(report.as_data())
    assert time.process_time() - started < SECONDS
    assert page.count('<details class="service change"') == SERVICES + 1
    assert f"service-{SERVICES - 1}" in shown
