"""MaintenanceActive: is there a plan with an unexpired maintenance period?"""

from collections.abc import Iterator
from datetime import date

from perfana_support.model.calendar import add_days, day_after
from perfana_support.model.check import Maintenance
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Subject
from perfana_support.model.support_policy import SupportRules

_RENEW = "renew the maintenance and set spec.maintenance.expiresOn of the SupportCheck"


def judge(maintenance: Maintenance | None, namespace: str, rules: SupportRules, as_of: date) -> Iterator[Finding]:
    """What is wrong with the declared maintenance; nothing where none is declared, which is Unknown and no finding."""
    if maintenance is None:
        return
    subject = Subject("Maintenance", namespace, maintenance.plan)
    if maintenance.plan not in rules.plans:
        # Nothing is known of the plan: the condition stays Unknown, as without a declaration.
        return
    if maintenance.plan not in rules.portal_plans:
        message = (
            f"plan {maintenance.plan} includes community support only; plans with support: {', '.join(rules.portal_plans)}"
        )
        yield Finding(Code.COMMUNITY_PLAN, subject, message, "obtain a plan with support before a ticket is raised")
        return
    end = maintenance.expires_on
    if end is None:
        return
    if as_of > end:
        message = f"the maintenance period of plan {maintenance.plan} ended on {end}; the software runs on without support"
        yield Finding(Code.MAINTENANCE_EXPIRED, subject, message, _RENEW, detail=end.isoformat())
    elif as_of >= add_days(end, -rules.maintenance_lookahead_days):
        message = f"the maintenance period of plan {maintenance.plan} ends on {end}"
        yield Finding(Code.MAINTENANCE_EXPIRING, subject, message, _RENEW, detail=end.isoformat())


def dates(maintenance: Maintenance | None, rules: SupportRules) -> Iterator[date]:
    """The days on which time alone may change what `judge` finds."""
    if maintenance is not None and maintenance.expires_on is not None:
        yield add_days(maintenance.expires_on, -rules.maintenance_lookahead_days)
        yield day_after(maintenance.expires_on)
