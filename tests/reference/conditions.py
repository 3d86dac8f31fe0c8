"""docs/reference/conditions.md: every condition with its three values and the reasons of each.

Which findings a condition has, and what they do to it, is the code's own table. Which words stand where no finding decides is a
table here, which a test holds against all verdicts of the corpus.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from perfana_support.evaluate.verdict import SUMMED_UP
from perfana_support.model.check import Enforcement
from perfana_support.model.code import Code, ConditionType, Effect, Reason, Status
from perfana_support.model.document import Problem
from perfana_support.model.verdict import Condition, Verdict
from perfana_support.reports.status import check_status, policy_status, unjudged_status
from perfana_support.sources.policy import builtin_policy
from tests.reference.markup import MADE, linked, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from perfana_support.model.document import NewJson

HEAD = f"""\
# Conditions

{MADE}
Every condition is `True`, `False` or `Unknown`: no evidence is never a pass and never a fail. Its reason is the code
of the finding that decides, the worst first, or a word where none does. A True condition with the reason of a finding
is at risk. What a reason means and what to do: its link, or `perfana-support explain REASON`.

Where a check cannot be judged at all, each condition is Unknown, with one of: {{unjudged}}.

"""
TRUE_WHEN = {
    ConditionType.SUPPORTED: "the next six are true, as far as the source can show them",
    **SUMMED_UP,
    ConditionType.MAINTENANCE_ACTIVE: "the declared plan has an active maintenance period",
    ConditionType.TICKET_ELIGIBLE: "the installation is supported and under maintenance, or end of life is all that is wrong",
    ConditionType.UPGRADE_SUPPORTED: "the installation would be supported after the upgrade; it is there only with a target",
}
UNJUDGED = (
    Reason.CHECK_INVALID,
    Reason.POLICY_NOT_FOUND,
    Reason.POLICY_INVALID,
    Reason.POLICY_UNREADABLE,
    Reason.EVALUATION_FAILED,
)
_Words = dict[Status, tuple[Reason, ...]]
_OF_WORKLOADS: _Words = {Status.TRUE: (Reason.ALL_RULES_MET,), Status.UNKNOWN: (Reason.NO_COMPONENTS,)}
WORDS: dict[ConditionType, _Words] = {
    ConditionType.SUPPORTED: _OF_WORKLOADS,
    ConditionType.VERSION_SUPPORTED: _OF_WORKLOADS,
    ConditionType.BUILD_SUPPORTED: _OF_WORKLOADS,
    ConditionType.IMAGES_UNMODIFIED: _OF_WORKLOADS,
    ConditionType.CONFIGURATION_UNMODIFIED: {
        Status.TRUE: (Reason.ALL_RULES_MET,),
        Status.UNKNOWN: (Reason.NO_COMPONENTS, Reason.NOT_OBSERVABLE),
    },
    ConditionType.PLATFORM_SUPPORTED: {
        Status.TRUE: (Reason.ALL_RULES_MET,),
        Status.UNKNOWN: (Reason.NO_COMPONENTS, Reason.NOT_OBSERVABLE),
    },
    ConditionType.DEPENDENCIES_SUPPORTED: _OF_WORKLOADS,
    ConditionType.MAINTENANCE_ACTIVE: {Status.TRUE: (Reason.ALL_RULES_MET,), Status.UNKNOWN: (Reason.NOT_DECLARED,)},
    ConditionType.TICKET_ELIGIBLE: {
        Status.TRUE: (Reason.ALL_RULES_MET, Reason.UPGRADE_ASSISTANCE_ONLY),
        Status.UNKNOWN: (Reason.NO_COMPONENTS, Reason.NOT_DECLARED),
    },
    ConditionType.UPGRADE_SUPPORTED: {
        Status.TRUE: (Reason.ALL_RULES_MET,),
        Status.UNKNOWN: (Reason.NO_COMPONENTS, Reason.TARGET_UNKNOWN),
    },
}
"""Words that are a reason of a condition where no finding decides, for checks that can be judged."""

_EFFECTS = {Status.TRUE: Effect.AT_RISK, Status.FALSE: Effect.UNSUPPORTED, Status.UNKNOWN: Effect.UNDETERMINED}
_SUMS = {
    ConditionType.SUPPORTED: tuple(SUMMED_UP),
    ConditionType.TICKET_ELIGIBLE: (*SUMMED_UP, ConditionType.MAINTENANCE_ACTIVE),
    ConditionType.UPGRADE_SUPPORTED: tuple(SUMMED_UP),
}
_BODY: NewJson = {"metadata": {}}
_NOW = datetime(1970, 1, 1, tzinfo=UTC)
_OTHERS = """\
## Ready, Reconciling, Stalled

