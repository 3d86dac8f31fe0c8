"""The Lease: who holds it, for how long, and what an answer that is no success changes."""

import asyncio
from collections.abc import Iterator
from random import Random
from typing import Any, cast

import pytest

from perfana_support.controller import lease as module
from perfana_support.controller.lease import Alone, Leadership, boot_seconds, new_identity
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from tests.unit import virtual_time
from tests.unit.controller.world import Process, Weather, World

Json = dict[str, Any]
DURATION = 12.0
LOOK, TRUSTED = DURATION / 6, DURATION * 2 / 3


@pytest.fixture
def world() -> Iterator[World]:
    """Make a world in good weather."""
    made = World(Random(1), Weather(delay=0.001))  # noqa: S311 - no secret
    yield made
    made.close()


def _process(world: World, identity: str, duration: float = DURATION) -> Process:
    return Process(world, identity, duration, 1.0)


def _spec(world: World) -> dict[str, object]:
    assert world.lease is not None
    spec: dict[str, object] = world.lease["spec"]
    return spec


def _holder(world: World) -> object:
    return _spec(world)["holderIdentity"]


def test_first_one_makes_the_lease(world: World) -> None:
    _process(world, "a")
    world.go(0.1)
    assert world.leaders == ["a"]
    assert str(_spec(world)["acquireTime"]).startswith("2026-11-24T12:00:00.")
    assert _spec(world) == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 12,
        "renewTime": _spec(world)["acquireTime"],
        "acquireTime": _spec(world)["acquireTime"],
        "leaseTransitions": 0,
    }


def test_holder_renews_and_keeps_its_time_of_taking(world: World) -> None:
    _process(world, "a")
    world.go(100)
    assert world.log == [(0.0, ""), (pytest.approx(0, abs=0.01), "a")]
    assert str(_spec(world)["acquireTime"]).startswith("2026-11-24T12:00:00.")
    assert str(_spec(world)["renewTime"]) >= "2026-11-24T12:01:37"
    assert _spec(world)["leaseTransitions"] == 0


def test_of_two_one_holds_it(world: World) -> None:
    _process(world, "a")
    _process(world, "b")
    world.go(1000)
    assert len(world.log) == 2
    assert len(world.leaders) == 1


def test_other_takes_over_when_the_holder_dies(world: World) -> None:
    first = _process(world, "a")
    world.go(0.1)
    _process(world, "b")
    world.go(50)
    first.end()
    died = world.now
    world.go(60)
    taken = next(moment for moment, leader in world.log if leader == "b")
    # The last renewal is one look old at most, and the other looks once in that time.
    assert DURATION - LOOK <= taken - died <= DURATION + LOOK + 0.1
    assert (_holder(world), _spec(world)["leaseTransitions"]) == ("b", 1)


def test_other_takes_over_at_its_next_look_when_the_holder_lets_go(world: World) -> None:
    first = _process(world, "a")
    world.go(0.1)
    _process(world, "b")
    world.go(50)
    first.release()
    world.go(0.01)
    assert (_holder(world), world.leaders) == ("", [])
    world.go(LOOK)
    assert world.leaders == ["b"]


def test_transitions_are_counted_over_a_release(world: World) -> None:
    first = _process(world, "a")
    world.go(0.1)
    second = _process(world, "b")
    for ending in (first, second):
        world.go(10)
        ending.release()
        world.go(10)
        if ending is first:
            assert _spec(world)["leaseTransitions"] == 1
            _process(world, "c")
    assert (_holder(world), _spec(world)["leaseTransitions"]) == ("c", 2)


def test_who_does_not_hold_it_does_not_let_go_of_it(world: World) -> None:
    _process(world, "a")
    world.go(0.1)
    second = _process(world, "b")
    world.go(5)
    second.release()
    world.go(5)
    assert _holder(world) == "a"


