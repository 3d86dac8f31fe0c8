"""The Lease on a server that is slow, loses answers or refuses: for how long it is held, and what is said."""

import asyncio
from typing import Any, cast

from perfana_support.controller.lease import Leadership
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from tests.unit import virtual_time

Json = dict[str, Any]
DURATION = 12.0
LOOK, TRUSTED = DURATION / 6, DURATION * 2 / 3


class Slow:
    """A server that takes its time; `loses` answers of writes never come, though what they answer is done."""

    def __init__(self, get_seconds: float = 0.0, put_seconds: float = 0.0, loses: int = 0) -> None:
        self.get_seconds, self.put_seconds, self.loses = get_seconds, put_seconds, loses
        self.lease: Json | None = None
        self.version = 0

    async def get(self, path: str) -> Json:
        await asyncio.sleep(self.get_seconds)
        if self.lease is None:
            raise ApiError(404, f"no {path}")
        return self.lease

    async def send(self, _method: str, _path: str, document: Json) -> Json:
        await asyncio.sleep(self.put_seconds)
        self.version += 1
        self.lease = {**document, "metadata": {**document["metadata"], "resourceVersion": str(self.version)}}
        if self.loses:
            self.loses -= 1
            await asyncio.Event().wait()
        return self.lease


def _lead(server: Slow, *waits: float) -> list[tuple[bool, float]]:
    """Let one process claim the Lease of a server; whether it holds it after each wait, and for how long."""

    async def story() -> list[tuple[bool, float]]:
        api = cast("ClusterApi", server)
        leadership = Leadership(api, "ns", "lease", "a", DURATION, virtual_time.now, asyncio.get_running_loop().time)
        running = asyncio.create_task(leadership.run())
        seen = []
        for wait in waits:
            await asyncio.sleep(wait)
            seen.append((leadership.is_mine, round(leadership.seconds_left, 3)))
        await virtual_time.end(running)
        return seen

    return virtual_time.run(story())


def test_server_that_is_slow_for_reading_and_for_writing_may_still_be_led_by() -> None:
    """Each request has its time: together they take longer than one may."""
    slow = 0.9 * TRUSTED / 2
    held = [is_mine for is_mine, _ in _lead(Slow(slow, slow), *[0.1] * 400)]
    assert sum(held) > 0.4 * len(held)
    assert 2 * slow > TRUSTED / 2


def test_lease_is_trusted_from_before_it_was_asked_for() -> None:
    assert _lead(Slow(1.0, 1.5), 1.0 + 1.5 + 0.1) == [(True, TRUSTED - 1.5 - 0.1)]


def test_renewal_whose_answer_was_lost_counts_from_when_it_was_sent() -> None:
    server = Slow(loses=1)
    # The write is given up, then comes the next look, which finds it done.
    given_up = TRUSTED / 2
    before, after = _lead(server, given_up + LOOK - 0.1, 0.2)
    assert before == (False, 0.0)
    assert after[0]
    server = Slow(loses=1000)
    (_, found) = _lead(server, given_up + LOOK - 0.1, 0.2)
    assert found == (True, round(TRUSTED - given_up - LOOK - 0.1, 3))


def test_right_that_is_missing_is_named_with_the_lease() -> None:
    class Forbidding(Slow):
        async def get(self, path: str) -> Json:
            raise ApiError(403, f"no right on {path}")

    async def story() -> str:
        api = cast("ClusterApi", Forbidding())
        leadership = Leadership(api, "ns", "shop-lease", "a", DURATION, virtual_time.now, asyncio.get_running_loop().time)
        running = asyncio.create_task(leadership.run())
        await asyncio.sleep(0.1)
        await virtual_time.end(running)
        return leadership.problem

    assert virtual_time.run(story()).endswith("must allow create, and get and update for resourceNames: [shop-lease]")
