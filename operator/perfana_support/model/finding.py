"""A finding: one rule's statement about one subject, with its evidence and what to do about it."""

from datetime import date
from typing import NamedTuple

from perfana_support.model.code import CODE_ORDER, EFFECT_ORDER, Code, Effect
from perfana_support.model.installation import Location, Subject


class Finding(NamedTuple):
    """What was found. `message` says what was seen and what was required, `remediation` what to do next.

    A waiver that holds sets `waived_until`: the finding stays visible and keeps its code and effect, but no longer counts.
    """

    code: Code
    subject: Subject
    message: str
    remediation: str
    location: Location | None = None
    waived_until: date | None = None

    @property
    def effect(self) -> Effect:
        """The effect that the code has while nothing waives it."""
        return self.code.effect

    @property
    def counts(self) -> bool:
        """Whether the finding takes part in the verdict."""
        return self.waived_until is None


def severity(finding: Finding) -> tuple[object, ...]:
    """Sort key: counting findings before waived ones, the worst effect first, then by code and subject.

    Total over distinct findings, so that the order of containers or documents never shows in a report.
    """
    return (
        not finding.counts,
        EFFECT_ORDER[finding.effect],
        CODE_ORDER[finding.code],
        finding.subject,
        finding.message,
        finding.location or Location("", 0),
    )
