"""Exit codes, the same for every command and format. Frozen: pipelines decide by them.

A crash or unreadable input can never be read as a verdict, for those codes mean nothing else.
"""

from collections.abc import Iterable
from enum import IntEnum

from perfana_support.model.code import Code, ConditionType, Effect, Status
from perfana_support.model.verdict import Condition, Verdict


class ExitCode(IntEnum):
    """What the program's exit says."""

    SUPPORTED = 0
    INTERNAL_ERROR = 1
    BAD_INPUT = 2
    NOT_SUPPORTED = 3
    AT_RISK = 4
    UNDETERMINED = 5


_RISKS = frozenset(str(code) for code in Code if code.effect is Effect.AT_RISK)


def exit_code(verdicts: Iterable[Verdict], *, fails_at_risk: bool = False, passes_unknown: bool = False) -> ExitCode:
    """The exit code of several verdicts: False beats Unknown beats at risk beats True.

    Of what runs and of what a target would make of it. What is at risk counts only if asked for (`fails_at_risk`); Unknown
    can be let pass (`passes_unknown`), but without any verdict there is nothing to pass.
    """
    verdicts = tuple(verdicts)
    judged = [
        condition
        for verdict in verdicts
        for condition in verdict.conditions
        if condition.type in (ConditionType.SUPPORTED, ConditionType.UPGRADE_SUPPORTED)
    ]
    found = {condition.status for condition in judged}
    if Status.FALSE in found:
        return ExitCode.NOT_SUPPORTED
    if not found or (Status.UNKNOWN in found and not passes_unknown):
        return ExitCode.UNDETERMINED
    is_at_risk = any(verdict.is_at_risk for verdict in verdicts) or any(map(_is_at_risk, judged))
    return ExitCode.AT_RISK if fails_at_risk and is_at_risk else ExitCode.SUPPORTED


def _is_at_risk(condition: Condition) -> bool:
    """Whether a condition names a risk, as `UpgradeSupported` does, whose findings are not the verdict's."""
    return condition.reason in _RISKS
