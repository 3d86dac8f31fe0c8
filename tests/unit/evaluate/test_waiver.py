"""Waivers: a finding stays visible and does not count, until a day that is known in advance."""

from datetime import date, timedelta

import pytest

from perfana_support.model.code import ConditionType, Status
from tests.unit.builders import FOREVER, TODAY, codes, judge, supported, waiver

OLD = "perfana/perfana-fe:perfana-3.1.0"
SNAPSHOT = "perfana/perfana-web:0.2.96.22-SNAPSHOT"
DAY = timedelta(days=1)
UNTIL = date(2027, 3, 31)


def test_waived_finding_stays_and_does_not_count() -> None:
    verdict = judge(OLD, waivers=(waiver("EndOfLife", UNTIL),))
    finding = next(finding for finding in verdict.findings if finding.code == "EndOfLife")
    assert (finding.waived_until, finding.counts, str(finding.effect)) == (UNTIL, False, "Unsupported")
    assert supported(verdict) is Status.TRUE
    assert verdict.condition(ConditionType.VERSION_SUPPORTED).reason == "AllRulesMet"


def test_waived_finding_stands_behind_those_that_count() -> None:
    assert codes(judge(OLD, waivers=(waiver("EndOfLife", UNTIL),))) == ["UpgradeAvailable", "EndOfLife"]


@pytest.mark.parametrize(("day", "status"), [(UNTIL - DAY, Status.TRUE), (UNTIL, Status.TRUE), (UNTIL + DAY, Status.FALSE)])
def test_last_day_belongs_to_the_waiver(day: date, status: Status) -> None:
    assert supported(judge(OLD, as_of=day, waivers=(waiver("EndOfLife", UNTIL),))) is status


def test_end_of_a_waiver_is_the_next_transition() -> None:
    transition = judge(OLD, waivers=(waiver("EndOfLife", UNTIL),)).next_transition
    assert transition is not None
    assert (transition.day, transition.condition, transition.status, transition.reason) == (
        UNTIL + DAY,
        ConditionType.VERSION_SUPPORTED,
        Status.FALSE,
        "EndOfLife",
    )


def test_waiver_without_end_holds_for_ever() -> None:
    verdict = judge(OLD, as_of=date.max, waivers=(waiver("EndOfLife", FOREVER), waiver("PolicyStale", FOREVER)))
    assert supported(verdict) is Status.TRUE
    assert verdict.next_transition is None


def test_waiver_without_end_is_no_transition() -> None:
    transition = judge(OLD, waivers=(waiver("EndOfLife", FOREVER),)).next_transition
    assert transition is not None
    assert transition.reason == "PolicyStale"


def test_longest_of_several_waivers_holds() -> None:
    waivers = (waiver("EndOfLife", TODAY), waiver("EndOfLife", UNTIL), waiver("EndOfLife", TODAY + DAY))
    verdict = judge(OLD, waivers=waivers)
    assert [finding.waived_until for finding in verdict.findings if finding.code == "EndOfLife"] == [UNTIL]


def test_waiver_of_one_code_leaves_the_other() -> None:
    verdict = judge(OLD + "-SNAPSHOT", waivers=(waiver("EndOfLife", UNTIL),))
    assert supported(verdict) is Status.FALSE
    assert verdict.condition(ConditionType.SUPPORTED).reason == "SnapshotBuild"


@pytest.mark.parametrize(
    ("subject", "status"),
    [
        ({"kind": "Deployment", "name": "w1"}, Status.TRUE),
        ({"kind": "Deployment", "name": "w0"}, Status.FALSE),
        ({"kind": "StatefulSet"}, Status.FALSE),
        ({"container": "c0"}, Status.TRUE),
    ],
)
def test_waiver_counts_for_its_subject_alone(subject: dict[str, str], status: Status) -> None:
    verdict = judge("perfana/perfana-web:0.2.96.22", SNAPSHOT, waivers=(waiver("SnapshotBuild", UNTIL, **subject),))
    assert supported(verdict) is status


def test_waiver_makes_nothing_out_of_no_components() -> None:
    verdict = judge("{{ x }}", waivers=(waiver("VersionUndetermined", UNTIL),))
    assert supported(verdict) is Status.UNKNOWN
    assert verdict.condition(ConditionType.SUPPORTED).reason == "NoComponents"


def test_waiver_of_an_unknown_code_changes_nothing() -> None:
    assert judge(OLD, waivers=(waiver("EndOfLive", UNTIL),)).findings == judge(OLD).findings
