"""Time as a cause: midnight, clocks that are set, machines that slept, and work that is spread."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest

from perfana_support.controller.calendar import resync, seconds_to_midnight, watch_calendar
from perfana_support.controller.desk import Desk
from perfana_support.controller.names import CHECKS
from tests.unit import virtual_time
from tests.unit.controller.fake_server import GOOD, FakeServer, Working

NOON = virtual_time.START
DAY = timedelta(days=1)


class Clock:
    """A wall clock that can be set, on top of the loop's time; and a desk that notes when it is told to judge all."""

    def __init__(self) -> None:
        self.shift = timedelta()
        self.told: list[tuple[datetime, float]] = []
        self.days: set[date] = set()

    @property
    def desk(self) -> Desk:
        return cast("Desk", self)

    def now(self) -> datetime:
        return virtual_time.now() + self.shift

    def take_days(self) -> set[date]:
        days, self.days = self.days, set()
        return days

    def judge_all_again(self, spread_seconds: float) -> None:
        self.told.append((self.now(), spread_seconds))


async def _watched(clock: Clock, seconds: float) -> None:
    watching = asyncio.create_task(watch_calendar(clock.desk, clock.now, 60.0))
    await asyncio.sleep(seconds)
    await virtual_time.end(watching)


def test_midnight_is_noticed_at_once_and_once_a_day() -> None:
    async def story() -> list[tuple[datetime, float]]:
        clock = Clock()
        await _watched(clock, 3 * 86400.0)
        return clock.told

    told = virtual_time.run(story())
    assert [moment.date() for moment, _ in told] == [(NOON + DAY * count).date() for count in (1, 2, 3)]
    assert all(
        timedelta() <= moment - moment.replace(hour=0, minute=0, second=0, microsecond=0) < timedelta(seconds=1)
        for moment, _ in told
    )
    assert {spread for _, spread in told} == {60.0}


@pytest.mark.parametrize("shift", [3 * DAY, -3 * DAY, DAY, -DAY, 400 * DAY], ids=str)
def test_clock_that_is_set_is_noticed_within_ten_seconds(shift: timedelta) -> None:
    async def story() -> tuple[int, int]:
        clock = Clock()
        watching = asyncio.create_task(watch_calendar(clock.desk, clock.now, 60.0))
        await asyncio.sleep(5)
        clock.shift = shift
        await asyncio.sleep(10)
        soon = len(clock.told)
        await asyncio.sleep(60)
        await virtual_time.end(watching)
        return soon, len(clock.told)

    assert virtual_time.run(story()) == (1, 1)


def test_clock_that_is_set_back_over_midnight_counts_that_midnight_again() -> None:
    async def story() -> int:
        clock = Clock()
        clock.shift = timedelta(hours=11, minutes=59, seconds=55)
        watching = asyncio.create_task(watch_calendar(clock.desk, clock.now, 60.0))
        await asyncio.sleep(6)
        clock.shift -= timedelta(seconds=5)
        await asyncio.sleep(30)
        await virtual_time.end(watching)
        return len(clock.told)

    # The day was new, then old, then new: how often the clock was seen on each side decides, the last word is the new day.
    assert virtual_time.run(story()) in (1, 3)


def test_clock_that_is_set_within_the_day_is_no_cause() -> None:
    async def story() -> list[tuple[datetime, float]]:
        clock = Clock()
        watching = asyncio.create_task(watch_calendar(clock.desk, clock.now, 60.0))
        for hours in (1, -3, 5):
            clock.shift = timedelta(hours=hours)
            await asyncio.sleep(20)
        await virtual_time.end(watching)
        return clock.told

    assert virtual_time.run(story()) == []


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (datetime(2026, 11, 24, tzinfo=UTC), 86400.01),
        (datetime(2026, 11, 24, 23, 59, 59, 999_999, UTC), 0.010001),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), 3600.01),
        (datetime(2026, 11, 25, 1, 0, tzinfo=UTC).astimezone(), 82800.01),
    ],
    ids=str,
)
def test_rest_of_the_day(moment: datetime, seconds: float) -> None:
    assert seconds_to_midnight(moment) == pytest.approx(seconds, abs=1e-6)


def test_resync_comes_again_and_again() -> None:
    async def story() -> list[tuple[datetime, float]]:
        clock = Clock()
        running = asyncio.create_task(resync(clock.desk, 3600.0, 60.0))
        await asyncio.sleep(3 * 3600 + 1)
        await virtual_time.end(running)
        return clock.told

    told = virtual_time.run(story())
    assert [moment - NOON for moment, _ in told] == [timedelta(hours=count) for count in (1, 2, 3)]
    assert {spread for _, spread in told} == {60.0}


