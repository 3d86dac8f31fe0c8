"""When an answer is due, counted minute by minute by a watch and a calendar: slow, with nothing of the program's arithmetic."""

from datetime import UTC, datetime, timedelta, tzinfo

from perfana_support.model.ticket_policy import Coverage, ResponseTarget, Unit

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# Two months of minutes.
MOST = 90_000


def is_weekday(local: datetime, coverage: Coverage) -> bool:
    return local.weekday() in coverage.weekdays


def in_weekday_hours(at: datetime, coverage: Coverage, zone: tzinfo) -> bool:
    local = at.astimezone(zone)
    if not is_weekday(local, coverage) or local.date() in coverage.holidays:
        return False
    return (
        (coverage.opens_at.hour, coverage.opens_at.minute)
        <= (local.hour, local.minute)
        < (
            coverage.closes_at.hour,
            coverage.closes_at.minute,
        )
    )


def in_weekend(at: datetime, coverage: Coverage, zone: tzinfo) -> bool:
    local = at.astimezone(zone).replace(tzinfo=None)
    if not is_weekday(local, coverage):
        return True
    if local.time() >= coverage.closes_at:
        return not is_weekday(local + DAY, coverage)
    return local.time() < coverage.opens_at and not is_weekday(local - DAY, coverage)


def is_open(at: datetime, coverage: Coverage, zone: tzinfo, *, has_weekends: bool) -> bool:
    return in_weekday_hours(at, coverage, zone) or (has_weekends and in_weekend(at, coverage, zone))


def due_by_the_minute(
    at: datetime, target: ResponseTarget, coverage: Coverage, zone: tzinfo, *, has_weekends: bool
) -> datetime:
    minute = at.astimezone(UTC)
    if target.unit is Unit.HOURS:
        left = target.amount * 60
        for _ in range(MOST):
            left -= is_open(minute, coverage, zone, has_weekends=has_weekends)
            minute += MINUTE
            if not left:
                return minute
        raise AssertionError(at)
    while not in_weekday_hours(minute, coverage, zone):
        minute += MINUTE
    start, left = minute.astimezone(zone), target.amount
    last = start.date()
    for _ in range(MOST):
        minute += MINUTE
        local = minute.astimezone(zone)
        if local.date() != last:
            last = local.date()
            left -= is_weekday(local, coverage) and last not in coverage.holidays
        if not left and (local.hour, local.minute) == (start.hour, start.minute):
            return minute
    raise AssertionError(at)