def test_holder_without_an_answer_stops_well_before_another_begins(world: World) -> None:
    first = _process(world, "a")
    world.go(0.1)
    _process(world, "b")
    world.go(50)
    world.forbidden.add("a")
    world.go(60)
    (_, _), (_, _), (stopped, nobody), (taken, other) = world.log
    assert (nobody, other) == ("", "b")
    assert taken - stopped >= DURATION - TRUSTED - LOOK
    assert "Lease ns/lease: no right" in first.leadership.problem


def test_problem_is_over_with_the_first_answer(world: World) -> None:
    world.forbidden.add("a")
    process = _process(world, "a")
    world.go(10)
    assert (process.leadership.is_mine, process.leadership.problem) == (
        False,
        "Lease ns/lease: no right; a Role there must allow create, and get and update for resourceNames: [lease]",
    )
    world.forbidden.clear()
    world.go(10)
    assert (process.leadership.is_mine, process.leadership.problem) == (True, "")


def test_no_answer_at_all_is_a_problem(world: World) -> None:
    process = _process(world, "a")
    world.weather = Weather(lost=1.0)
    world.go(10)
    assert process.leadership.problem == "Lease ns/lease: no answer in time"


def test_process_that_was_stopped_knows_at_once_that_it_may_not_write(world: World) -> None:
    first = _process(world, "a")
    world.go(0.1)
    _process(world, "b")
    world.go(20)
    for sleeps in (False, True):
        world.stop(first, 60, sleeps=sleeps)
        world.go(100)
        assert world.double == []
        assert world.leaders == ["b"]


def test_release_without_an_answer_does_not_hold_up_the_end(world: World) -> None:
    process = _process(world, "a")
    world.go(10)
    world.weather = Weather(lost=1.0)
    process.release()
    world.go(3)
    assert process.task is not None
    assert process.task.done()
    assert process.task.exception() is None


