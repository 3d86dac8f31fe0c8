"""When the first answer is due: by hand (tests/data/corpus/response-times.yaml), by the minute, and what holds for any time."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.coverage import HORIZON_DAYS, NeverCoveredError, due, is_covered, windows
from perfana_support.model.ticket_policy import Coverage, ResponseTarget, TicketRules, Unit, ticket_rules
from perfana_support.sources.zone import read_zone
from tests.corpus.cases import CORPUS, load
from tests.unit.builders import policy
from tests.unit.evaluate.response_oracle import due_by_the_minute, is_open

GROUPS: list[dict[str, Any]] = load(CORPUS / "response-times.yaml")
FIELDS = {"name", "plan", "severity", "support", "times"}
WORKWEEK = Coverage("+01:00", time(8), time(17), frozenset(range(5)), frozenset())
ZONES = ["+01:00", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]


class Row(NamedTuple):
    """One request of a group, and when its answer is due."""

    group: Mapping[str, Any]
    at: datetime
    due_at: datetime


def rows() -> list[Row]:
    """List all requests."""
    return [
        Row(group, datetime.fromisoformat(at), datetime.fromisoformat(due_at))
        for group in GROUPS
        for at, due_at in group["times"].items()
    ]


ROWS = rows()


def name_of(row: Row) -> str:
    return f"{row.group['name']}-{row.at.isoformat()}".replace(" ", "-")


def rules_of(group: Mapping[str, Any]) -> TicketRules:
    return ticket_rules(policy({"support": group["support"]} if "support" in group else None).fields.support)


def case_of(row: Row) -> tuple[ResponseTarget, Coverage, tzinfo, bool]:
    rules = rules_of(row.group)
    plan = rules.plans[row.group["plan"]]
    assert rules.coverage
    return plan.targets[row.group["severity"]], rules.coverage, read_zone(rules.coverage.zone, ""), plan.has_weekends


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_due_by_hand(row: Row) -> None:
    target, coverage, zone, has_weekends = case_of(row)
    found = due(row.at, target, coverage, zone, has_weekends=has_weekends).due_at
    assert found.astimezone(zone).isoformat() == row.due_at.isoformat()


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_due_by_the_minute(row: Row) -> None:
    target, coverage, zone, has_weekends = case_of(row)
    assert due_by_the_minute(row.at, target, coverage, zone, has_weekends=has_weekends) == row.due_at


def test_table_is_large_and_has_known_fields_and_unique_names() -> None:
    assert len(ROWS) >= 80
    assert {field for group in GROUPS for field in group} <= FIELDS
    names = [group["name"] for group in GROUPS]
    assert sorted(set(names)) == sorted(names)


def test_table_has_each_plan_with_each_severity_and_the_edges_of_a_weekend() -> None:
    plain = [group for group in GROUPS if "support" not in group]
    assert {(group["plan"], group["severity"]) for group in plain} == {
        (plan, f"SEV{place}") for plan in ("Team", "Enterprise") for place in range(1, 5)
    }
    for plan in ("Team", "Enterprise"):
        times = {time for group in plain if group["plan"] == plan for time in group["times"]}
        edges = {"2026-11-27T16:59+01:00", "2026-11-27T17:00+01:00", "2026-11-28T12:00+01:00", "2026-11-30T07:59+01:00"}
        assert edges <= times


# --- edges


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "team", "enterprise"),
    [
        ("2026-11-27T07:59:59+01:00", False, False),
        ("2026-11-27T08:00:00+01:00", True, True),
        ("2026-11-27T16:59:59+01:00", True, True),
        ("2026-11-27T17:00:00+01:00", False, True),
        ("2026-11-29T23:59:59+01:00", False, True),
        ("2026-11-30T07:59:59+01:00", False, True),
        ("2026-11-30T08:00:00+01:00", True, True),
        ("2026-11-30T17:00:00+01:00", False, False),
    ],
)
def test_window_is_open_at_its_opening_and_closed_at_its_closing(text: str, *, team: bool, enterprise: bool) -> None:
    zone = read_zone("+01:00", "")
    assert is_covered(at(text), WORKWEEK, zone, has_weekends=False) is team
    assert is_covered(at(text), WORKWEEK, zone, has_weekends=True) is enterprise


def test_weekend_has_no_gap() -> None:
    zone = read_zone("+01:00", "")
    first = next(windows(at("2026-11-27T07:00+01:00").astimezone(UTC), WORKWEEK, zone, has_weekends=True))
    assert (first.starts_at, first.ends_at) == (at("2026-11-27T08:00+01:00"), at("2026-11-30T17:00+01:00"))


def test_clock_starts_with_the_request_or_at_the_next_opening() -> None:
    zone, target = read_zone("+01:00", ""), ResponseTarget(1, Unit.HOURS)
    within = due(at("2026-11-26T16:30+01:00"), target, WORKWEEK, zone, has_weekends=False)
    outside = due(at("2026-11-27T17:00+01:00"), target, WORKWEEK, zone, has_weekends=False)
    assert (within.starts_at, outside.starts_at) == (at("2026-11-26T16:30+01:00"), at("2026-11-30T08:00+01:00"))


def test_instants_are_in_utc() -> None:
    for unit in Unit:
        found = due(
            at("2026-11-26T16:30+01:00"), ResponseTarget(1, unit), WORKWEEK, read_zone("+01:00", ""), has_weekends=False
        )
        assert (found.starts_at.tzinfo, found.due_at.tzinfo) == (UTC, UTC)
    first = next(windows(at("2026-11-26T16:30+01:00"), WORKWEEK, read_zone("+01:00", ""), has_weekends=False))
    assert (first.starts_at.tzinfo, first.ends_at.tzinfo) == (UTC, UTC)


def test_seconds_count() -> None:
    target = ResponseTarget(2, Unit.HOURS)
    found = due(at("2026-11-27T16:59:30+01:00"), target, WORKWEEK, read_zone("+01:00", ""), has_weekends=False)
    assert found.due_at == at("2026-11-30T09:59:30+01:00")


@pytest.mark.parametrize("unit", Unit)
def test_coverage_that_never_is_ends_in_an_error(unit: Unit) -> None:
    days = frozenset(date(2026, 1, 1) + timedelta(days=place) for place in range(HORIZON_DAYS + 400))
    never = WORKWEEK._replace(holidays=days)
    with pytest.raises(NeverCoveredError):
        due(at("2026-11-27T17:00+01:00"), ResponseTarget(1, unit), never, read_zone("+01:00", ""), has_weekends=False)


def test_minutes_of_coverage_that_do_not_suffice_end_in_an_error() -> None:
    narrow = WORKWEEK._replace(closes_at=time(8, 1), weekdays=frozenset({0}))
    with pytest.raises(NeverCoveredError):
        due(at("2026-11-27T17:00Z"), ResponseTarget(1000, Unit.HOURS), narrow, read_zone("+01:00", ""), has_weekends=False)


def test_business_days_beyond_the_horizon_end_in_an_error() -> None:
    mondays = WORKWEEK._replace(weekdays=frozenset({0}), holidays=frozenset({date(2026, 12, 7)}))
    plenty = ResponseTarget(HORIZON_DAYS, Unit.BUSINESS_DAYS)
    with pytest.raises(NeverCoveredError):
        due(at("2026-11-30T12:00Z"), plenty, mondays, read_zone("+01:00", ""), has_weekends=False)


# --- what holds for any time


@cache
def zone_of(name: str) -> tzinfo:
    return read_zone(name, "")


@st.composite
def coverages(draw: st.DrawFn) -> Coverage:
    """Hours between 4:00 and 23:00, where no clock changes."""
    opens, closes = sorted(draw(st.lists(st.integers(8, 45), min_size=2, max_size=2, unique=True)))
    weekdays = draw(st.frozensets(st.integers(0, 6), min_size=1, max_size=7))
    holidays = draw(st.frozensets(st.dates(date(2026, 10, 1), date(2027, 4, 30)), max_size=6))
    opens_at, closes_at = (time(each // 2, each % 2 * 30) for each in (opens, closes))
    return Coverage(draw(st.sampled_from(ZONES)), opens_at, closes_at, weekdays, holidays)


INSTANTS = st.datetimes(datetime(2026, 10, 1), datetime(2027, 4, 30)).map(  # noqa: DTZ001 - the zone comes below
    lambda each: each.replace(second=0, microsecond=0, tzinfo=UTC)
)
TARGETS = st.one_of(
    st.builds(ResponseTarget, st.integers(1, 30), st.just(Unit.HOURS)),
    st.builds(ResponseTarget, st.integers(1, 4), st.just(Unit.BUSINESS_DAYS)),
)


@given(INSTANTS, TARGETS, coverages(), st.booleans())
def test_program_and_watch_agree(moment: datetime, target: ResponseTarget, coverage: Coverage, weekends: bool) -> None:  # noqa: FBT001 - drawn
    small = target._replace(amount=min(target.amount, 6))
    zone = zone_of(coverage.zone)
    found = due(moment, small, coverage, zone, has_weekends=weekends).due_at
    if found - moment < timedelta(days=20):
        assert found == due_by_the_minute(moment, small, coverage, zone, has_weekends=weekends)


@given(INSTANTS, TARGETS, coverages(), st.booleans())
def test_due_is_after_its_clock_starts_and_never_before_the_request(
    moment: datetime,
    target: ResponseTarget,
    coverage: Coverage,
    weekends: bool,  # noqa: FBT001 - drawn
) -> None:
    found = due(moment, target, coverage, zone_of(coverage.zone), has_weekends=weekends)
    assert moment <= found.starts_at < found.due_at


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=9)), TARGETS, coverages(), st.booleans())
def test_later_request_is_never_due_earlier(
    moment: datetime,
    delay: timedelta,
    target: ResponseTarget,
    coverage: Coverage,
    weekends: bool,  # noqa: FBT001 - drawn
) -> None:
    zone = zone_of(coverage.zone)
    one, other = (due(each, target, coverage, zone, has_weekends=weekends) for each in (moment, moment + delay))
    assert one.due_at <= other.due_at
    assert one.starts_at <= other.starts_at


@given(INSTANTS, TARGETS, coverages(), st.booleans())
def test_due_lies_in_covered_time_or_at_its_closing(
    moment: datetime,
    target: ResponseTarget,
    coverage: Coverage,
    weekends: bool,  # noqa: FBT001 - drawn
) -> None:
    zone = zone_of(coverage.zone)
    found = due(moment, target, coverage, zone, has_weekends=weekends)
    assert is_open(found.due_at - timedelta(microseconds=1), coverage, zone, has_weekends=weekends) or (
        target.unit is Unit.BUSINESS_DAYS and is_open(found.due_at, coverage, zone, has_weekends=weekends)
    )
    assert is_open(found.starts_at, coverage, zone, has_weekends=weekends)


@given(INSTANTS, TARGETS, coverages())
def test_coverage_of_weekends_never_makes_it_later(moment: datetime, target: ResponseTarget, coverage: Coverage) -> None:
    zone = zone_of(coverage.zone)
    with_weekends, without = (due(moment, target, coverage, zone, has_weekends=each).due_at for each in (True, False))
    assert with_weekends <= without
    if target.unit is Unit.BUSINESS_DAYS:
        assert with_weekends == without


@given(INSTANTS, TARGETS, coverages(), st.dates(date(2026, 10, 1), date(2027, 4, 30)), st.booleans())
def test_one_more_holiday_never_makes_it_earlier(
    moment: datetime,
    target: ResponseTarget,
    coverage: Coverage,
    holiday: date,
    weekends: bool,  # noqa: FBT001 - drawn
) -> None:
    zone = zone_of(coverage.zone)
    more = coverage._replace(holidays=coverage.holidays | {holiday})
    fewer = due(moment, target, coverage, zone, has_weekends=weekends).due_at
    assert fewer <= due(moment, target, more, zone, has_weekends=weekends).due_at


@given(INSTANTS, st.integers(1, 30), coverages(), st.booleans())
def test_larger_target_is_due_later(moment: datetime, amount: int, coverage: Coverage, weekends: bool) -> None:  # noqa: FBT001 - drawn
    zone = zone_of(coverage.zone)
    for unit in Unit:
        one, other = (
            due(moment, ResponseTarget(each, unit), coverage, zone, has_weekends=weekends).due_at
            for each in (amount, amount + 1)
        )
        assert one < other


@given(INSTANTS, coverages(), st.booleans())
def test_windows_come_in_order_and_do_not_touch(moment: datetime, coverage: Coverage, weekends: bool) -> None:  # noqa: FBT001 - drawn
    found = [
        window
        for window, _ in zip(windows(moment, coverage, zone_of(coverage.zone), has_weekends=weekends), range(8), strict=False)
    ]
    assert all(window.starts_at < window.ends_at for window in found)
    assert all(one.ends_at < other.starts_at for one, other in pairwise(found))
    assert found[0].ends_at > moment
