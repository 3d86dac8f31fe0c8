"""Shapes and words of a picture, as SVG."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

COLOURS = {"green": "#3d9a50", "red": "#cf3a4a", "orange": "#e08a1e", "yellow": "#b99a12", "blue": "#3274b8"}
SERIES = ("#3274b8", "#e08a1e", "#3d9a50", "#8f5fb0", "#cf3a4a", "#2f9c95", "#7a6a58", "#b99a12")
"""For the lines of a graph, told apart from one another on white."""

INK, FAINT, GRID, PAPER = "#22252b", "#6b7280", "#e3e6ea", "#ffffff"
FONT = "font-family='Helvetica, Arial, sans-serif'"
WIDTH_OF_A_LETTER = 0.54
"""Of the height of the letters, about."""


class Box(NamedTuple):
    """A place in the picture."""

    x: float
    y: float
    width: float
    height: float

    def inset(self, left: float, top: float, right: float, bottom: float) -> Box:
        """Return the place inside margins."""
        return Box(self.x + left, self.y + top, self.width - left - right, self.height - top - bottom)


def rectangle(box: Box, fill: str, stroke: str = "none", opacity: float = 1.0) -> str:
    """Return a filled rectangle."""
    place = f"x='{box.x:.1f}' y='{box.y:.1f}' width='{max(box.width, 0):.1f}' height='{max(box.height, 0):.1f}'"
    return f"<rect {place} rx='2' fill='{fill}' stroke='{stroke}' fill-opacity='{opacity}'/>"


def words(  # noqa: PLR0913 - what SVG wants to know of a line of text
    x: float, y: float, text: str, size: float = 11, fill: str = INK, anchor: str = "start"
) -> str:
    """Return a line of text, which stands on y."""
    return f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{fill}' text-anchor='{anchor}' {FONT}>{escape(text)}</text>"


def fitting(text: str, width: float, size: float = 11) -> str:
    """Return as much of a text as has room."""
    room = int(width / (size * WIDTH_OF_A_LETTER))
    return text if len(text) <= room else f"{text[: max(room - 1, 1)]}…"


def polyline(points: list[tuple[float, float]], stroke: str) -> str:
    """Return a line through points."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f"<polyline points='{path}' fill='none' stroke='{stroke}' stroke-width='1.5'/>"


def document(width: float, height: float, parts: list[str]) -> str:
    """Return the whole picture."""
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:.0f} {height:.0f}' width='{width:.0f}'>"
    return "\n".join([head, *parts, "</svg>", ""])
