"""Draws the platform as SVG: a band for each layer, a box for each service, in it a chip for each it connects to.

Chips instead of lines: thirty services have sixty connections, which as lines cover each other and the boxes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from ops.docs.overview import Overview
from ops.model.service import Service

_WIDTH = 1220
_LEFT = 56
"""Space for a band's name."""
_PER_ROW = 5
_BOX_WIDTH = 218
_GAP = 12
_CHIP_HEIGHT = 17
_HEAD = 44
"""Height of a box without chips: its name and its address."""

_BANDS = {
    "ingress": ("#e8f0fe", "#1a56b0"),
    "data": ("#fdf1dc", "#8a5a00"),
    "platform": ("#e6f5ea", "#1d6b37"),
}
_OTHER_BAND = ("#eeeeee", "#444444")
_CHIPS = (
    "#c0392b", "#2471a3", "#7d3c98", "#117a65", "#b9770e", "#5d6d7e",
    "#a04000", "#1f618d", "#6c3483", "#0e6655", "#943126", "#283747",
)  # fmt: skip


@dataclass(frozen=True)
class _Chip:
    """One connection inside a box, at its place relative to the box."""

    server: str
    x: int
    y: int
    width: int


def draw(overview: Overview) -> str:
    """The picture. The same overview gives the same bytes."""
    colours = {server: _CHIPS[number % len(_CHIPS)] for number, server in enumerate(overview.servers)}
    body: list[str] = []
    y = 8
    for layer, services in overview.layers.items():
        lines, height = _band(layer, services, overview, colours, y=y)
        body += lines
        y += height + 10
    note = "a chip names a service that this one connects to; its colour is that service's frame"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 22}" font-family="sans-serif" role="img">',
            "<title>The services of the platform by layer, and which of them each connects to</title>",
            f'<rect width="{_WIDTH}" height="{y + 22}" fill="#ffffff"/>',
            *body,
            f'<text x="{_LEFT}" y="{y + 10}" fill="#555555" font-size="12">{note}</text>',
            "</svg>",
            "",
        ]
    )


def _band(
    layer: str, services: Sequence[Service], overview: Overview, colours: dict[str, str], *, y: int
) -> tuple[list[str], int]:
    fill, colour = _BANDS.get(layer, _OTHER_BAND)
    boxes: list[str] = []
    top = y + _GAP
    for start in range(0, len(services), _PER_ROW):
        row = services[start : start + _PER_ROW]
        chips = {service.name: _chips(service.servers) for service in row}
        height = _HEAD + max((_chips_height(chips[service.name]) for service in row), default=0)
        for column, service in enumerate(row):
            x = _LEFT + column * (_BOX_WIDTH + _GAP)
            routes = overview.routes[service.name]
            boxes += _box(service, routes, chips[service.name], colours, place=(x, top, height))
        top += height + _GAP
    height = top - y
    middle = y + height // 2
    return [
        f'<rect x="4" y="{y}" width="{_WIDTH - 8}" height="{height}" rx="8" fill="{fill}"/>',
        f'<text x="32" y="{middle}" fill="{colour}" font-size="15" font-weight="bold" text-anchor="middle"'
        f' transform="rotate(-90 32 {middle})">{escape(layer)}</text>',
        *boxes,
    ], height


def _box(
    service: Service,
    routes: Sequence[str],
    chips: Sequence[_Chip],
    colours: dict[str, str],
    *,
    place: tuple[int, int, int],
) -> Iterator[str]:
    x, y, height = place
    frame = colours.get(service.name, "#b0b0b0")
    yield (
        f'<rect x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{height}" rx="5" fill="#ffffff"'
        f' stroke="{frame}" stroke-width="{2 if frame != "#b0b0b0" else 1}"/>'
    )
    yield f'<text x="{x + 10}" y="{y + 18}" font-size="13" font-weight="bold" fill="#222222">{escape(service.name)}</text>'
    address = routes[0].removeprefix("https://") if routes else "no address"
    yield f'<text x="{x + 10}" y="{y + 33}" font-size="9" fill="#666666">{escape(address)}</text>'
    for chip in chips:
        left, top = x + 10 + chip.x, y + _HEAD - 4 + chip.y
        colour = colours[chip.server]
        yield (
            f"<g><title>{escape(service.name)} connects to {escape(chip.server)}</title>"
            f'<rect x="{left}" y="{top}" width="{chip.width}" height="14" rx="7" fill={quoteattr(colour)}/>'
            f'<text x="{left + 7}" y="{top + 10}" font-size="9" fill="#ffffff">{escape(chip.server)}</text></g>'
        )


def _chips(servers: Sequence[str]) -> list[_Chip]:
    chips: list[_Chip] = []
    x = y = 0
    for server in servers:
        width = round(len(server) * 5.2) + 14
        if x and x + width > _BOX_WIDTH - 20:
            x, y = 0, y + _CHIP_HEIGHT
        chips.append(_Chip(server, x, y, width))
        x += width + 4
    return chips


def _chips_height(chips: Sequence[_Chip]) -> int:
    return max((chip.y for chip in chips), default=-_CHIP_HEIGHT) + _CHIP_HEIGHT
