"""Line charts as SVG: panels side by side, each linear from zero up."""

import dataclasses
import html
import math
from collections.abc import Callable

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 60, 150, 40, 50
LABEL_HEIGHT = 16

Line = list[tuple[float, float]]


@dataclasses.dataclass(frozen=True)
class Axis:
    """What goes along a panel: where it has ticks, the first and the last one its ends, and how far apart they are."""

    label: str
    ticks: list[float]
    scale: Callable[[float], float] = float

    def place(self, value: float) -> float:
        first, last = self.scale(self.ticks[0]), self.scale(self.ticks[-1])
        return (self.scale(value) - first) / (last - first)


@dataclasses.dataclass(frozen=True)
class Panel:
    """A chart of lines by name. Those that have no more points than the axis has ticks show them as dots."""

    title: str
    lines: dict[str, Line]


def tick_step(highest: float) -> float:
    """The distance of ticks: the least of one, two or five times a power of ten that needs no more than six."""
    power = 10.0 ** math.floor(math.log10(highest / 6))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor * 6 >= highest)


def apart(places: list[float]) -> list[float]:
    """Moves labels, from the highest on the page to the lowest, down until none is over another."""
    moved = {}
    previous = -math.inf
    for index in sorted(range(len(places)), key=places.__getitem__):
        previous = moved[index] = max(places[index], previous + LABEL_HEIGHT)
    return [moved[index] for index in range(len(places))]


def text(x: float, y: float, content: str, anchor: str = "start", **attributes: str) -> str:
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{html.escape(content)}</text>'


def draw_panel(panel: Panel, axis: Axis, colours: dict[str, str], left: float) -> list[str]:
    highest = max(1, *(value for line in panel.lines.values() for _, value in line))
    tick = tick_step(highest)
    top = tick * math.ceil(highest / tick)
    inner_width, inner_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    start, end = left + LEFT, left + LEFT + inner_width

    def y(amount: float) -> float:
        return TOP + inner_height * (1 - max(amount, 0) / top)

    drawn = [text(start, TOP - 18, panel.title, font_weight="bold")]
    for number in range(round(top / tick) + 1):
        amount = number * tick
        drawn.append(f'<path d="M{start:.1f} {y(amount):.1f}H{end:.1f}" stroke="#ddd"/>')
        drawn.append(text(start - 8, y(amount) + 4, f"{amount:,g}", "end"))
    for value in axis.ticks:
        drawn.append(text(start + inner_width * axis.place(value), HEIGHT - BOTTOM + 20, f"{value:,}", "middle"))
    drawn.append(text(start + inner_width / 2, HEIGHT - 10, axis.label, "middle"))
    lines = {
        name: [(start + inner_width * axis.place(along), y(amount)) for along, amount in line]
        for name, line in panel.lines.items()
    }
    labels = apart([line[-1][1] for line in lines.values()])
    for (name, line), label in zip(lines.items(), labels):
        path = "L".join(f"{across:.1f} {down:.1f}" for across, down in line)
        drawn.append(f'<path d="M{path}" fill="none" stroke="{colours[name]}" stroke-width="2"/>')
        if len(line) <= len(axis.ticks):
            drawn += [f'<circle cx="{x:.1f}" cy="{down:.1f}" r="3" fill="{colours[name]}"/>' for x, down in line]
        drawn.append(text(end + 10, label + 4, name, fill=colours[name]))
    return drawn


def draw(title: str, panels: list[Panel], axis: Axis, colours: dict[str, str]) -> str:
    width = WIDTH * len(panels)
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}"'
        ' font-family="sans-serif" font-size="13" fill="#222">',
        f"<title>{html.escape(title)}</title>",
        f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for index, panel in enumerate(panels):
        drawn += draw_panel(panel, axis, colours, index * WIDTH)
    return "\n".join([*drawn, "</svg>", ""])
