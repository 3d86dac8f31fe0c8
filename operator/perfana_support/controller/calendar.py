"""Time as the operator's only cause without an event: verdicts change at 00:00 UTC."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as day_time

from perfana_support.controller.desk import Desk

# However far midnight is: a clock that somebody sets, and a machine that slept, are noticed after this long.
LOOK_SECONDS = 10.0

log = logging.getLogger(__name__)


async def watch_calendar(
    desk: Desk, now: Callable[[], datetime], spread_seconds: float, look_seconds: float = LOOK_SECONDS
) -> None:
    """Judge all checks again on a new day, spread so that they do not all write at once; until cancelled.

    A clock may leap to another day and back between two looks: what was judged meanwhile is judged again too.
    """
    day = now().date()
    while True:
        await asyncio.sleep(min(look_seconds, seconds_to_midnight(now())))
        today = now().date()
        others = (desk.take_days() | {day}) - {today}
        if others:
            log.info("the day is %s now, was %s: judging all checks again", today, ", ".join(map(str, sorted(others))))
            day = today
            desk.judge_all_again(spread_seconds)


async def resync(desk: Desk, seconds: float, spread_seconds: float) -> None:
    """Judge all checks again now and then without a cause: what no event told of is found so; until cancelled."""
    while True:
        await asyncio.sleep(seconds)
        desk.judge_all_again(min(seconds, spread_seconds))


def seconds_to_midnight(now: datetime) -> float:
    """How long the day lasts, in UTC; a moment more, so that it is surely over then."""
    midnight = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), day_time(), UTC)
    return (midnight - now).total_seconds() + 0.01
