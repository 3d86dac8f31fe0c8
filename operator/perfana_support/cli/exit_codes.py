"""Exit codes, the same for every command and format. Frozen: pipelines decide by them.

A crash or unreadable input can never be read as a verdict, for those codes mean nothing else.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum

from perfana_support.model.code import DECIDING, Effect, Status
from perfana_support.model.finding import Finding
from perfana_support.model.verdict import Verdict


class ExitCode(IntEnum):
    """What the program's exit says."""

    SUPPORTED = 0
    INTERNAL_ERROR = 1
    BAD_INPUT = 2
    NOT_SUPPORTED = 3
    AT_RISK = 4
    UNDETERMINED = 5


class Tally:
    """What verdicts said, of what runs and of what a target would make of it: of thousands nothing else has to be kept."""

    def __init__(self) -> None:
        self._found: set[Status] = set()
        self._is_at_risk = False
        self._is_whole = True

    def counting(self, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
        """The verdicts, each counted in as it is taken. Before all are taken there is no exit code."""
        self._is_whole = False
        for verdict in verdicts:
            self._add(verdict)
            yield verdict
        self._is_whole = True

    def _add(self, verdict: Verdict) -> None:
        self._found.update(condition.status for condition in verdict.conditions if condition.type in DECIDING)
        self._is_at_risk = self._is_at_risk or verdict.is_at_risk or any(map(_is_risk, verdict.upgrade_findings))

    def exit_code(self, *, fails_at_risk: bool = False, passes_unknown: bool = False) -> ExitCode:
        """The exit code of all verdicts: False beats Unknown beats at risk beats True.

        What is at risk counts only if asked for (`fails_at_risk`); Unknown can be let pass (`passes_unknown`), but without any
        verdict there is nothing to pass.
        """
        if not self._is_whole:
            raise RuntimeError("a report ended before the verdicts did")
        if Status.FALSE in self._found:
            return ExitCode.NOT_SUPPORTED
        if not self._found or (Status.UNKNOWN in self._found and not passes_unknown):
            return ExitCode.UNDETERMINED
        return ExitCode.AT_RISK if fails_at_risk and self._is_at_risk else ExitCode.SUPPORTED


def _is_risk(finding: Finding) -> bool:
    return finding.counts and finding.effect is Effect.AT_RISK
