"""Reading `spec.support`: plans, and which of them have a portal."""

from typing import Any

import pytest

from perfana_support.model.document import Node, Problem
from perfana_support.model.support_policy import SupportRules, read_support
from perfana_support.sources.policy import builtin_policy


def _read(spec: dict[str, Any]) -> tuple[SupportRules, list[str]]:
    problems: list[Problem] = []
    rules = read_support(Node(spec, "spec.support", problems))
    return rules, [str(problem) for problem in problems]


def test_nothing_stated_is_no_plan_and_no_lookahead() -> None:
    assert _read({}) == (SupportRules((), (), 0, {}), [])


def test_plans_are_read_in_order_and_a_portal_must_be_stated() -> None:
    plans = [{"name": "Gold", "supportPortal": True}, {"name": "Free", "supportPortal": False}, {"name": "Other"}]
    spec = {"plans": plans, "maintenanceLookaheadDays": 30}
    assert _read(spec) == (SupportRules(("Gold", "Free", "Other"), ("Gold",), 30, spec), [])


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"plans": [{"supportPortal": True}]}, "spec.support.plans[0].name: is missing, must be the name of a plan"),
        (
            {"plans": [{"name": "a"}, {"name": "a"}]},
            "spec.support.plans[1].name: must be listed once, 'a' stands at [0] already",
        ),
        (
            {"plans": [{"name": "a", "x": 1}]},
            (
                "spec.support.plans[0].x: is not a known field, known are name, phoneSeverities, responseTargets, "
                "supportPortal, "
                "weekendCoverage"
            ),
        ),
        ({"plans": [{"name": "a", "supportPortal": 1}]}, "spec.support.plans[0].supportPortal: must be true or false, is 1"),
        (
            {"x": 1},
            (
                "spec.support.x: is not a known field, known are coverage, languages, maintenanceLookaheadDays, plans, portal, "
                "sentences, severities, topics"
            ),
        ),
        (
            {"maintenanceLookaheadDays": -1},
            "spec.support.maintenanceLookaheadDays: must be a whole number from 0 to 3650, is -1",
        ),
        (
            {"maintenanceLookaheadDays": 3651},
            "spec.support.maintenanceLookaheadDays: must be a whole number from 0 to 3650, is 3651",
        ),
    ],
)
def test_fault_names_path_and_form(spec: dict[str, Any], problem: str) -> None:
    assert _read(spec)[1] == [problem]


@pytest.mark.parametrize("days", [0, 3650])
def test_lookahead_takes_its_bounds(days: int) -> None:
    spec = {"maintenanceLookaheadDays": days}
    assert _read(spec) == (SupportRules(maintenance_lookahead_days=days, stated=spec), [])


def test_builtin_policy_has_the_vendors_plans() -> None:
    rules = builtin_policy().fields.support
    assert rules[:3] == (("Free", "Team", "Enterprise"), ("Team", "Enterprise"), 90)
