"""An event loop whose clock stands still while anything can be done, and jumps to the next timer when nothing can.

Hours pass in milliseconds, and every run takes the same turns.
"""

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
# Where the clock of a new loop stands; any number would do.
START_SECONDS = 1000.0
START = datetime(2026, 11, 24, 12, tzinfo=UTC)


class _Jumping(selectors.DefaultSelector):
    """A selector that does not wait: what it would have waited for has passed when it returns."""

    now = START_SECONDS

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise RuntimeError("nothing would ever happen again")
            self.now += max(timeout, 0)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; `now` is its clock as a date."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def now(self) -> datetime:
        return START + timedelta(seconds=self._jumping.now - START_SECONDS)


def run(story: Coroutine[Any, Any, T]) -> T:
    """Run a story to its end in time of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)


def now() -> datetime:
    """The running loop's clock as a date."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.now()


def seconds() -> float:
    """Seconds since the story began."""
    return asyncio.get_running_loop().time() - START_SECONDS


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and see them end; an error of theirs is raised."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
            raise outcome


Json = Mapping[str, Any]
