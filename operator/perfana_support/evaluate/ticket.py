"""TicketEligible: may a ticket be raised for this installation?"""

from perfana_support.model.code import Code, ConditionType, Effect, Reason, Status
from perfana_support.model.finding import Finding
from perfana_support.model.verdict import Condition


def judge(supported: Condition, maintenance: Condition, findings: tuple[Finding, ...]) -> Condition:
    """The condition from the verdict on the installation and the maintenance.

    "The only exception is for assistance related to upgrading from your EOL version to a supported version": where end of
    life is all that is wrong, a ticket for that is possible.
    """
    blockers = [maintenance] if maintenance.status is Status.FALSE else []
    if supported.status is Status.FALSE and not _is_only_end_of_life(findings):
        blockers.append(_without_end_of_life(supported, findings))
    doubts = [part for part in (maintenance, supported) if part.status is Status.UNKNOWN]
    if blockers or doubts:
        return (blockers or doubts)[0]._replace(type=ConditionType.TICKET_ELIGIBLE)
    if supported.status is Status.TRUE:
        return _ticket(Status.TRUE, Reason.ALL_RULES_MET, "the installation is supported and its maintenance is active")
    undetermined = [finding for finding in _relevant(findings) if finding.effect is Effect.UNDETERMINED]
    if undetermined:
        return _ticket(Status.UNKNOWN, undetermined[0].code, undetermined[0].message)
    message = "end of life is all that is wrong: a ticket may ask for help with the upgrade, and only for that"
    return _ticket(Status.TRUE, Reason.UPGRADE_ASSISTANCE_ONLY, message)


def _without_end_of_life(supported: Condition, findings: tuple[Finding, ...]) -> Condition:
    """Why it is not supported beside its end of life, which alone would not keep a ticket out."""
    others = (each for each in _relevant(findings) if each.effect is Effect.UNSUPPORTED and each.code is not Code.END_OF_LIFE)
    first = next(others, None) if supported.reason == Code.END_OF_LIFE else None
    return supported._replace(reason=first.code, message=first.message) if first else supported


def _is_only_end_of_life(findings: tuple[Finding, ...]) -> bool:
    return all(finding.code is Code.END_OF_LIFE for finding in _relevant(findings) if finding.effect is Effect.UNSUPPORTED)


def _relevant(findings: tuple[Finding, ...]) -> list[Finding]:
    """The findings about the installation itself that count."""
    return [
        finding for finding in findings if finding.counts and ConditionType.MAINTENANCE_ACTIVE not in finding.code.conditions
    ]


def _ticket(status: Status, reason: str, message: str) -> Condition:
    return Condition(ConditionType.TICKET_ELIGIBLE, status, reason, message)
