"""The pace: a few times at once, then no more than so often, and in the end always."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from perfana_support.controller.names import CHECKS
from perfana_support.controller.pace import AT_ONCE, SECONDS_EACH, Pace
from tests.unit import virtual_time
from tests.unit.controller.fake_server import GOOD, OLD, FakeServer, Working, condition


def test_a_few_come_at_once_and_then_one_each_time() -> None:
    pace: Pace[str] = Pace()
    for _ in range(AT_ONCE):
        assert pace.wait("a", 5.0) == 0
        pace.spend("a", 5.0)
    assert round(pace.wait("a", 5.0), 6) == SECONDS_EACH
    assert pace.wait("b", 5.0) == 0
    assert pace.wait("a", 5.0 + SECONDS_EACH + 1e-6) == 0


def test_time_fills_the_budget_and_no_more() -> None:
    pace: Pace[str] = Pace()
    pace.spend("a", 0.0)
    for _ in range(AT_ONCE):
        assert pace.wait("a", 3600.0) == 0
        pace.spend("a", 3600.0)
    assert pace.wait("a", 3600.0) > 0


def test_who_is_forgotten_leaves_nothing() -> None:
    pace: Pace[str] = Pace()
    pace.spend("a", 0.0)
    pace.forget("a")
    pace.forget("b")
    assert len(pace) == 0


@given(st.lists(st.floats(0, 1), max_size=60))
def test_who_waits_as_told_comes_so_often_at_most(gaps: list[float]) -> None:
    pace: Pace[str] = Pace()
    now, came = 0.0, []
    for gap in gaps:
        now += gap
        now += pace.wait("a", now)
        pace.spend("a", now)
        came.append(now)
    for first, last in zip(came, came[AT_ONCE:], strict=False):
        assert last - first >= SECONDS_EACH - 1e-6


def test_storm_of_foreign_pods_costs_few_judgements_and_the_last_pod_counts() -> None:
    seconds = 10

    async def story() -> tuple[float, FakeServer]:
        async with Working(FakeServer()) as working:
            working.run_image(GOOD)
            working.see(CHECKS, "perfana")
            for number in range(100 * seconds):
                working.run_image(f"nginx:1.{number}", f"foreign-{number % 50}", "Pod")
                await asyncio.sleep(0.01)
            working.run_image(OLD)
            await asyncio.sleep(2 * SECONDS_EACH)
            return working.metrics.registry.get_sample_value("perfana_support_evaluation_seconds_count") or 0, working.server

    judged, server = virtual_time.run(story())
    assert judged <= AT_ONCE + seconds / SECONDS_EACH + 5
    assert condition(server.status("perfana"), "VersionSupported") == ("False", "EndOfLife")


def test_lone_change_is_judged_at_once() -> None:
    async def story() -> FakeServer:
        async with Working(FakeServer()) as working:
            working.run_image(GOOD)
            working.see(CHECKS, "perfana")
            for image in (OLD, GOOD) * 20:
                await asyncio.sleep(2 * SECONDS_EACH)
                working.run_image(image)
            await asyncio.sleep(0)
        return working.server

    server = virtual_time.run(story())
    assert [round(write.at / (2 * SECONDS_EACH), 3) for write in server.writes] == list(range(len(server.writes)))
    assert len(server.writes) >= 40


def test_new_spec_does_not_wait_for_the_storm_to_end() -> None:
    async def story() -> FakeServer:
        async with Working(FakeServer()) as working:
            working.see(CHECKS, "perfana")
            for number in range(200):
                working.run_image(f"nginx:1.{number}", "foreign", "Pod")
                await asyncio.sleep(0.001)
            working.see(CHECKS, "perfana", {"policyRef": {"name": "none"}})
            await asyncio.sleep(0.001)
        return working.server

    assert condition(virtual_time.run(story()).status("perfana")) == ("Unknown", "PolicyNotFound")
