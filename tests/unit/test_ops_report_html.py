"""The plan report as one HTML page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.deploy.plan import in_one_report
from ops.model.changes import Action
from ops.model.inventory import from_synthesis
from ops.model.offline_plan import from_inventories
from ops.report import html
from ops.report.compare import compare
from ops.report.model import Report
from ops.report.placement import Compared
from tests.unit.ops_cloud import cloud
from tests.unit.ops_fixtures import DIGEST_2, config, stack
from tests.unit.report_scene import Document, changed, many, web

CSS = Path(html.__file__).with_name("page.css").read_text()


def report(before: Document, after: Document, name: str = "services", environment: str = "local") -> Report:
    old, new = from_synthesis(before), from_synthesis(after)
    planned = from_inventories(old, new)
    made = compare(
        f"{environment}-{name}", old, new, planned, compared_with="revision v1", offline="no engine"
    )
    compared = Compared(report=made, before=old, after=new, planned=planned)
    return in_one_report(load_environment(environment), [compared])


def page(before: Document, after: Document, **named: str) -> str:
    return html.render(report(before, after, **named))


def words(page: str) -> str:
    """What people read of it, as one line."""
    reader = _Reader()
    reader.feed(page)
    return " ".join(" ".join(reader.found).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._hidden += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)


def everything_at_once() -> str:
    """A service of each action: web changes, redis goes, api comes."""
    after = changed(
        docker_service={
            **web(image=f"example.org/app:1.3@{DIGEST_2}"),
            "api": web(name="api", networks=("redis_net",))["web"],
        },
        docker_config={"web_conf": config("platform/web/conf", name="web-conf", text="a: 1\nb: <3>\n")},
    )
    del after["resource"]["docker_service"]["redis"]
    return page(stack(), after)


def test_nothing_is_fetched_and_nothing_runs() -> None:
    shown = everything_at_once()
    linked = re.findall(r"""(?:href|src|action|srcset)\s*=\s*["']([^"']*)""", shown)
    assert linked and all(link.startswith("#") for link in linked)
    assert not re.search(r"<(script|link|iframe|img|object)\b|@import|url\(|\son[a-z]+=", shown)


def test_text_of_a_change_is_no_html() -> None:
    shown = everything_at_once()
    assert "+b: &lt;3&gt;" in shown
    assert "+b: <3>" not in shown


def test_each_action_has_a_sign_and_a_word() -> None:
    shown = words(everything_at_once())
    assert "+ add api" in shown
    assert "~ change web" in shown
    assert "\u2212 destroy redis" in shown


def test_dangers_and_what_stops_serving_come_before_the_changes() -> None:
    shown = words(everything_at_once())
    places = [
        shown.index(text)
        for text in (
            "service redis is destroyed",
            "redis stops serving for good",
            "Changes local-services",
            "Platform after the change",
            "Networks Who is on",
        )
    ]
    assert places == sorted(places)


def test_a_changed_file_is_shown_line_by_line() -> None:
    assert "/app/config.yml config web-conf: +1 -1 lines @@ -1,2 +1,2 @@ a: 1 -b: 2 +b: <3>" in words(
        everything_at_once()
    )


def test_services_are_drawn_on_their_node_with_what_they_connect_to() -> None:
    shown = words(everything_at_once())
    drawn = shown[shown.index("Platform after") :]
    assert "this machine 2 cores" in drawn
    assert drawn.index("sprocket-redis") < drawn.index("web ~ change")
    assert "web.example.org (public)" in drawn


def test_networks_say_who_joins_and_who_leaves() -> None:
    shown = words(everything_at_once())
    assert re.search(r"redis-net internal \+ api joins \u2212 redis leaves web", shown)


def test_a_very_long_diff_is_cut() -> None:
    texts = {letter: f"{letter}\n" * 300 for letter in "ab"}
    before, after = (
        changed(docker_config={"web_conf": config("platform/web/conf", name="web-conf", text=text)})
        for text in texts.values()
    )
    assert "201 more lines: git diff shows them." in words(page(before, after))


def test_of_many_unchanged_services_the_names_are_drawn() -> None:
    shown = words(page(many(70), many(70)))
    assert "71 services unchanged service-0, service-1, service-10" in shown


def test_costs_are_shown_before_and_after() -> None:
    after = cloud()
    after["resource"]["digitalocean_droplet"]["app-1"]["size"] = "s-8vcpu-16gb"
    shown = words(page(cloud(), after, name="cloud", environment="prod"))
    assert "$ 99.50 a month (+$48.00)" in shown
    assert "droplet prod-app-1: $48.00 \u2192 $96.00" in shown
    assert "2026-08-21, GET /v2/sizes" in shown


def test_nothing_changes() -> None:
    shown = words(page(stack(), stack()))
    assert "local-services : no changes, compared with revision v1" in shown
    assert "Nothing would change." in shown
    assert "web" in shown[shown.index("Platform") :]


def test_the_same_report_gives_the_same_bytes() -> None:
    assert everything_at_once() == everything_at_once()


def test_a_report_without_a_topology_has_no_drawing() -> None:
    alone = Report(environment="local", stacks=report(stack(), stack()).stacks)
    assert "Platform after the change" not in html.render(alone)


SCHEMES = {
    "light": CSS[: CSS.index("@media (prefers-color-scheme: dark)")],
    "dark": CSS[CSS.index("@media (prefers-color-scheme: dark)") : CSS.index("* {")],
    "print": CSS[CSS.index("@media print") :],
}
SURFACES = ("page", "card", "well")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_contrast_is_enough_for_small_text(scheme: str) -> None:
    """4.5 to 1, as WCAG 2.2 asks of text at level AA (1.4.3)."""
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})\b", SCHEMES[scheme]))
    pairs = [(text, surface) for text in ("ink", "soft", "link") for surface in SURFACES]
    pairs += [(str(action), f"{action}-tint") for action in Action]
    pairs += [(str(action), surface) for action in Action for surface in SURFACES]
    low = {pair: ratio for pair in pairs if (ratio := contrast(*(colours[name] for name in pair))) < 4.5}
    assert low == {}


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted(map(_luminance, (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