def test_resync_that_is_quicker_than_the_spread_does_not_overtake_itself() -> None:
    async def story() -> list[tuple[datetime, float]]:
        clock = Clock()
        running = asyncio.create_task(resync(clock.desk, 20.0, 60.0))
        await asyncio.sleep(21)
        await virtual_time.end(running)
        return clock.told

    assert [spread for _, spread in virtual_time.run(story())] == [20.0]


async def _judged(count: int, spread_seconds: float) -> list[list[tuple[float, str]]]:
    """When each of many checks was judged after two calls, in seconds after the call."""
    server, rounds = FakeServer(), []
    async with Working(server) as working:
        for number in range(count):
            working.see(CHECKS, f"check-{number}", namespace=f"ns-{number}")
        await asyncio.sleep(60)
        judged: list[tuple[float, str]] = []
        judge = working.desk._judge  # noqa: SLF001 - to see what is judged without a write

        def noting(name, body):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            judged.append((virtual_time.seconds() - began, name.name))
            return judge(name, body)

        working.desk._judge = noting  # type: ignore[method-assign] # noqa: SLF001
        for _ in range(2):
            began = virtual_time.seconds()
            working.desk.judge_all_again(spread_seconds)
            await asyncio.sleep(600)
            rounds.append(list(judged))
            judged.clear()
    return rounds


def test_all_checks_are_judged_once_within_the_spread_and_each_at_its_own_moment() -> None:
    first, second = virtual_time.run(_judged(200, 60.0))
    assert Counter(name for _, name in first) == {f"check-{number}": 1 for number in range(200)}
    assert min(first)[0] >= 0
    assert max(first)[0] < 60.0
    assert {name: round(moment, 3) for moment, name in first} == {name: round(moment, 3) for moment, name in second}
    by_ten_seconds = Counter(int(moment // 10) for moment, _ in first)
    assert len(by_ten_seconds) == 6
    assert max(by_ten_seconds.values()) < 70


def test_without_a_spread_all_are_judged_at_once() -> None:
    first, _ = virtual_time.run(_judged(20, 0.0))
    assert len(first) == 20
    assert max(first)[0] < 0.01


def test_check_that_is_being_written_at_midnight_is_judged_by_the_new_day_as_well() -> None:
    async def story() -> tuple[str, str]:
        server = FakeServer()
        async with Working(server) as working:
            expiring = {"maintenance": {"plan": "Team", "expiresOn": "2026-11-24"}}
            working.run_image(GOOD)
            calendar = asyncio.create_task(watch_calendar(working.desk, virtual_time.now, 60.0))
            await asyncio.sleep(12 * 3600 - 1)
            server.write_seconds = 5.0
            working.see(CHECKS, "perfana", expiring)
            await asyncio.sleep(10)
            before = _maintenance(server)
            await asyncio.sleep(120)
            await virtual_time.end(calendar)
            return before, _maintenance(server)

    assert virtual_time.run(story()) == ("True", "False")


@pytest.mark.parametrize("leap", [DAY, -DAY], ids=["to the next day", "to the day before"])
def test_check_that_is_judged_while_the_clock_leaps_to_another_day_and_back_is_judged_again(leap: timedelta) -> None:
    """Between two looks at the clock, so that nobody sees but the check that it was another day."""

    async def story() -> list[str]:
        server, told, clock = FakeServer(), list[str](), Clock()
        async with Working(server) as working:
            working.desk._now = clock.now  # noqa: SLF001
            last_day = NOON.date() if leap > timedelta() else NOON.date() - DAY
            expiring = {"maintenance": {"plan": "Team", "expiresOn": last_day.isoformat()}}
            working.run_image(GOOD)
            calendar = asyncio.create_task(watch_calendar(working.desk, clock.now, 1.0))
            await asyncio.sleep(11)
            clock.shift = leap
            working.see(CHECKS, "perfana", expiring)
            await asyncio.sleep(3)
            told.append(_maintenance(server))
            clock.shift = timedelta()
            await asyncio.sleep(20)
            await virtual_time.end(calendar)
            return [*told, _maintenance(server)]

    assert virtual_time.run(story()) == (["False", "True"] if leap > timedelta() else ["True", "False"])


def _maintenance(server: FakeServer) -> str:
    conditions = server.status("perfana")["conditions"]
    return str(next(one["status"] for one in conditions if one["type"] == "MaintenanceActive"))