def test_answer_that_a_sleeping_machine_was_late_to_read_is_no_old_news(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _process(world, "a")
    world.go(0.1)
    second = _process(world, "b")
    world.go(20.0)
    # The second asks, its machine sleeps, and what it reads afterwards is how the first renewed a moment ago.
    with monkeypatch.context() as patch:
        patch.setattr(world, "_delay", lambda: 50.0)
        asked = world.requests
        while world.requests == asked or world.asker != "b":
            world.go(0.01)
    world.stop(second, 52.0, sleeps=True)
    world.go(50.1)
    world.forbidden.add("a")
    world.go(20)
    assert first.leadership.holder == "a"
    assert world.double == []
    assert world.leaders == ["b"]


def test_lease_that_is_deleted_does_not_make_two_holders(world: World) -> None:
    _process(world, "a")
    world.go(1.0)
    _process(world, "b")
    world.go(20)
    for _ in range(40):
        world.lease = None
        world.go(7.3)
    assert world.double == []
    assert world.leaders == ["a"]


def test_lease_that_is_deleted_is_made_again(world: World) -> None:
    _process(world, "a")
    world.go(10)
    world.lease = None
    world.go(LOOK + 0.1)
    assert (world.leaders, _holder(world)) == (["a"], "a")


def test_holder_that_another_replaced_stops_at_its_next_look(world: World) -> None:
    process = _process(world, "a")
    world.go(10)
    assert world.lease is not None
    world.write({**world.lease, "spec": {**world.lease["spec"], "holderIdentity": "admin", "renewTime": "x"}})
    world.go(LOOK + 0.1)
    assert world.leaders == []
    assert process.leadership.holder == "admin"


@pytest.mark.parametrize("duration", [5, 40])
def test_foreign_holder_is_waited_for_as_long_as_its_own_lease_says(world: World, duration: int) -> None:
    metadata = {"name": "lease", "namespace": "ns"}
    spec = {"holderIdentity": "other", "leaseDurationSeconds": duration, "renewTime": "2020-01-01T00:00:00.000000Z"}
    world.write({"metadata": metadata, "spec": spec})
    _process(world, "a")
    world.go(200)
    # However old its time-stamps are: clocks of machines differ.
    assert duration <= world.log[-1][0] <= duration + LOOK + 0.1
    assert world.leaders == ["a"]


@pytest.mark.parametrize(
    "spec", [None, {}, {"holderIdentity": ""}, {"holderIdentity": None, "leaseDurationSeconds": 1}], ids=str
)
def test_lease_that_nobody_holds_is_taken_at_once(world: World, spec: dict[str, object] | None) -> None:
    world.write({"metadata": {"name": "lease", "namespace": "ns"}, **({"spec": spec} if spec is not None else {})})
    _process(world, "a")
    world.go(0.1)
    assert world.leaders == ["a"]


def test_process_that_is_started_anew_under_its_name_goes_on(world: World) -> None:
    first = _process(world, "a")
    world.go(10)
    first.end()
    _process(world, "a")
    world.go(0.1)
    assert world.leaders == ["a"]
    assert _spec(world)["leaseTransitions"] == 0


def test_of_two_under_one_name_one_stops_at_its_next_look_and_says_why(world: World) -> None:
    """A restarted container looks the same at first; from its renewal on, the other one knows better."""
    first = _process(world, "a")
    world.go(10)
    second = _process(world, "a")
    world.go(100)
    assert [process for process in (first, second) if process.may_write] == [second]
    assert "another process calls itself a as well" in first.leadership.problem
    assert world.double and max(world.double) - min(world.double) <= LOOK  # noqa: PT018 - one fact
    second.end()
    world.go(DURATION + 3 * LOOK)
    assert first.may_write
    assert first.leadership.problem == ""
    world.double.clear()


def test_who_waits_is_told_when_it_has_won(world: World) -> None:
    first = _process(world, "a")
    world.go(0.1)
    second = _process(world, "b")
    waiting = second.loop.create_task(second.leadership.won())
    world.go(20)
    assert not waiting.done()
    first.release()
    world.go(5)
    assert waiting.done()


class Quick:
    """A server that answers in the same turn."""

    async def get(self, _path: str) -> Json:
        raise ApiError(404, "not found")

    async def send(self, _method: str, _path: str, document: Json) -> Json:
        return document


class Contested(Quick):
    """A server on which somebody is always quicker, once the Lease was made."""

    lease: Json | None = None

    async def get(self, path: str) -> Json:
        return self.lease or await super().get(path)

    async def send(self, method: str, _path: str, document: Json) -> Json:
        if method == "PUT":
            raise ApiError(409, "modified")
        self.lease = document
        return document


def test_holder_whose_renewal_is_a_conflict_stops_at_once() -> None:
    async def story() -> list[bool]:
        api = cast("ClusterApi", Contested())
        leadership = Leadership(api, "ns", "lease", "a", DURATION, virtual_time.now, asyncio.get_running_loop().time)
        running = asyncio.create_task(leadership.run())
        seen = []
        for wait in (0.1, LOOK):
            await asyncio.sleep(wait)
            seen.append(leadership.is_mine)
        await virtual_time.end(running)
        return seen

    assert virtual_time.run(story()) == [True, False]


@pytest.mark.parametrize("turns", range(12))
def test_end_is_never_forgotten_whenever_it_comes(turns: int) -> None:
    async def story() -> None:
        api = cast("ClusterApi", Quick())
        leadership = Leadership(api, "ns", "lease", "a", DURATION, virtual_time.now, asyncio.get_running_loop().time)
        running = asyncio.create_task(leadership.run())
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.sleep(60)
        assert running.cancelled()

    virtual_time.run(story())


def test_alone_may_always_write_and_has_a_name() -> None:
    async def story() -> None:
        alone = Alone()
        await alone.won()
        await alone.release()
        assert alone.is_mine
        assert alone.identity
        assert Alone("me").identity == "me"

    virtual_time.run(story())


def test_identity_is_the_pods_in_a_cluster_and_any_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.socket, "gethostname", lambda: "pod-1")  # type: ignore[attr-defined]
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert new_identity() == "pod-1"
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    assert new_identity().startswith("pod-1_")
    assert new_identity() != new_identity()


def test_clock_of_the_lease_goes_on() -> None:
    assert boot_seconds() <= boot_seconds()
