"""When support is there, and until when it answers first: the clock of a response target.

Windows are `[opening, closing)`: at the closing instant itself nobody is there any more, while a target may be due then.
Hours are real hours, also where the zone's clock is put forward or back in between.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from perfana_support.model.ticket_policy import Coverage, ResponseTarget, Unit

# How far ahead anybody looks, in days: the longest target, a thousand business days, takes four years of common weekdays, and
# holidays are few. Who is not there until then is not there.
HORIZON_DAYS = 7300
_DAY = timedelta(days=1)
_MIDNIGHT = time()


class Window(NamedTuple):
    """A stretch of covered time, in UTC; `ends_at` is not part of it."""

    starts_at: datetime
    ends_at: datetime


class Due(NamedTuple):
    """When the clock of a target starts, and when the first answer is due; both in UTC."""

    starts_at: datetime
    due_at: datetime


class NeverCoveredError(Exception):
    """The policy's coverage has no time in which the target could be met."""


def due(at: datetime, target: ResponseTarget, coverage: Coverage, zone: tzinfo, *, has_weekends: bool) -> Due:
    """When the first answer to a request is due.

    A target in hours runs in covered time alone. One in business days runs from weekday hours to the same time of day,
    whatever the plan covers beside them. Raises `NeverCoveredError`.
    """
    if target.unit is Unit.HOURS:
        return _after_hours(at.astimezone(UTC), target.amount, coverage, zone, has_weekends=has_weekends)
    return _after_business_days(at.astimezone(UTC), target.amount, coverage, zone)


def is_covered(at: datetime, coverage: Coverage, zone: tzinfo, *, has_weekends: bool) -> bool:
    """Whether support is there at an instant."""
    first = next(windows(at.astimezone(UTC), coverage, zone, has_weekends=has_weekends), None)
    return first is not None and first.starts_at <= at


def windows(at: datetime, coverage: Coverage, zone: tzinfo, *, has_weekends: bool) -> Iterator[Window]:
    """The windows that end after an instant, in order; those that touch are one. They end at the horizon."""
    open_one: Window | None = None
    # A window of the day before may still be open: a weekend's is cut at midnight.
    first = _first_day(at, zone)
    for offset in range(HORIZON_DAYS):
        for part in _parts(first + offset * _DAY, coverage, has_weekends=has_weekends):
            window = Window(_instant(*part[0], zone), _instant(*part[1], zone))
            if window.ends_at <= at or window.ends_at <= window.starts_at:
                continue
            if open_one is not None and window.starts_at <= open_one.ends_at:
                open_one = open_one._replace(ends_at=window.ends_at)
                continue
            if open_one is not None:
                yield open_one
            open_one = window
    if open_one is not None:
        yield open_one


def _after_hours(at: datetime, hours: int, coverage: Coverage, zone: tzinfo, *, has_weekends: bool) -> Due:
    left = timedelta(hours=hours)
    starts_at: datetime | None = None
    for window in windows(at, coverage, zone, has_weekends=has_weekends):
        begin = max(at, window.starts_at)
        starts_at = starts_at or begin
        if begin + left <= window.ends_at:
            return Due(starts_at, begin + left)
        left -= window.ends_at - begin
    raise NeverCoveredError


def _after_business_days(at: datetime, days: int, coverage: Coverage, zone: tzinfo) -> Due:
    window = next(windows(at, coverage, zone, has_weekends=False), None)
    if window is None:
        raise NeverCoveredError
    starts_at = max(at, window.starts_at)
    local = starts_at.astimezone(zone)
    day, left = local.date(), days
    for _ in range(HORIZON_DAYS):
        day += _DAY
        left -= _is_business_day(day, coverage)
        if not left:
            return Due(starts_at, _instant(day, local.time(), zone))
    raise NeverCoveredError


def _parts(day: date, coverage: Coverage, *, has_weekends: bool) -> Iterator[tuple[tuple[date, time], tuple[date, time]]]:
    """The covered parts of a vendor's day, as local times. A holiday takes weekday hours alone: weekends stay as they are."""
    opens, closes = (day, coverage.opens_at), (day, coverage.closes_at)
    midnight, end = (day, _MIDNIGHT), (day + _DAY, _MIDNIGHT)
    if not _is_weekday(day, coverage):
        if has_weekends:
            yield midnight, end
        return
    if has_weekends and not _is_weekday(day - _DAY, coverage):
        yield midnight, opens
    if _is_business_day(day, coverage):
        yield opens, closes
    if has_weekends and not _is_weekday(day + _DAY, coverage):
        yield closes, end


def _is_weekday(day: date, coverage: Coverage) -> bool:
    return day.weekday() in coverage.weekdays


def _is_business_day(day: date, coverage: Coverage) -> bool:
    return _is_weekday(day, coverage) and day not in coverage.holidays


def _first_day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date() - _DAY


def _instant(day: date, clock: time, zone: tzinfo) -> datetime:
    """A local time as an instant: of two that are spelt the same the first, and one that is left out counts on from before."""
    return datetime.combine(day, clock.replace(fold=0), zone).astimezone(UTC)
