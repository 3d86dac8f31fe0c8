"""A finding: one rule's statement about one subject, with its evidence and what to do about it."""

from datetime import date
from typing import NamedTuple

from perfana_support.model.code import CODE_ORDER, EFFECT_ORDER, Code, Effect
from perfana_support.model.installation import Location, Subject


class Finding(NamedTuple):
    """What was found. `message` says what was seen and what was required, `remediation` what to do next.

    A waiver that holds sets `waived_until`, and `ignored_by` names what else the user set it aside with ("--ignore",
    "--baseline"): the finding stays visible and keeps its code and effect, but no longer counts.
    """

    code: Code
    subject: Subject
    message: str
    remediation: str
    location: Location | None = None
    waived_until: date | None = None
    ignored_by: str = ""

    @property
    def effect(self) -> Effect:
        """The effect that the code has while nothing waives it."""
        return self.code.effect

    @property
    def counts(self) -> bool:
        """Whether the finding takes part in the verdict."""
        return self.waived_until is None and not self.ignored_by

    @property
    def set_aside(self) -> str:
        """By what the finding does not count, as tables put it; "" for one that counts."""
        if self.waived_until:
            return f"waived until {self.waived_until}"
        return f"ignored by {self.ignored_by}" if self.ignored_by else ""

    @property
    def identity(self) -> tuple[str, ...]:
        """Code and subject: what makes two findings one and the same at different times."""
        return (str(self.code), *self.subject)

    @property
    def fingerprint(self) -> str:
        """The identity as text of 32 hex digits: it stays while lines, other findings and wordings change."""
        from hashlib import sha256  # noqa: PLC0415 - few formats need one, and OpenSSL costs every run milliseconds

        return sha256("\0".join(self.identity).encode(errors="backslashreplace")).hexdigest()[:32]


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
