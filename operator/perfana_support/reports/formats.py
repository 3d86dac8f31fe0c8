"""The formats of a report, each a module that is imported when it is asked for: only the one in use is paid for."""

from collections.abc import Iterable, Iterator
from importlib import import_module

from perfana_support.reports.report import Report

# Name: module below `reports` with `render`, and what it is for.
_MODULES = {
    "table": ("table", "for a terminal"),
    "wide": ("wide", "with every finding, its clause and place"),
    "json": ("document", "one versioned object"),
    "yaml": ("yaml_document", "the same object"),
    "markdown": ("markdown", "for a pull request"),
    "html": ("html", "one file for people, with a picture of the support windows"),
    "junit": ("junit", "for the test reports of CI systems"),
    "sarif": ("sarif", "2.1.0, for code scanning"),
    "github": ("github", "annotations of GitHub Actions"),
    "gitlab": ("gitlab", "GitLab's code quality"),
}
FORMATS = {name: what for name, (_, what) in _MODULES.items()}


def pieces(name: str, reports: Iterable[Report]) -> Iterator[str]:
    """The reports in a format, in pieces, the last of which ends in a line's end; at least one report is given.

    Formats for people and for programs take one report after the other, so that thousands need not be there at once; those that
    begin with what all of them say take them all.
    """
    module = import_module(f"perfana_support.reports.{_MODULES[name][0]}")
    if hasattr(module, "pieces"):
        yield from module.pieces(reports)
    else:
        yield module.render(tuple(reports))
