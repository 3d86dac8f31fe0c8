"""The work queue: each name at most once at a time, and none is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from perfana_support.controller import workqueue
from perfana_support.controller.workqueue import FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS, WorkQueue

T = TypeVar("T")
# Far above what an event loop needs, so that a failure ends instead of hanging.
DEADLINE_SECONDS = 5.0


def _run(story: Callable[[WorkQueue[str]], Awaitable[T]]) -> T:
    """Run a story with a queue of its own."""

    async def told() -> T:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await story(WorkQueue())

    return asyncio.run(told())


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


class Clock:
    """Records what is asked to be called later, and calls it when told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waits: list[float] = []
        self._due: list[asyncio.TimerHandle] = []
        later = asyncio.base_events.BaseEventLoop.call_later

        def call_later(
            loop: asyncio.BaseEventLoop, delay: float, callback: Callable[..., object], *args: object
        ) -> asyncio.TimerHandle:
            if getattr(callback, "__name__", "") != "_wake":
                return later(loop, delay, callback, *args)
            self.waits.append(delay)
            handle = later(loop, DEADLINE_SECONDS * 100, callback, *args)
            self._due.append(handle)
            return handle

        monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "call_later", call_later)

    def ring(self) -> int:
        """Call what is due and was not cancelled; say how much it was."""
        due = [handle for handle in self._due if not handle.cancelled()]
        self._due.clear()
        for handle in due:
            handle._run()  # noqa: SLF001 - what the loop does when the time has come
            handle.cancel()
        return len(due)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Take the loop's clock in hand."""
    return Clock(monkeypatch)


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


def test_failed_name_does_not_come_before_its_time(clock: Clock) -> None:
    async def story(queue: WorkQueue[str]) -> tuple[bool, int, str]:
        queue.add("a")
        queue.retry(await _next(queue))
        early = await _is_empty(queue)
        return early, clock.ring(), await _next(queue)

    assert _run(story) == (True, 1, "a")


def test_waits_grow_up_to_a_limit(clock: Clock) -> None:
    async def story(queue: WorkQueue[str]) -> None:
        queue.add("a")
        for _ in range(30):
            queue.retry(await _next(queue))
            clock.ring()

    _run(story)
    doubled = [FIRST_RETRY_SECONDS * 2**failures for failures in range(8)]
    assert clock.waits[:8] == doubled
    assert clock.waits[8:] == [LAST_RETRY_SECONDS] * 22


def test_success_starts_the_waits_anew(clock: Clock) -> None:
    async def story(queue: WorkQueue[str]) -> None:
        queue.add("a")
        queue.retry(await _next(queue))
        clock.ring()
        queue.done(await _next(queue))
        queue.add("a")
        queue.retry(await _next(queue))

    _run(story)
    assert clock.waits == [FIRST_RETRY_SECONDS] * 2


def test_server_says_how_long_to_wait(clock: Clock) -> None:
    async def story(queue: WorkQueue[str]) -> None:
        queue.add("a")
        queue.retry(await _next(queue), after_seconds=17.0)

    _run(story)
    assert clock.waits == [17.0]


def test_change_while_the_work_failed_is_worked_on_at_once(clock: Clock) -> None:
    async def story(queue: WorkQueue[str]) -> str:
        queue.add("a")
        await _next(queue)
        queue.add("a")
        queue.retry("a")
        return await _next(queue)

    assert _run(story) == "a"
    assert clock.waits == [FIRST_RETRY_SECONDS]


def test_names_fail_apart(clock: Clock) -> None:
    async def story(queue: WorkQueue[str]) -> None:
        for name in "ab":
            queue.add(name)
            queue.retry(await _next(queue))

    _run(story)
    assert clock.waits == [FIRST_RETRY_SECONDS] * 2


def test_forgotten_name_does_not_come_again(clock: Clock) -> None:
    async def story(queue: WorkQueue[str]) -> tuple[int, bool]:
        queue.add("a")
        queue.retry(await _next(queue))
        queue.forget("a")
        return clock.ring(), await _is_empty(queue)

    assert _run(story) == (0, True)


def test_name_may_be_forgotten_that_nobody_knows() -> None:
    async def story(queue: WorkQueue[str]) -> bool:
        queue.forget("a")
        queue.done("a")
        return await _is_empty(queue)

    assert _run(story)


def test_second_failure_replaces_the_first_timer(clock: Clock) -> None:
    async def story(queue: WorkQueue[str]) -> int:
        queue.add("a")
        queue.retry(await _next(queue))
        queue.add("a")
        queue.retry(await _next(queue))
        return clock.ring()

    assert _run(story) == 1


def test_success_after_a_change_leaves_no_timer_behind(clock: Clock) -> None:
    async def story(queue: WorkQueue[str]) -> int:
        queue.add("a")
        queue.retry(await _next(queue))
        queue.add("a")
        queue.done(await _next(queue))
        return clock.ring()

    assert _run(story) == 0


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


def test_plan_that_was_made_before_the_work_is_part_of_it(clock: Clock) -> None:
    async def story(queue: WorkQueue[str]) -> int:
        queue.add_later("a", 60.0)
        queue.add("a")
        queue.done(await _next(queue))
        return clock.ring()

    assert _run(story) == 0


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


def test_name_that_is_forgotten_while_it_is_worked_on_leaves_nothing_behind(clock: Clock) -> None:
    async def story(queue: WorkQueue[str]) -> tuple[int, bool]:
        queue.add("a")
        await _next(queue)
        queue.add_later("a", 60.0)
        queue.forget("a")
        queue.done("a")
        return clock.ring(), await _is_empty(queue)

    assert _run(story) == (0, True)
