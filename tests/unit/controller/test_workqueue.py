"""The work queue: each name at most once at a time, and none is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from perfana_support.controller import workqueue
from perfana_support.controller.workqueue import FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS, WorkQueue
from tests.unit import virtual_time

T = TypeVar("T")


def _run(story: Callable[[WorkQueue[str]], Awaitable[T]]) -> T:
    """Run a story with a queue of its own, in time of its own."""

    async def told() -> T:
        return await story(WorkQueue())

    return virtual_time.run(told())


async def _next(queue: WorkQueue[str]) -> str:
    name, _ = await queue.get()
    return name


async def _is_empty(queue: WorkQueue[str]) -> bool:
    """Whether `get` would wait: it did not return in a few turns of the loop."""
    waiting = asyncio.ensure_future(_next(queue))
    for _ in range(5):
        await asyncio.sleep(0)
    if waiting.done():
        return False
    waiting.cancel()
    return True


def test_names_come_in_the_order_in_which_they_were_added() -> None:
    async def story(queue: WorkQueue[str]) -> list[str]:
        for name in "abc":
            queue.add(name)
        return [await _next(queue) for _ in range(3)]

    assert _run(story) == ["a", "b", "c"]


def test_name_that_waits_is_not_added_twice() -> None:
    async def story(queue: WorkQueue[str]) -> bool:
        queue.add("a")
        queue.add("a")
        queue.done(await _next(queue))
        return await _is_empty(queue)

    assert _run(story)


def test_name_that_is_worked_on_is_not_given_to_another_worker() -> None:
    async def story(queue: WorkQueue[str]) -> bool:
        queue.add("a")
        await _next(queue)
        queue.add("a")
        return await _is_empty(queue)

    assert _run(story)


def test_name_that_changed_while_it_was_worked_on_comes_again_once() -> None:
    async def story(queue: WorkQueue[str]) -> tuple[str, bool]:
        queue.add("a")
        await _next(queue)
        queue.add("a")
        queue.add("a")
        queue.done("a")
        again = await _next(queue)
        queue.done("a")
        return again, await _is_empty(queue)

    assert _run(story) == ("a", True)


def test_worker_that_waits_is_woken() -> None:
    async def story(queue: WorkQueue[str]) -> str:
        waiting = asyncio.ensure_future(_next(queue))
        await asyncio.sleep(0)
        queue.add("a")
        return await waiting

    assert _run(story) == "a"


def test_two_workers_share_the_names() -> None:
    async def story(queue: WorkQueue[str]) -> set[str]:
        waiting = [asyncio.ensure_future(_next(queue)) for _ in range(2)]
        await asyncio.sleep(0)
        queue.add("a")
        queue.add("b")
        return set(await asyncio.gather(*waiting))

    assert _run(story) == {"a", "b"}


def test_worker_that_is_cancelled_takes_no_name_with_it() -> None:
    async def story(queue: WorkQueue[str]) -> str:
        waiting = asyncio.ensure_future(_next(queue))
        await asyncio.sleep(0)
        waiting.cancel()
        queue.add("a")
        return await _next(queue)

    assert _run(story) == "a"


def test_failed_name_comes_again_by_itself() -> None:
    async def story(queue: WorkQueue[str]) -> str:
        queue.add("a")
        queue.retry(await _next(queue), after_seconds=0.001)
        return await _next(queue)

    assert _run(story) == "a"


def test_name_may_be_forgotten_that_nobody_knows() -> None:
    async def story(queue: WorkQueue[str]) -> bool:
        queue.forget("a")
        queue.done("a")
        return await _is_empty(queue)

    assert _run(story)


def test_waiting_time_counts_from_the_first_who_asked() -> None:
    async def story(queue: WorkQueue[str]) -> list[float]:
        queue.add("a", 1.0)
        queue.add("a", 2.0)
        times = [(await queue.get())[1]]
        queue.add("a", 3.0)
        queue.add("a", 4.0)
        queue.done("a")
        return [*times, (await queue.get())[1]]

    assert _run(story) == [1.0, 3.0]


def test_of_several_plans_the_first_counts() -> None:
    async def story(queue: WorkQueue[str]) -> tuple[str, bool]:
        for seconds in (100.0, 0.001, 100.0):
            queue.add_later("a", seconds)
        return await _next(queue), await _is_empty(queue)

    assert _run(story) == ("a", True)


async def _fail(queue: WorkQueue[str], times: int, after_seconds: float | None = None) -> list[float]:
    """Let the work on what comes fail so often; returns the seconds until it came again, each time. It is busy then."""
    waits = []
    name = await _next(queue)
    for _ in range(times):
        began = virtual_time.seconds()
        queue.retry(name, after_seconds)
        name = await _next(queue)
        waits.append(virtual_time.seconds() - began)
    return waits


def test_waits_grow_up_to_a_limit() -> None:
    async def story(queue: WorkQueue[str]) -> list[float]:
        queue.add("a")
        return await _fail(queue, 30)

    waits = _run(story)
    doubled = [FIRST_RETRY_SECONDS * 2**failures for failures in range(7)]
    assert waits == pytest.approx(doubled + [LAST_RETRY_SECONDS] * 23)


def test_success_starts_the_waits_anew() -> None:
    async def story(queue: WorkQueue[str]) -> list[float]:
        queue.add("a")
        first = await _fail(queue, 3)
        queue.done("a")
        queue.add("a")
        return first + await _fail(queue, 1)

    assert _run(story) == pytest.approx([FIRST_RETRY_SECONDS * factor for factor in (1, 2, 4, 1)])


def test_server_says_how_long_to_wait() -> None:
    async def story(queue: WorkQueue[str]) -> list[float]:
        queue.add("a")
        return await _fail(queue, 2, after_seconds=17.0)

    assert _run(story) == pytest.approx([17.0, 17.0])


@pytest.mark.parametrize("is_busy", [True, False])
def test_change_while_a_failed_name_rests_does_not_disturb_it(*, is_busy: bool) -> None:
    """The server asked to be left alone, or needs to be: nothing that happens meanwhile is a reason to ask it again."""

    async def story(queue: WorkQueue[str]) -> list[float]:
        queue.add("a")
        name = await _next(queue)
        if is_busy:
            queue.add("a")
        queue.retry(name, after_seconds=5.0)
        queue.add("a")
        queue.add_later("a", 1.0)
        queue.done(await _next(queue))
        came = virtual_time.seconds()
        assert await _is_empty(queue)
        queue.add("a")
        await _next(queue)
        return [came, virtual_time.seconds()]

    assert _run(story) == pytest.approx([5.0, 5.0])


def test_names_fail_apart() -> None:
    async def story(queue: WorkQueue[str]) -> list[float]:
        for name in "ab":
            queue.add(name)
            queue.retry(await _next(queue))
        for _ in "ab":
            queue.done(await _next(queue))
        return [virtual_time.seconds()]

    assert _run(story) == pytest.approx([FIRST_RETRY_SECONDS])


def test_forgotten_name_does_not_come_again() -> None:
    async def story(queue: WorkQueue[str]) -> bool:
        queue.add("a")
        queue.retry(await _next(queue))
        queue.forget("a")
        await asyncio.sleep(LAST_RETRY_SECONDS)
        return await _is_empty(queue)

    assert _run(story)


def test_name_that_is_made_anew_owes_no_rest_to_the_old_one() -> None:
    async def story(queue: WorkQueue[str]) -> float:
        queue.add("a")
        queue.retry(await _next(queue), after_seconds=60.0)
        queue.forget("a")
        queue.add("a")
        await _next(queue)
        return virtual_time.seconds()

    assert _run(story) == 0


def test_waits_are_reasonable() -> None:
    assert 0 < workqueue.FIRST_RETRY_SECONDS < 1
    assert workqueue.LAST_RETRY_SECONDS <= 60


def test_plan_that_was_made_during_the_work_stays() -> None:
    async def story(queue: WorkQueue[str]) -> str:
        queue.add("a")
        await _next(queue)
        queue.add_later("a", 0.001)
        queue.done("a")
        return await _next(queue)

    assert _run(story) == "a"


def test_plan_that_was_made_before_the_work_is_part_of_it() -> None:
    async def story(queue: WorkQueue[str]) -> bool:
        queue.add_later("a", 60.0)
        queue.add("a")
        queue.done(await _next(queue))
        await asyncio.sleep(100.0)
        return await _is_empty(queue)

    assert _run(story)


def test_queue_is_idle_once_no_name_is_worked_on() -> None:
    async def story(queue: WorkQueue[str]) -> list[bool]:
        for name in "ab":
            queue.add(name)
            await _next(queue)
        queue.add("c")
        waiting = asyncio.ensure_future(queue.idle())
        seen = []
        for name in "ab":
            await asyncio.sleep(0)
            seen.append(waiting.done())
            queue.done(name)
        await waiting
        return [*seen, len(queue) == 1]

    assert _run(story) == [False, False, True]


def test_name_that_is_forgotten_while_it_is_worked_on_leaves_nothing_behind() -> None:
    async def story(queue: WorkQueue[str]) -> bool:
        queue.add("a")
        await _next(queue)
        queue.add_later("a", 60.0)
        queue.forget("a")
        queue.done("a")
        await asyncio.sleep(100.0)
        return await _is_empty(queue)

    assert _run(story)
