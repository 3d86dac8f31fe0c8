"""Several processes that share a Lease, in one simulated world: each with an event loop and clocks of its own.

The world decides what happens next, so that a process can be stopped while others go on, a machine can sleep (its monotonic
clock stands still then, the other one does not), and requests and answers take any time or are lost. A request whose sender
gave up may still arrive.
"""

import asyncio
import copy
import heapq
import itertools
import selectors
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple, cast

from perfana_support.controller.lease import Leadership
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from tests.unit.virtual_time import START

Json = dict[str, Any]


class Weather(NamedTuple):
    """How a network behaves: the longest usual delay of one way in seconds, and shares of what goes wrong."""

    delay: float = 0.02
    slow: float = 0.0
    lost: float = 0.0
    errors: float = 0.0


class _Ready(selectors.DefaultSelector):
    """A selector that never waits: the world says when a loop runs."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        del timeout
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """An event loop that runs only when the world lets it."""

    _scheduled: list[asyncio.TimerHandle]
    _ready: deque[asyncio.Handle]

    def __init__(self, world: "World") -> None:
        self._world = world
        self.slept = 0.0
        super().__init__(_Ready())

    def time(self) -> float:
        return self._world.now - self.slept

    def turn(self) -> None:
        """Run all that can be run now."""
        while self._ready or self.next_timer <= self._world.now:
            self.call_soon(self.stop)
            self.run_forever()

    @property
    def next_timer(self) -> float:
        """When, in the world's time, the next timer is due."""
        return min((timer.when() for timer in self._scheduled if not timer.cancelled()), default=float("inf")) + self.slept


class Process:
    """One operator's claim to the Lease."""

    def __init__(self, world: "World", identity: str, duration: float, drift: float) -> None:
        self.world = world
        self.identity = identity
        self.loop = Loop(world)
        self.stopped_until = 0.0
        self.goes_on = True
        self._offset = 1e4 * (1 + len(world.processes))
        self._drift = drift
        self.leadership = Leadership(
            cast("ClusterApi", self),
            "ns",
            "lease",
            identity,
            duration,
            lambda: START + timedelta(seconds=world.now),
            lambda: self._offset + world.now * drift,
        )
        self.task: asyncio.Task[None] | None = self.loop.create_task(self.leadership.run())
        world.processes.append(self)

    @property
    def may_write(self) -> bool:
        return self.task is not None and self.world.now >= self.stopped_until and self.leadership.is_mine

    async def get(self, path: str) -> Json:
        return await self._request("GET", path, None)

    async def send(self, method: str, path: str, document: Json, _timeout_seconds: float = 30.0) -> Json:
        return await self._request(method, path, document)

    async def _request(self, method: str, path: str, document: Json | None) -> Json:
        answer: asyncio.Future[Json] = self.loop.create_future()
        self.world.carry(self, method, path, copy.deepcopy(document), answer)
        return await answer

    def end(self) -> None:
        """Die: nothing of this process goes on."""
        self.goes_on = False
        if self.task is not None:
            self.task.cancel()
            self.loop.turn()
            self.task = None

    def release(self) -> None:
        """End as the operator ends: the part first, then the claim."""
        self.end()
        self.task = self.loop.create_task(self.leadership.release())


class World:
    """Time, the server, and what is on its way."""

    def __init__(self, random: Random, weather: Weather = Weather()) -> None:  # noqa: B008 - immutable
        self.now = 0.0
        self.random = random
        self.weather = weather
        self.processes: list[Process] = []
        self.lease: Json | None = None
        self.forbidden: set[str] = set()
        self.double: list[float] = []
        self.log: list[tuple[float, str]] = []
        self.requests, self.asker = 0, ""
        self._versions = itertools.count(1)
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Do something at a time."""
        heapq.heappush(self._due, (moment, next(self._order), action))

    def go(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        self._look()
        while True:
            running = [process for process in self.processes if process.task is not None]
            timers = [(max(process.loop.next_timer, process.stopped_until), process) for process in running]
            moment, process = min(timers, key=lambda timer: timer[0], default=(float("inf"), None))
            due = self._due[0][0] if self._due else float("inf")
            if min(moment, due) > end:
                self.now = end
                self._look()
                return
            self.now = max(self.now, min(moment, due))
            # Whoever was stopped asks whether it may write before it notices anything else.
            self._look()
            if due <= moment:
                heapq.heappop(self._due)[2]()
            elif process is not None:
                process.loop.turn()
            self._look()

    def stop(self, process: Process, seconds: float, *, sleeps: bool) -> None:
        """Stop a process for a while; a machine that sleeps stops its monotonic clock as well."""
        process.stopped_until = max(process.stopped_until, self.now + seconds)
        if sleeps:
            process.loop.slept += seconds

    def close(self) -> None:
        """End everything."""
        for process in self.processes:
            process.end()
            process.loop.close()

    @property
    def leaders(self) -> list[str]:
        return [process.identity for process in self.processes if process.may_write]

    def _look(self) -> None:
        for process in self.processes:
            if process.task is not None and self.now >= process.stopped_until:
                process.loop.turn()
        leaders = self.leaders
        if len(leaders) > 1:
            self.double.append(self.now)
        current = leaders[0] if leaders else ""
        if not self.log or self.log[-1][1] != current:
            self.log.append((round(self.now, 3), current))

    def carry(self, process: Process, method: str, path: str, document: Json | None, answer: asyncio.Future[Json]) -> None:
        """Take a request to the server and its answer back, each after a time, or not."""
        assert path == "/apis/coordination.k8s.io/v1/namespaces/ns/leases" + ("" if method == "POST" else "/lease")

        self.requests, self.asker = self.requests + 1, process.identity

        def arrive() -> None:
            outcome = self._serve(process, method, document)
            if self.random.random() >= self.weather.lost:
                self.at(self.now + self._delay(), lambda: deliver(outcome))

        def deliver(outcome: Json | ApiError) -> None:
            if self.now < process.stopped_until:
                self.at(process.stopped_until, lambda: deliver(outcome))
            elif not answer.done() and not process.loop.is_closed():
                if isinstance(outcome, ApiError):
                    answer.set_exception(outcome)
                else:
                    answer.set_result(outcome)

        if self.random.random() >= self.weather.lost:
            self.at(self.now + self._delay(), arrive)

    def _delay(self) -> float:
        if self.random.random() < self.weather.slow:
            return self.random.uniform(0, 30)
        return self.random.uniform(0, self.weather.delay)

    def _serve(self, process: Process, method: str, document: Json | None) -> Json | ApiError:
        if process.identity in self.forbidden:
            return ApiError(403, "no right")
        if self.random.random() < self.weather.errors:
            return ApiError(self.random.choice([429, 500, 503]), "trouble")
        if method == "POST":
            if self.lease is not None:
                return ApiError(409, "already exists")
        elif self.lease is None:
            return ApiError(404, "not found")
        if document is not None:
            version = document["metadata"].get("resourceVersion")
            if self.lease is not None and version != self.lease["metadata"]["resourceVersion"]:
                return ApiError(409, "modified")
            self.write(document)
        assert self.lease is not None
        return copy.deepcopy(self.lease)

    def write(self, document: Json) -> None:
        """Put the Lease as it is, with a new version."""
        self.lease = copy.deepcopy(document)
        self.lease["metadata"]["resourceVersion"] = str(next(self._versions))
