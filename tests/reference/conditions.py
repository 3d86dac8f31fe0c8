"""docs/reference/conditions.md: every condition with its three values and the reasons of each.

Which findings a condition has, and what they do to it, is the code's own table. Which words stand where no finding decides is a
table here, which a test holds against all verdicts of the corpus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfana_support.evaluate.verdict import SUMMED_UP
from perfana_support.model.code import Code, ConditionType, Effect, Reason, Status
from tests.reference.markup import MADE, linked, table

if TYPE_CHECKING:
    from collections.abc import Iterable

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
_EVALUATED, _VALID, _INVALID = linked(Reason.EVALUATED), linked(Reason.POLICY_VALID), linked(Reason.POLICY_INVALID)
_READY = table(
    ("condition", "`Report`", "`Gate`"),
    (
        ("`Ready`", f"True once judged, {_EVALUATED}", "status and reason of the verdict"),
        ("`Reconciling`", f"False once judged, {_EVALUATED}", "the same"),
        ("`Stalled`", f"False once judged, {_EVALUATED}", f"True on a definite no, {linked(Reason.NOT_SUPPORTED)}, else False"),
    ),
)
_POLICY = table(
    ("condition", "True", "False"),
    (
        ("`Valid`", _VALID, f"{_INVALID}: `problems` names each, and the last valid form stays in force"),
        ("`Ready`", _VALID, _INVALID),
        ("`Stalled`", _INVALID, _VALID),
    ),
)
KSTATUS = f"""\
## Ready, Reconciling, Stalled

For tools that read kstatus. With `enforcement: Report` they speak of the evaluation, with `Gate` of the verdict: of
`UpgradeSupported` where the check has a target, else of `Supported`.

{_READY}
Of a check that cannot be judged `Ready` is False. Where only its author can mend that, `Stalled` is True; else `Reconciling`
is: it is waited for.

## Of a SupportPolicy

{_POLICY}"""


def page() -> str:
    """Return the page."""
    head = HEAD.format(unjudged=_listed(UNJUDGED))
    return head + "\n".join(map(_section, ConditionType)) + "\n" + KSTATUS


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
