"""The dashboard drawn from Prometheus' answers to its own queries, in its own grid: equivalent to Grafana's view, not Grafana.

It knows the few kinds of panels that the dashboard has, and of their options those that it uses.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.watching import canvas
from tests.watching.canvas import COLOURS, FAINT, GRID, INK, PAPER, SERIES, Box, fitting, polyline, rectangle, words
from tests.watching.dashboard import Panel, Query, dashboard, panels, queries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.watching.server import Prometheus

CELL_WIDTH, CELL_HEIGHT, GAP = 50.0, 27.0, 4.0
"""Of Grafana's grid of 24 columns, in pixels."""

HEAD_HEIGHT = 44.0
HONEST = (
    "Drawn from real metrics and this dashboard's own queries by `python -m tests.watching picture`: "
    "equivalent to Grafana's view, not a screenshot of it."
)

POINTS = 90
"""So many moments of the past are asked for."""

RATES_OVER = "15s"
"""Long beside a scrape of every second, short beside the past that is shown."""


class Past(NamedTuple):
    """What part of it is shown."""

    start: float
    end: float

    @property
    def step(self) -> float:
        """Seconds between two moments."""
        return max((self.end - self.start) / POINTS, 1.0)


class Line(NamedTuple):
    """A series of a panel: its name, and its value at each moment."""

    name: str
    points: list[tuple[float, float]]


def draw(prometheus: Prometheus, past: Past) -> str:
    """Return the picture."""
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels())
    width, height = 24 * CELL_WIDTH, HEAD_HEIGHT + bottom * CELL_HEIGHT
    parts = [rectangle(Box(0, 0, width, height), "#f3f4f6"), words(GAP * 2, 18, dashboard()["title"], 15)]
    parts.append(words(GAP * 2, 35, HONEST, 10.5, FAINT))
    for panel in panels():
        grid = panel["gridPos"]
        place = Box(
            grid["x"] * CELL_WIDTH, HEAD_HEIGHT + grid["y"] * CELL_HEIGHT, grid["w"] * CELL_WIDTH, grid["h"] * CELL_HEIGHT
        )
        parts += _panel(panel, place.inset(GAP / 2, GAP / 2, GAP / 2, GAP / 2), prometheus, past)
    return canvas.document(width, height, parts)


def _panel(panel: Panel, box: Box, prometheus: Prometheus, past: Past) -> list[str]:
    if panel["type"] == "row":
        return [words(box.x + 6, box.y + 17, f"▾ {panel['title']}", 13)]
    frame = [rectangle(box, PAPER, GRID), words(box.x + 8, box.y + 16, fitting(panel["title"], box.width), 11.5)]
    inner, asked = box.inset(10, 26, 10, 8), list(queries(panel, RATES_OVER))
    match panel["type"]:
        case "stat":
            return [*frame, *_stat(panel, box, _instant(prometheus, asked))]
        case "table":
            return [*frame, *_table(panel, inner, prometheus, asked)]
        case "bargauge":
            return [*frame, *_bars(panel, inner, _instant(prometheus, asked))]
        case "state-timeline":
            return [*frame, *_states(panel, inner, _range(prometheus, asked, past), past)]
        case "timeseries":
            return [*frame, *_graph(panel, inner, _range(prometheus, asked, past), past)]
        case kind:
            raise AssertionError(f"the picture knows no panel of type {kind}")


def _named(legend: str, labels: dict[str, str]) -> str:
    for name, value in labels.items():
        legend = legend.replace(f"{{{{{name}}}}}", value)
    return legend


def _instant(prometheus: Prometheus, asked: Iterable[Query]) -> list[tuple[str, float]]:
    return [
        (_named(query.legend, one["metric"]), float(one["value"][1]))
        for query in asked
        for one in prometheus.query(query.expression)
    ]


def _range(prometheus: Prometheus, asked: Iterable[Query], past: Past) -> list[Line]:
    return [
        Line(_named(query.legend, one["metric"]), [(at, float(value)) for at, value in one["values"] if value != "NaN"])
        for query in asked
        for one in prometheus.query(query.expression, start=past.start, end=past.end, step=past.step)
    ]


def _defaults(panel: Panel) -> dict[str, Any]:
    found: dict[str, Any] = panel["fieldConfig"]["defaults"]
    return found


def _colour(thresholds: dict[str, Any], value: float) -> str:
    chosen = [step["color"] for step in thresholds["steps"] if step["value"] is None or value >= step["value"]]
    return COLOURS[chosen[-1]]


def _told(value: float, unit: str) -> str:
    match unit:
        case "d":
            return f"{value:.0f} days"
        case "s":
            return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
        case "bytes":
            return f"{value / 2**20:.0f} MiB"
        case _:
            return f"{value:.3g}"


def _stat(panel: Panel, box: Box, found: list[tuple[str, float]]) -> list[str]:
    fields = _defaults(panel)
    text = _told(found[0][1], fields["unit"]) if found else str(fields.get("noValue", "No data"))
    fill = _colour(fields["thresholds"], found[0][1]) if found else FAINT
    middle = box.x + box.width / 2
    return [
        rectangle(box, fill, GRID),
        words(box.x + 8, box.y + 16, panel["title"], 11.5, PAPER),
        words(middle, box.y + box.height / 2 + 20, text, 28, PAPER, "middle"),
    ]


