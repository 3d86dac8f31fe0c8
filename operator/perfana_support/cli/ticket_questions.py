"""What is asked on a terminal, where an option could have said it; on standard error, for the output is no place for it."""

import sys
from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeVar

from perfana_support.model.calendar import parse_day
from perfana_support.model.ticket_policy import PlanService, Severity
from perfana_support.reports.phrases import Say
from perfana_support.reports.table import printable

_T = TypeVar("_T")
# Whoever has not found a word by then is not going to.
_MOST_TIMES = 5


def can_ask() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_severity(severities: Iterable[Severity], say: Say) -> Severity | None:
    """Ask for the severity, with the policy's definitions in view."""
    known = {each.name.lower(): each for each in severities}
    for each in known.values():
        _tell(f"  {each.name}  {each.title}: {each.definition}")
    return _ask(say("ask_severity"), lambda text: known.get(text.lower()) or known.get(f"sev{text}"), say)


def ask_plan(plans: Iterable[PlanService], say: Say) -> PlanService | None:
    """Ask for the plan."""
    known = {each.name.lower(): each for each in plans}
    question = say("ask_plan", plans=", ".join(each.name for each in known.values()))
    return _ask(question, lambda text: known.get(text.lower()), say)


def ask_maintenance(say: Say) -> date | None:
    """Ask for the last day of the maintenance period."""
    return _ask(say("ask_maintenance"), parse_day, say)


def _ask(question: str, convert: Callable[[str], _T | None], say: Say) -> _T | None:
    """The answer, None where there is none: an empty line, or the end of the input."""
    for _ in range(_MOST_TIMES):
        print(printable(question), end=" ", file=sys.stderr, flush=True)
        text = sys.stdin.readline().strip()
        if not text:
            return None
        value = convert(text)
        if value is not None:
            return value
        _tell(say("ask_again", text=repr(text)))
    return None


def _tell(line: str) -> None:
    print(printable(line), file=sys.stderr)
