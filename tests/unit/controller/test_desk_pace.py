"""The pace of the desk: flips go at once, details are gathered, refusals are waited out."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.controller.names import CHECKS, POLICIES
from perfana_support.sources.cluster.api import ApiError
from tests.unit import virtual_time
from tests.unit.controller.fake_server import GOOD, NAMESPACE, OLD, FakeServer, Working, condition

# Both are supported: what changes between them is a detail.
NEWER = "perfana/perfana-web:0.2.61.106"
SETTLE = 1.0


def _played(play: Callable[[Working], Awaitable[object]], settle_seconds: float = SETTLE) -> FakeServer:
    async def story() -> FakeServer:
        async with Working(FakeServer(), settle_seconds=settle_seconds) as working:
            await play(working)
        return working.server

    return virtual_time.run(story())


def _pods(working: Working, number: int, image: str) -> None:
    working.run_image(image, f"web-{number}", "Pod")


def test_rollout_of_fifty_pods_ends_in_few_writes() -> None:
    async def play(working: Working) -> None:
        for number in range(50):
            _pods(working, number, GOOD)
        working.see(CHECKS, "perfana")
        await asyncio.sleep(10)
        for number in range(50):
            working.desk.store.remove("Pod", (NAMESPACE, f"web-{number}"))
            working.run_image(NEWER, f"new-{number}", "Pod")
            await asyncio.sleep(0.1)
        await asyncio.sleep(10)

    server = _played(play)
    # Five seconds at most once in a second, the first write, and the last.
    assert 2 <= len(server.writes) <= 8
    assert "106" in str(server.status("perfana")["components"])
    assert "105" not in str(server.status("perfana")["components"])


def test_details_are_written_once_in_a_settle_time() -> None:
    async def play(working: Working) -> None:
        working.run_image(GOOD)
        working.see(CHECKS, "perfana")
        for number in range(100):
            await asyncio.sleep(0.05)
            working.run_image(f"perfana/perfana-web:0.2.61.{200 + number}")
        await asyncio.sleep(5)

    server = _played(play)
    gaps = [after.at - before.at for before, after in zip(server.writes, server.writes[1:], strict=False)]
    assert min(gaps) >= SETTLE - 1e-6
    assert len(server.writes) <= 7
    assert "0.2.61.299" in str(server.status("perfana"))


def test_flip_goes_at_once_amid_details() -> None:
    async def play(working: Working) -> None:
        working.run_image(GOOD)
        working.see(CHECKS, "perfana")
        await asyncio.sleep(5)
        working.run_image(NEWER)
        await asyncio.sleep(0.1)
        working.run_image(GOOD)
        await asyncio.sleep(0.1)
        working.run_image(OLD)
        await asyncio.sleep(0.01)

    server = _played(play)
    assert [round(write.at, 2) for write in server.writes] == [0.0, 5.0, 5.2]
    assert condition(server.status("perfana"), "VersionSupported")[0] == "False"


def test_new_spec_goes_at_once_amid_details() -> None:
    async def play(working: Working) -> None:
        working.see(CHECKS, "perfana")
        await asyncio.sleep(0.1)
        working.see(CHECKS, "perfana", {"workloadSelector": {"matchLabels": {"a": "b"}}})
        await asyncio.sleep(0.1)

    assert [write.status["observedGeneration"] for write in _played(play).writes] == [1, 2]


def test_details_that_go_back_to_what_is_written_are_not_written() -> None:
    async def play(working: Working) -> None:
        working.run_image(GOOD)
        working.see(CHECKS, "perfana")
        await asyncio.sleep(0.1)
        working.run_image(NEWER)
        await asyncio.sleep(0.1)
        working.run_image(GOOD)
        await asyncio.sleep(60)

    assert _played(play).asked == 1


def test_without_a_settle_time_each_detail_is_written() -> None:
    async def play(working: Working) -> None:
        working.see(CHECKS, "perfana")
        for number in range(10):
            working.run_image(f"perfana/perfana-web:0.2.61.{200 + number}")
            await asyncio.sleep(0.01)

    assert len(_played(play, 0.0).writes) == 10


Change = tuple[float, str]
CHANGES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.01, 0.3, 0.9, 1.0, 1.5]), st.sampled_from([GOOD, NEWER, OLD, "nginx:1.29"])), max_size=25
)


@given(changes=CHANGES, write_seconds=st.sampled_from([0.0, 0.05, 0.7, 2.5]), faults=st.lists(st.booleans(), max_size=4))
def test_last_state_is_always_written(changes: list[Change], write_seconds: float, faults: list[bool]) -> None:
    async def play(working: Working) -> None:
        working.server.write_seconds = write_seconds
        working.server.faults = [ApiError(500, "trouble") if fault else None for fault in faults]
        working.see(CHECKS, "perfana")
        for wait, image in changes:
            working.run_image(image)
            await asyncio.sleep(wait)
        await asyncio.sleep(30)
        entity = next(iter(working.server.objects.values()))
        assert working.desk._judge(next(iter(working.server.objects)), entity).status == entity["status"]  # noqa: SLF001
        assert working.desk.waiting == 0

    _played(play)


@pytest.mark.parametrize("status", [0, 409, 429, 500, 503, 422])
def test_refused_write_comes_again_by_itself(status: int) -> None:
    async def play(working: Working) -> None:
        working.server.faults = [ApiError(status, "refused")] * 3
        working.see(CHECKS, "perfana")
        await asyncio.sleep(10)
        assert working.counted("status_writes", result="Conflict" if status == 409 else "Failed") == 3
        assert working.counted("status_writes", result="Written") == 1

    server = _played(play)
    assert [round(write.at, 3) for write in server.writes] == [0.25 + 0.5 + 1.0]


def test_server_says_when_to_come_again() -> None:
    async def play(working: Working) -> None:
        working.server.faults = [ApiError(429, "too many", 17.0)]
        working.see(CHECKS, "perfana")
        await asyncio.sleep(60)

    assert [round(write.at, 3) for write in _played(play).writes] == [17.0]


def test_check_that_is_refused_stops_no_other() -> None:
    async def play(working: Working) -> None:
        working.server.faults = [ApiError(500, "trouble")] * 4
        for number in range(8):
            working.see(CHECKS, f"check-{number}")
        await asyncio.sleep(0.1)

    assert len(_played(play).writes) == 4


def test_policy_keeps_the_same_pace() -> None:
    async def play(working: Working) -> None:
        working.see(POLICIES, "acme")
        await asyncio.sleep(1)
        working.see(POLICIES, "acme", {"releases": "none"})
        await asyncio.sleep(1)

    server = _played(play)
    assert [condition(write.status, "Valid")[0] for write in server.writes] == ["True", "False"]


def test_reaction_is_measured_from_what_caused_it() -> None:
    async def play(working: Working) -> None:
        working.server.write_seconds = 2.0
        working.see(CHECKS, "perfana")
        await asyncio.sleep(5)
        total = working.metrics.registry.get_sample_value("perfana_support_reaction_seconds_sum")
        assert total == pytest.approx(2.0)

    _played(play)
