"""A finding: one rule's statement about one subject, with its evidence and what to do about it."""

from datetime import date
from typing import NamedTuple

from perfana_support.model.code import CODE_ORDER, EFFECT_ORDER, Code, Effect
from perfana_support.model.installation import Location, Subject

# Whole paths, options and digests of common length fit.
_MAX_DETAIL = 200


class Finding(NamedTuple):
    """What was found. `message` says what was seen and what was required, `remediation` what to do next.

    A waiver that holds sets `waived_until`, and `ignored_by` names what else the user set it aside with ("--ignore",
    "--baseline"): the finding stays visible and keeps its code and effect, but no longer counts.

    `detail` is what exactly was found where a rule can find a code more than once of a subject, or something else of it another
    day: a mount's path, a variable, a digest, a version; never a wording or a line. "" where code and subject say it all.
    """

    code: Code
    subject: Subject
    message: str
    remediation: str
    location: Location | None = None
    waived_until: date | None = None
    ignored_by: str = ""
    detail: str = ""

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
        """Code, subject and detail: what makes two findings one and the same at different times."""
        return (str(self.code), *self.subject, self.detail)

    @property
    def fingerprint(self) -> str:
        """The identity as text of 32 hex digits: it stays while lines, other findings and wordings change."""
        from hashlib import sha256  # noqa: PLC0415 - few formats need one, and OpenSSL costs every run milliseconds

        return sha256("\0".join(self.identity).encode(errors="backslashreplace")).hexdigest()[:32]


def exactly(*parts: str) -> str:
    """A finding's detail from its parts: bounded, since manifests bring along texts of any length, and still told apart."""
    text = " ".join(filter(None, parts))
    if len(text) <= _MAX_DETAIL:
        return text
    from hashlib import sha256  # noqa: PLC0415 - as above; texts of this length are rare

    return f"{text[:_MAX_DETAIL]}… {sha256(text.encode(errors='backslashreplace')).hexdigest()[:16]}"


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
        finding.detail,
        finding.location or Location("", 0),
    )
