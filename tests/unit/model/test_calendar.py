"""Days and calendar years."""

from datetime import MAXYEAR, date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.calendar import add_days, add_years, day_after, parse_day

NO_DAYS = [
    "",
    "2026",
    "2026-11",
    "2026-13-01",
    "2026-00-01",
    "2026-02-29",
    "2026-04-31",
    "0000-01-01",
    "26-11-24",
    "2026-1-24",
    "20261124",
    "2026-W48-2",
    "2026-11-24T00:00:00Z",
    " 2026-11-24",
    "2026-11-24\n",
    "24-11-2026",
    "2026/11/24",
    "tomorrow",
    "\uff12026-11-24",
]


@pytest.mark.parametrize(
    ("day", "years", "then"),
    [
        (date(2026, 3, 23), 2, date(2028, 3, 23)),
        (date(2024, 2, 29), 1, date(2025, 2, 28)),
        (date(2024, 2, 29), 2, date(2026, 2, 28)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        (date(2026, 2, 28), 2, date(2028, 2, 28)),
        (date(2025, 3, 1), 3, date(2028, 3, 1)),
        (date(2026, 12, 31), 0, date(2026, 12, 31)),
    ],
)
def test_years_are_calendar_years(day: date, years: int, then: date) -> None:
    assert add_years(day, years) == then


def test_calendar_ends_without_an_error() -> None:
    assert add_years(date.max, 2) == date.max
    assert add_years(date(MAXYEAR - 1, 2, 28), 2) == date.max
    assert add_days(date.max, 1) == date.max
    assert add_days(date.min, -1) == date.min
    assert add_days(date.max, 10**12) == date.max
    assert add_days(date.min, -(10**12)) == date.min
    assert day_after(date.max) == date.max


def test_day_after_is_the_next_one() -> None:
    assert day_after(date(2026, 12, 31)) == date(2027, 1, 1)
    assert day_after(date(2028, 2, 28)) == date(2028, 2, 29)


@pytest.mark.parametrize("text", NO_DAYS)
def test_other_forms_than_the_api_takes_are_no_day(text: str) -> None:
    assert parse_day(text) is None


@pytest.mark.parametrize("day", [date.min, date(2028, 2, 29), date.max])
def test_day_is_read_back(day: date) -> None:
    assert parse_day(day.isoformat()) == day


@given(st.dates(), st.integers(0, 100))
def test_later_years_are_never_earlier(day: date, years: int) -> None:
    assert day <= add_years(day, years) <= add_years(day, years + 1)


@given(st.dates(), st.integers(-(10**6), 10**6))
def test_days_go_in_their_direction(day: date, days: int) -> None:
    assert (add_days(day, days) >= day) if days >= 0 else (add_days(day, days) <= day)


@given(st.text(max_size=14))
def test_any_text_is_a_day_or_none(text: str) -> None:
    day = parse_day(text)
    assert day is None or day.isoformat() == text
