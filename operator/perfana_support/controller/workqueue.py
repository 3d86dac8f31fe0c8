"""A queue of names to work on, each at most once at a time, with retries that wait longer each time."""

import asyncio
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

FIRST_RETRY_SECONDS = 0.25
LAST_RETRY_SECONDS = 60.0


class WorkQueue(Generic[T]):
    """Names that need work. Adding one that waits already is free; one that is worked on comes again afterwards."""

    def __init__(self) -> None:
        self._waiting: dict[T, None] = {}
        self._busy: set[T] = set()
        self._again: set[T] = set()
        self._failures: dict[T, int] = {}
        self._timers: dict[T, asyncio.TimerHandle] = {}
        self._available = asyncio.Event()

    def add(self, name: T) -> None:
        """Ask for work on a name."""
        if name in self._busy:
            self._again.add(name)
        else:
            self._waiting[name] = None
            self._available.set()

    async def get(self) -> T:
        """The name that waits longest; it is busy until `done` or `retry`."""
        while not self._waiting:
            self._available.clear()
            await self._available.wait()
        name = next(iter(self._waiting))
        del self._waiting[name]
        self._busy.add(name)
        return name

    def done(self, name: T) -> None:
        """The work on a name is complete."""
        self.forget(name)
        self._release(name)

    def retry(self, name: T, after_seconds: float | None = None) -> None:
        """The work failed: the name comes again by itself, after the time that the server asked for or a growing one."""
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        wait = after_seconds or min(FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 16), LAST_RETRY_SECONDS)
        timer = self._timers.pop(name, None)
        if timer:
            timer.cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(wait, self._wake, name)
        self._release(name)

    def forget(self, name: T) -> None:
        """Nothing is left of earlier failures: the work succeeded, or the name no longer exists."""
        self._failures.pop(name, None)
        timer = self._timers.pop(name, None)
        if timer:
            timer.cancel()

    def _release(self, name: T) -> None:
        self._busy.discard(name)
        if name in self._again:
            self._again.discard(name)
            self.add(name)

    def _wake(self, name: T) -> None:
        self._timers.pop(name, None)
        self.add(name)
