"""The dashboard that ships, as Grafana reads it: its panels, and their queries with the variables filled in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.watching.rules import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

DASHBOARD = FOLDER / "dashboard.json"

Panel = dict[str, Any]


class Query(NamedTuple):
    """One query of a panel."""

    letter: str
    expression: str
    legend: str
    is_instant: bool


def dashboard() -> dict[str, Any]:
    """Return the document."""
    document: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return document


def panels() -> Iterator[Panel]:
    """Yield the panels in their order, rows included."""
    yield from dashboard()["panels"]


def queries(panel: Panel, interval: str = "1m") -> Iterator[Query]:
    """Yield a panel's queries with everything chosen, and rates over an interval."""
    values = {"$namespace": ".*", "$check": ".*", "$__rate_interval": interval}
    for target in panel.get("targets", ()):
        expression = target["expr"]
        for name, value in values.items():
            expression = expression.replace(name, value)
        yield Query(target["refId"], expression, target.get("legendFormat", ""), target["instant"])
