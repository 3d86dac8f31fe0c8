"""MaintenanceActive: a plan with an unexpired maintenance period."""

from datetime import date, timedelta
from typing import Any

import pytest

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Maintenance
from perfana_support.model.code import ConditionType, Status
from perfana_support.model.verdict import Verdict
from tests.unit.builders import codes, installation, policy, waiver, without_dependencies

NEWEST = "perfana/perfana-web:0.2.96.22"
END = date(2027, 3, 31)
DAY = timedelta(days=1)
LOOKAHEAD = timedelta(days=90)


def _judge(maintenance: Maintenance | None, as_of: date = END, *images: str, **check: Any) -> Verdict:  # noqa: ANN401 - fields of a check
    stated = Check(maintenance=maintenance)._replace(**check)
    return evaluate(installation(*(images or (NEWEST,))), without_dependencies(policy()), as_of, stated)


def _active(verdict: Verdict) -> tuple[Status, str]:
    condition = verdict.condition(ConditionType.MAINTENANCE_ACTIVE)
    return condition.status, condition.reason


@pytest.mark.parametrize("plan", ["Team", "Enterprise"])
@pytest.mark.parametrize(
    ("day", "status", "reason"),
    [
        (END - LOOKAHEAD - DAY, Status.TRUE, "AllRulesMet"),
        (END - LOOKAHEAD, Status.TRUE, "MaintenanceExpiring"),
        (END, Status.TRUE, "MaintenanceExpiring"),
        (END + DAY, Status.FALSE, "MaintenanceExpired"),
    ],
)
def test_last_day_belongs_to_the_maintenance(plan: str, day: date, status: Status, reason: str) -> None:
    assert _active(_judge(Maintenance(plan, END), day)) == (status, reason)


@pytest.mark.parametrize("end", [None, date.max, date(2020, 1, 1)])
def test_plan_without_portal_is_community_whatever_its_end(end: date | None) -> None:
    verdict = _judge(Maintenance("Free", end))
    assert _active(verdict) == (Status.FALSE, "CommunityPlan")
    assert codes(verdict) == ["CommunityPlan"]


def test_plan_without_end_is_not_declared_and_never_active() -> None:
    verdict = _judge(Maintenance("Team"))
    assert _active(verdict) == (Status.UNKNOWN, "NotDeclared")
    assert "Team" in verdict.condition(ConditionType.MAINTENANCE_ACTIVE).message


def test_nothing_declared_is_unknown() -> None:
    assert _active(_judge(None)) == (Status.UNKNOWN, "NotDeclared")


def test_maintenance_never_takes_part_in_supported() -> None:
    for maintenance in (None, Maintenance("Free"), Maintenance("Team", date(2020, 1, 1)), Maintenance("Team", END)):
        verdict = _judge(maintenance)
        assert verdict.condition(ConditionType.SUPPORTED) == _judge(None).condition(ConditionType.SUPPORTED)


def test_maintenance_is_judged_without_components() -> None:
    assert _active(_judge(Maintenance("Team", END), END + DAY, "nginx:1.29")) == (Status.FALSE, "MaintenanceExpired")


@pytest.mark.parametrize(
    ("as_of", "day", "reason"),
    [
        (date(2026, 11, 24), END - LOOKAHEAD, "MaintenanceExpiring"),
        (END - LOOKAHEAD, END + DAY, "MaintenanceExpired"),
        (END, END + DAY, "MaintenanceExpired"),
    ],
)
def test_end_of_maintenance_is_known_in_advance(as_of: date, day: date, reason: str) -> None:
    change = _judge(Maintenance("Team", END), as_of).next_transition
    assert change is not None
    assert (change.day, change.condition, change.reason) == (day, ConditionType.MAINTENANCE_ACTIVE, reason)


@pytest.mark.parametrize("end", [date.min, date.max])
def test_any_day_can_be_its_end(end: date) -> None:
    for as_of in (date.min, END, date.max):
        _judge(Maintenance("Team", end), as_of)


def test_waived_end_of_maintenance_does_not_count() -> None:
    verdict = _judge(Maintenance("Team", END), END + DAY, waivers=(waiver("MaintenanceExpired", END + 9 * DAY),))
    assert _active(verdict) == (Status.TRUE, "AllRulesMet")
    assert verdict.condition(ConditionType.TICKET_ELIGIBLE).status is Status.TRUE
    assert verdict.findings[-1].waived_until == END + 9 * DAY
