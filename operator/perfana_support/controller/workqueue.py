"""A queue of names to work on, each at most once at a time, with retries that wait longer each time."""

import asyncio
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

FIRST_RETRY_SECONDS = 0.25
LAST_RETRY_SECONDS = 30.0


class WorkQueue(Generic[T]):
    """Names that need work. Adding one that waits already is free; one that is worked on comes again afterwards."""

    def __init__(self) -> None:
        self._waiting: dict[T, float] = {}
        self._busy: set[T] = set()
        self._again: dict[T, float] = {}
        self._failures: dict[T, int] = {}
        self._rests_until: dict[T, float] = {}
        self._timers: dict[T, asyncio.TimerHandle] = {}
        self._available = asyncio.Event()
        self._released = asyncio.Event()

    def __len__(self) -> int:
        """How many names wait."""
        return len(self._waiting)

    async def idle(self) -> None:
        """Return once no name is worked on."""
        while self._busy:
            self._released.clear()
            await self._released.wait()

    def add(self, name: T, asked_at: float | None = None) -> None:
        """Ask for work on a name; `asked_at` is when, on the event loop's clock, if not now."""
        now = asyncio.get_running_loop().time()
        moment = now if asked_at is None else asked_at
        rests_until = self._rests_until.get(name, now)
        if rests_until > now:
            self.add_later(name, rests_until - now)
        elif name in self._busy:
            self._again.setdefault(name, moment)
        else:
            self._waiting.setdefault(name, moment)
            self._available.set()

    def add_later(self, name: T, seconds: float) -> None:
        """Ask for work on a name after a time; of several times the first counts."""
        loop = asyncio.get_running_loop()
        timer = self._timers.get(name)
        if timer is not None:
            if timer.when() <= loop.time() + seconds:
                return
            timer.cancel()
        self._timers[name] = loop.call_later(seconds, self._wake, name)

    async def get(self) -> tuple[T, float]:
        """The name that waits longest and since when; it is busy until `done` or `retry`.

        What was planned for later up to now is part of this work. Plans of a later moment, midnight for one, are not.
        """
        while not self._waiting:
            self._available.clear()
            await self._available.wait()
        name = next(iter(self._waiting))
        asked_at = self._waiting.pop(name)
        self._drop_plan(name)
        self._busy.add(name)
        return name, asked_at

    def done(self, name: T) -> None:
        """The work on a name is complete, as of when it was begun."""
        self._drop_failures(name)
        self._release(name)

    def retry(self, name: T, after_seconds: float | None = None) -> None:
        """The work failed: the name comes again after the time that the server asked for or a growing one, and not before."""
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        wait = after_seconds or min(FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 16), LAST_RETRY_SECONDS)
        self._rests_until[name] = asyncio.get_running_loop().time() + wait
        self.add_later(name, wait)
        self._release(name)

    def forget(self, name: T) -> None:
        """The name no longer exists: nothing is left to do or to remember."""
        self._waiting.pop(name, None)
        self._drop_failures(name)
        self._drop_plan(name)

    def _drop_failures(self, name: T) -> None:
        self._failures.pop(name, None)
        self._rests_until.pop(name, None)

    def _drop_plan(self, name: T) -> None:
        timer = self._timers.pop(name, None)
        if timer:
            timer.cancel()

    def _release(self, name: T) -> None:
        self._busy.discard(name)
        self._released.set()
        if name in self._again:
            self.add(name, self._again.pop(name))

    def _wake(self, name: T) -> None:
        self._timers.pop(name, None)
        self.add(name)
