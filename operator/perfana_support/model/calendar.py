"""Days as the policy counts them: UTC calendar days and calendar years.

Arithmetic stops at the calendar's first and last day, so that "9999-12-31", which people write for "never", is a day like
any other.
"""

from datetime import MAXYEAR, date, timedelta

_DAY_LENGTH = len("YYYY-MM-DD")


def add_years(day: date, years: int) -> date:
    """The same day `years` later; 29 February becomes 28 February where the year has none."""
    if day.year + years > MAXYEAR:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def add_days(day: date, days: int) -> date:
    """The day `days` later, or earlier when negative."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def day_after(day: date) -> date:
    """The next day."""
    return add_days(day, 1)


def parse_day(text: str) -> date | None:
    """The day that `YYYY-MM-DD` names, None for anything else.

    `date.fromisoformat` alone also takes `20260101` and `2026-W01-1`, which the API server would refuse.
    """
    if len(text) != _DAY_LENGTH or text[4] != "-" or text[7] != "-":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
