"""What a verdict announces is what comes: until that day nothing changes, and on that day this does."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Maintenance, Target
from perfana_support.model.code import Code, ConditionType
from perfana_support.model.installation import Declared, Installation, Platform
from perfana_support.model.verdict import Verdict
from tests.unit.builders import policy, waiver
from tests.unit.cluster_objects import CIRCUMSTANCES, Circumstances, held, observed
from tests.unit.installations import Objects, installations

SPECS: list[dict[str, Any]] = [
    {},
    {"endOfLife": {"clockStartsAt": "OwnRelease", "years": 2, "lookaheadDays": 30}},
    {"endOfLife": {"clockStartsAt": "SuccessorRelease", "years": 1, "lookaheadDays": 0}},
    {"endOfLife": {"clockStartsAt": "SuccessorRelease", "years": 3, "lookaheadDays": 700}, "maxPolicyAgeDays": 2000},
    {"maxPolicyAgeDays": 7},
    {"publishedOn": "2025-05-05", "support": {"maintenanceLookaheadDays": 0}},
    {"lines": [{"name": "0.2", "firstReleasedOn": "2026-03-23", "endOfLifeOn": "2028-02-29"}]},
    {"platform": {"distributions": [{"name": "eks", "extendedSupport": "Optional"}]}},
]
RULES = [policy(spec) for spec in SPECS]
NEAR = st.dates(date(2025, 1, 1), date(2030, 12, 31))
WAIVERS = st.lists(st.builds(waiver, st.sampled_from(sorted(Code)), NEAR), max_size=3).map(tuple)
CHECKS = st.builds(
    Check,
    policy=st.none(),
    selector=st.just(()),
    waivers=WAIVERS,
    target=st.sampled_from([None, Target("0.2.96.22")]),
    maintenance=st.none() | st.builds(Maintenance, st.sampled_from(["Team", "Free", "Acme"]), st.none() | NEAR),
    declared=st.sampled_from(
        [(), (Declared("postgresql", "15"), Declared("timescaledb", "2.28")), (Declared("mongodb", "7.0"),)]
    ),
    platform=st.sampled_from([None, Platform("v1.34.1"), Platform("v1.33.1-eks-1a2b3c"), Platform("v1.32.0", "openshift")]),
)
SERVERS = st.sampled_from(["", "v1.36.3", "v1.18.0", "v1.34.4-gke.100", "v1.33.4-eks-1a2b3c", "v1.31.9+rke2r1"])
# As many days of a long wait are looked at as of a short one.
MOST_DAYS = 12


def _state(verdict: Verdict) -> dict[ConditionType, tuple[str, str]]:
    return {each.type: (each.status, each.reason) for each in verdict.conditions}


@st.composite
def _subjects(draw: st.DrawFn) -> Installation:
    objects: Objects = draw(installations())
    circumstances: Circumstances = draw(CIRCUMSTANCES)
    found = observed(held(objects, circumstances), draw(SERVERS))
    return found if draw(st.booleans()) else found._replace(platform=None)


@given(_subjects(), CHECKS, st.integers(0, len(RULES) - 1), NEAR, st.data())
def test_announced_transition_is_the_next_change(
    subject: Installation, check: Check, which: int, as_of: date, data: st.DataObject
) -> None:
    rules = RULES[which]
    now = evaluate(subject, rules, as_of, check)
    announced = now.next_transition
    last = announced.day - timedelta(1) if announced else date(2045, 1, 1)
    waited = (last - as_of).days
    days = {as_of + timedelta(day) for day in range(1, min(waited, 2) + 1)} | {last}
    if waited > MOST_DAYS:
        days |= set(data.draw(st.lists(st.dates(as_of, last), max_size=MOST_DAYS)))
    for day in days:
        assert _state(evaluate(subject, rules, day, check)) == _state(now), day
    if announced:
        then = evaluate(subject, rules, announced.day, check)
        assert _state(then)[announced.condition] == (announced.status, announced.reason)
        assert _state(then) != _state(now)
        assert then.next_transition is None or then.next_transition.day > announced.day
