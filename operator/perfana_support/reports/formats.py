"""The formats of a report, each a module that is imported when it is asked for: only the one in use is paid for."""

from collections.abc import Sequence
from importlib import import_module

from perfana_support.reports.report import Report

# Name: module below `reports` with `render`, and what it is for.
_MODULES = {
    "table": ("table", "for a terminal"),
    "json": ("document", "one versioned object"),
    "html": ("html", "one file for people, with a picture of the support windows"),
}
FORMATS = {name: what for name, (_, what) in _MODULES.items()}


def render(name: str, reports: Sequence[Report]) -> str:
    """The reports in a format, ending in a line's end; at least one report is given."""
    module, _ = _MODULES[name]
    text: str = import_module(f"perfana_support.reports.{module}").render(reports)
    return text