For tools that read kstatus. With `enforcement: Report` they speak of the evaluation, with `Gate` of the verdict: of
`UpgradeSupported` where the check has a target, else of `Supported`.

{checks}
## Of a SupportPolicy

{policies}
Where it is not valid `problems` names each, and the last valid form stays in force.
"""


def page() -> str:
    """Return the page."""
    head = HEAD.format(unjudged=_listed(UNJUDGED))
    others = _OTHERS.format(checks=_written("check", _checks()), policies=_written("policy", _policies()))
    return head + "\n".join(map(_section, ConditionType)) + "\n" + others


def reasons(condition: ConditionType, status: Status) -> tuple[Code | Reason, ...]:
    """Return what the reason of a condition with that status may be, of a check that can be judged."""
    own = _SUMS.get(condition, (condition,))
    found = [code for code in Code if code.effect is _EFFECTS[status] and not set(own).isdisjoint(code.conditions)]
    return (*WORDS[condition].get(status, ()), *found)


def _section(condition: ConditionType) -> str:
    rows = [(f"`{status}`", _told(condition, status)) for status in Status]
    return f"## {condition}\n\nTrue when {TRUE_WHEN[condition]}.\n\n{table(('value', 'reasons'), rows)}"


def _told(condition: ConditionType, status: Status) -> str:
    words = WORDS[condition].get(status, ())
    parts = _SUMS.get(condition)
    if parts is None:
        return _listed(reasons(condition, status))
    if condition is ConditionType.SUPPORTED:
        rest = f"what is {_EFFECTS[status]} of its six parts"
    elif condition is ConditionType.UPGRADE_SUPPORTED:
        rest = f"what is {_EFFECTS[status]} of the six parts of `Supported`, after the upgrade"
    elif status is Status.TRUE:
        return _listed(words)
    else:
        rest = f"what is {_EFFECTS[status]} of the six parts of `Supported` and of `MaintenanceActive`"
    return ", ".join(filter(None, (_listed(words), rest)))


def _listed(found: Iterable[Code | Reason]) -> str:
    return ", ".join(map(linked, found))


def _checks() -> Iterator[tuple[str, NewJson]]:
    """Yield statuses of checks, by what makes them differ beside the conditions of the verdict."""
    policy = builtin_policy()
    for enforcement in Enforcement:
        for status in Status:
            decisive = Condition(ConditionType.SUPPORTED, status, "the verdict's reason", "")
            verdict = Verdict("", _NOW.date(), (decisive,), (), (), None, None, None)
            name = f"`{enforcement}`" + (f", verdict {status}" if enforcement is Enforcement.GATE else "")
            yield name, check_status(verdict, policy, "", enforcement, _BODY, _NOW)
    for why, is_stalled in (("only its author can mend that", True), ("waited for", False)):
        name = f"cannot be judged, {why}"
        yield name, unjudged_status("that of all conditions", "", _BODY, _NOW, is_stalled=is_stalled)


def _policies() -> Iterator[tuple[str, NewJson]]:
    for name, problems in (("valid", []), ("not valid", [Problem("spec", "")])):
        yield name, policy_status(None, {}, "", problems, _BODY, _NOW)


def _written(what: str, statuses: Iterable[tuple[str, NewJson]]) -> str:
    """Return a table of the conditions that are no verdict's, as the program itself writes them; the same row only once."""
    found = [
        (name, [each for each in status["conditions"] if each["type"] not in set(ConditionType)]) for name, status in statuses
    ]
    head = [what, *(f"`{each['type']}`" for each in found[0][1])]
    return table(head, dict.fromkeys((name, *map(_cell, conditions)) for name, conditions in found))


def _cell(condition: Mapping[str, str]) -> str:
    reason = condition["reason"]
    return f"{condition['status']}, {linked(reason) if reason in set(Reason) else reason}"
