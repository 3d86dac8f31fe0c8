"""The one place that reads the time."""

from datetime import UTC, date, datetime


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one module that may


def today() -> date:
    """Today, in UTC: the day that verdicts are counted by."""
    return now().date()