def _table(panel: Panel, box: Box, prometheus: Prometheus, asked: list[Query]) -> list[str]:
    rows: list[dict[str, Any]] = []
    for query in asked:
        for one in prometheus.query(query.expression):
            cells = {**one["metric"], f"Value #{query.letter}": float(one["value"][1])}
            _merge(rows, cells)
    organize = next(one["options"] for one in panel["transformations"] if one["id"] == "organize")
    hidden, titles = organize["excludeByName"], organize["renameByName"]
    columns = [name for name in sorted(organize["indexByName"], key=organize["indexByName"].get) if name not in hidden]
    width = box.width / len(columns)
    parts = [words(box.x + width * i, box.y + 10, titles[name], 11, FAINT) for i, name in enumerate(columns)]
    for number, row in enumerate(rows):
        y = box.y + 32 + 20 * number
        for i, name in enumerate(columns):
            text, colour = _cell(panel, titles[name], row.get(name))
            parts.append(words(box.x + width * i, y, fitting(text, width - 8), 11.5, colour))
    return parts


def _merge(rows: list[dict[str, Any]], cells: dict[str, Any]) -> None:
    """Put what belongs to one thing into one row: what is the same in name and origin or namespace, as Grafana's merge does."""
    for row in rows:
        shared = [name for name in row.keys() & cells.keys() if not name.startswith("Value #")]
        if shared and all(row[name] == cells[name] for name in shared):
            row.update(cells)
            return
    rows.append(cells)


def _cell(panel: Panel, title: str, value: object) -> tuple[str, str]:
    if value is None:
        return "", INK
    properties: dict[str, Any] = {}
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == title:
            properties = {one["id"]: one["value"] for one in override["properties"]}
    key = f"{value:g}" if isinstance(value, float) else str(value)
    for mapping in properties.get("mappings", ()):
        if key in mapping["options"]:
            return mapping["options"][key]["text"], COLOURS[mapping["options"][key]["color"]]
    if not isinstance(value, float):
        return str(value), INK
    colour = _colour(properties["thresholds"], value) if "thresholds" in properties else INK
    return _told(value, properties.get("unit", "none")), colour


def _bars(panel: Panel, box: Box, found: list[tuple[str, float]]) -> list[str]:
    fields = _defaults(panel)
    if not found:
        return [words(box.x, box.y + 14, str(fields.get("noValue", "No data")), 11, FAINT)]
    most = fields.get("max") or max(value for _, value in found)
    height = min(box.height / len(found), 24.0)
    label, told = box.width * 0.36, 70.0
    room = box.width - label - told
    parts = []
    for number, (name, value) in enumerate(found):
        y = box.y + number * height
        part = min(max(value / most, 0.0), 1.0) if most else 0.0
        colour = _colour(fields["thresholds"], value)
        parts += [
            words(box.x, y + height / 2 + 4, fitting(name, label - 6), 11),
            rectangle(Box(box.x + label, y + 3, room, height - 6), GRID),
            rectangle(Box(box.x + label, y + 3, room * part, height - 6), colour),
            words(box.x + box.width, y + height / 2 + 4, _told(value, fields["unit"]), 11, colour, "end"),
        ]
    return parts


def _states(panel: Panel, box: Box, lines: list[Line], past: Past) -> list[str]:
    options = _defaults(panel)["mappings"][0]["options"]
    height, label = min(box.height / max(len(lines), 1), 26.0), box.width * 0.3
    scale = (box.width - label) / (past.end - past.start)
    parts = []
    for number, line in enumerate(sorted(lines)):
        y = box.y + number * height
        parts.append(words(box.x, y + height / 2 + 4, fitting(line.name, label - 6), 11))
        for (start, end), value in _stretches(line, past):
            place = Box(box.x + label + (start - past.start) * scale, y + 2, (end - start) * scale, height - 4)
            state = options[f"{value:g}"]
            parts.append(rectangle(place, COLOURS[state["color"]], opacity=0.85))
            parts.append(words(place.x + 4, y + height / 2 + 4, fitting(state["text"], place.width - 6, 10), 10, PAPER))
    return parts


def _stretches(line: Line, past: Past) -> Iterable[tuple[tuple[float, float], float]]:
    """Yield from when to when a series had which value."""
    if not line.points:
        return
    began, last = line.points[0]
    for (before, _), (at, value) in pairwise(line.points):
        if value != last or at - before > 2 * past.step:
            yield (began, at if at - before <= 2 * past.step else before + past.step), last
            began, last = at, value
    yield (began, past.end), last


def _graph(panel: Panel, box: Box, lines: list[Line], past: Past) -> list[str]:
    unit = _defaults(panel)["unit"]
    most = max((value for line in lines for _, value in line.points), default=0.0) or 1.0
    plot = box.inset(50, 4, 4, 22)
    parts = []
    for part in (0.0, 0.5, 1.0):
        y = plot.y + plot.height * (1 - part)
        parts.append(rectangle(Box(plot.x, y, plot.width, 1), GRID))
        parts.append(words(plot.x - 5, y + 4, _told(most * part, unit), 9.5, FAINT, "end"))
    scale = plot.width / (past.end - past.start)
    room = plot.width / max(len(lines), 1)
    for number, line in enumerate(lines):
        colour = SERIES[number % len(SERIES)]
        points = [(plot.x + (at - past.start) * scale, plot.y + plot.height * (1 - value / most)) for at, value in line.points]
        parts.append(polyline(points, colour))
        parts.append(words(plot.x + number * room, box.y + box.height - 2, fitting(line.name, room - 6, 10), 10, colour))
    return parts
