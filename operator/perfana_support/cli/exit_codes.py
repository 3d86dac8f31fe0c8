"""Exit codes, the same for every command and format. Frozen: pipelines decide by them.

A crash or unreadable input can never be read as a verdict, for those codes mean nothing else.
"""

from collections.abc import Iterable
from enum import IntEnum

from perfana_support.model.code import ConditionType, Status
from perfana_support.model.verdict import Verdict


class ExitCode(IntEnum):
    """What the program's exit says."""

    SUPPORTED = 0
    INTERNAL_ERROR = 1
    BAD_INPUT = 2
    NOT_SUPPORTED = 3
    AT_RISK = 4
    UNDETERMINED = 5


_CODES = {
    Status.FALSE: ExitCode.NOT_SUPPORTED,
    Status.UNKNOWN: ExitCode.UNDETERMINED,
    Status.TRUE: ExitCode.SUPPORTED,
}


def exit_code(verdicts: Iterable[Verdict]) -> ExitCode:
    """The exit code of several verdicts: False beats Unknown beats True, of what runs and of what a target would make of it."""
    found = {
        condition.status
        for verdict in verdicts
        for condition in verdict.conditions
        if condition.type in (ConditionType.SUPPORTED, ConditionType.UPGRADE_SUPPORTED)
    }
    return next((code for status, code in _CODES.items() if status in found), ExitCode.UNDETERMINED)
