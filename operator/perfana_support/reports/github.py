"""Reports as workflow commands: GitHub Actions makes annotations of them, at their lines in a pull request.

The verdict of each installation comes first, since GitHub keeps only ten errors and ten warnings of a step; findings follow,
the worst first. What does not count is a notice. Every line is a command, so that no text of a manifest can be one.
"""

from collections.abc import Iterator, Sequence

from perfana_support.model.code import DECIDING, Effect, Status
from perfana_support.model.verdict import Verdict
from perfana_support.reports.report import Report
from perfana_support.reports.result import (
    Result,
    full_text,
    is_file,
    origin_text,
    place_text,
    relative,
    results,
    subject_text,
)
from perfana_support.reports.table import printable

_COMMANDS = {Effect.UNSUPPORTED: "error", Effect.UNDETERMINED: "warning", Effect.AT_RISK: "warning", Effect.INFO: "notice"}
_STATUSES = {Status.FALSE: "error", Status.UNKNOWN: "warning", Status.TRUE: "notice"}
# What ends a message or a property of a command, by the rules of GitHub's own toolkit; the percent sign first.
_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY = (*_DATA, (":", "%3A"), (",", "%2C"))


def render(reports: Sequence[Report]) -> str:
    """All reports as commands, one a line."""
    verdicts = [line for status in _STATUSES for report in reports for line in _verdict(report.verdict, status)]
    # A condition that no finding explains stands among the verdicts.
    findings = [_annotation(result) for result in results(reports) if result.is_finding]
    return "\n".join([*verdicts, *findings]) + "\n"


def _verdict(verdict: Verdict, status: Status) -> Iterator[str]:
    for condition in verdict.conditions:
        if condition.type in DECIDING and condition.status is status:
            title = f"{verdict.namespace or '<none>'}: {condition.type} is {status} ({condition.reason})"
            yield _command(_STATUSES[status], {"title": title}, condition.message)


def _annotation(result: Result) -> str:
    aside = f", {result.set_aside}" if result.set_aside else ""
    properties = {"title": f"{result.rule} ({subject_text(result.subject)}){aside}"}
    message = full_text(result)
    place = result.location
    if place and is_file(place.file):
        properties |= {"file": relative(place.file)}
        properties |= {"line": str(place.line)} if place.line else {}
        properties |= {"col": str(place.column)} if place.column else {}
    if place and (origin_text(place) or not is_file(place.file)):
        message = f"{place_text(place)}: {message}"
    return _command("notice" if result.set_aside else _COMMANDS[result.effect], properties, message)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    written = ",".join(f"{key}={_escaped(value, _PROPERTY)}" for key, value in properties.items())
    return f"::{name} {written}::{_escaped(message, _DATA)}"


def _escaped(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    text = printable(text)
    for character, written in escapes:
        text = text.replace(character, written)
    return text
