"""The pace: at once at first, then no more than a share of the time, and in the end always."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.controller.names import CHECKS
from perfana_support.controller.pace import LEAST_REST_SECONDS, MOST_REST_SECONDS, OWED_SECONDS, REST, Pace
from tests.unit import virtual_time
from tests.unit.controller.fake_server import GOOD, OLD, FakeServer, Working, condition

EVERY = 1.5
"""Seconds between changes that are each alone, however slow the machine judges."""


def _count(pace: Pace[str], now: float, work_seconds: float) -> int:
    """Come at one moment as often as may be."""
    count = 0
    while not pace.wait("a", now) and count < 10_000:
        pace.spend("a", now, work_seconds)
        count += 1
    return count


@pytest.mark.parametrize(("work_seconds", "times"), [(0.0, 101), (0.001, 101), (0.004, 26), (0.01, 11), (0.05, 3), (10.0, 3)])
def test_some_come_at_once_fewer_if_they_take_long(work_seconds: float, times: int) -> None:
    pace: Pace[str] = Pace()
    assert times - 1 <= _count(pace, 5.0, work_seconds) <= times + 1
    assert pace.wait("a", 5.0) <= MOST_REST_SECONDS
    assert pace.wait("b", 5.0) == 0
    assert pace.wait("a", 5.0 + MOST_REST_SECONDS) == 0


def test_time_pays_off_what_is_owed_and_no_more() -> None:
    pace: Pace[str] = Pace()
    first = _count(pace, 0.0, 0.01)
    assert _count(pace, 3600.0, 0.01) == first


def test_who_is_forgotten_leaves_nothing() -> None:
    pace: Pace[str] = Pace()
    pace.spend("a", 0.0, 1.0)
    pace.forget("a")
    pace.forget("b")
    assert len(pace) == 0


@given(st.lists(st.tuples(st.floats(0, 0.1), st.floats(0, 0.05)), min_size=1, max_size=300))
def test_who_waits_as_told_works_a_twentieth_of_the_time_at_most(visits: list[tuple[float, float]]) -> None:
    pace: Pace[str] = Pace()
    now = worked = 0.0
    for gap, work in visits:
        now += gap
        now += pace.wait("a", now)
        pace.spend("a", now, work)
        worked += work
    assert worked <= (now + OWED_SECONDS + MOST_REST_SECONDS) / REST + 1e-6


def test_storm_of_foreign_pods_costs_few_judgements_and_the_last_pod_counts() -> None:
    seconds = 3

    async def story() -> tuple[float, FakeServer]:
        async with Working(FakeServer()) as working:
            working.run_image(GOOD)
            working.see(CHECKS, "perfana")
            for number in range(500 * seconds):
                working.run_image(f"nginx:1.{number}", f"foreign-{number % 50}", "Pod")
                await asyncio.sleep(0.002)
            working.run_image(OLD)
            await asyncio.sleep(MOST_REST_SECONDS)
            return working.metrics.registry.get_sample_value("perfana_support_evaluation_seconds_count") or 0, working.server

    judged, server = virtual_time.run(story())
    assert judged <= (seconds + OWED_SECONDS + MOST_REST_SECONDS) / LEAST_REST_SECONDS + 5
    assert condition(server.status("perfana"), "VersionSupported") == ("False", "EndOfLife")


def test_lone_change_is_judged_at_once() -> None:
    async def story() -> FakeServer:
        async with Working(FakeServer()) as working:
            working.run_image(GOOD)
            working.see(CHECKS, "perfana")
            for image in (OLD, GOOD) * 20:
                await asyncio.sleep(EVERY)
                working.run_image(image)
            await asyncio.sleep(0)
        return working.server

    server = virtual_time.run(story())
    assert [round(write.at / EVERY, 3) for write in server.writes] == list(range(len(server.writes)))
    assert len(server.writes) >= 40


def test_new_spec_does_not_wait_for_the_storm_to_end() -> None:
    async def story() -> FakeServer:
        async with Working(FakeServer()) as working:
            working.see(CHECKS, "perfana")
            for number in range(200):
                working.run_image(f"nginx:1.{number}", "foreign", "Pod")
                await asyncio.sleep(0.002)
            working.see(CHECKS, "perfana", {"policyRef": {"name": "none"}})
            await asyncio.sleep(0.002)
        return working.server

    assert condition(virtual_time.run(story()).status("perfana")) == ("Unknown", "PolicyNotFound")
