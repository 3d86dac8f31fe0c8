"""Reports as GitLab Code Quality, for the widget and the diff of a merge request.

GitLab shows what has a path and a line, and no more; so every result has them. What stands in no file gets the first line of a
file of its installation, or what it is about as a path where there is none. GitLab knows nothing that is found and does not
count: that is information, and its description begins with why.
"""

import json
from collections.abc import Sequence
from typing import Any

from perfana_support.model.code import Effect
from perfana_support.reports.job_log import harmless_json
from perfana_support.reports.report import Report, Run
from perfana_support.reports.result import STANDARD_INPUT, Result, full_text, origin_text, outside, results, subject_text
from perfana_support.reports.table import printable

_SEVERITIES = {
    Effect.UNSUPPORTED: "blocker",
    Effect.UNDETERMINED: "major",
    Effect.AT_RISK: "minor",
    Effect.INFO: "info",
}


def render(reports: Sequence[Report]) -> str:
    """All reports as one list. ASCII alone, so that no encoding can harm it."""
    run = reports[0].run
    return harmless_json(json.dumps([_entry(result, run) for result in results(reports)], indent=2)) + "\n"


def _entry(result: Result, run: Run) -> dict[str, Any]:
    path, line = _place(result, run)
    origin = printable(origin_text(result.location))
    return {
        "description": f"{printable(subject_text(result.subject))}: {full_text(result)}{f' ({origin})' if origin else ''}",
        "check_name": result.rule,
        "fingerprint": result.unique_fingerprint,
        "severity": "info" if result.set_aside else _SEVERITIES[result.effect],
        "location": {"path": path, "lines": {"begin": line}},
    }


def _place(result: Result, run: Run) -> tuple[str, int]:
    if result.location and result.location.file == STANDARD_INPUT:
        return "standard-input", max(result.location.line, 1)
    if result.location:
        return _path(result.location.file, run), max(result.location.line, 1)
    if result.home:
        return _path(result.home, run), 1
    parts = (result.namespace, result.subject.kind, result.subject.name)
    return "/".join(filter(None, map(printable, parts))) or result.rule, 1


def _path(file: str, run: Run) -> str:
    """A file as a text of Unicode, which a name of other bytes is not; below the root, since GitLab knows no other."""
    return outside(file, run).encode(errors="replace").decode()
