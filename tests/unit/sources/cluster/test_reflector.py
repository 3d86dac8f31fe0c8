"""Following one kind: what is listed, what is watched from where, and what a server in trouble changes."""

import asyncio
import itertools

import pytest

from perfana_support.sources.cluster import backoff
from perfana_support.sources.cluster.api import ApiError, WatchSilentError
from perfana_support.sources.cluster.backoff import FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS
from perfana_support.sources.cluster.pulse import Cause, Phase
from perfana_support.sources.cluster.reflector import NODES, WORKLOADS, Reflector
from perfana_support.sources.cluster.store import ClusterStore
from tests.unit import virtual_time
from tests.unit.sources.cluster.following import HOUR, OPEN, PODS, Followed, asked, follow
from tests.unit.sources.cluster.script import Json, Script, Step, bookmark, event, fault, page, pod

DATABASES = next(resource for resource in WORKLOADS if resource.is_optional)
DATABASE: Json = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "metadata": {"name": "db", "namespace": "perfana", "resourceVersion": "3"},
    "spec": {},
}


@pytest.fixture(autouse=True)
def _without_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff.random, "uniform", lambda _low, _high: 1.0)  # type: ignore[attr-defined]


def test_list_comes_first_and_the_watch_goes_on_from_it() -> None:
    followed = follow([page(7, pod("a"), pod("b"))])
    assert asked(followed) == ["list limit=100", "watch resourceVersion=7"]
    assert followed.names == ["a", "b"]
    assert followed.store.is_synced
    assert followed.reflector.pulse.phase is Phase.FOLLOWING


def test_list_comes_in_pages() -> None:
    followed = follow([page(7, pod("a"), more="x"), page(7, pod("b"), more="y"), page(7, pod("c"))])
    assert asked(followed)[:3] == ["list limit=100", "list limit=100 continue=x", "list limit=100 continue=y"]
    assert followed.names == ["a", "b", "c"]


def test_resource_is_not_known_before_its_watch_is_open() -> None:
    assert not follow([page(7)], [[ApiError(500, "trouble")]], 0.1).store.is_synced


def test_events_change_the_store() -> None:
    events: list[Step] = [
        event("ADDED", pod("b", 8)),
        event("MODIFIED", pod("a", 9, phase="Succeeded")),
        5.0,
        event("DELETED", pod("b", 10)),
    ]
    followed = follow([page(7, pod("a"))], [[*events, HOUR]])
    assert followed.names == []
    # Kept, added, over, deleted.
    assert followed.changes == [(0.0, "perfana")] * 3 + [(5.0, "perfana")]


def test_event_that_changes_nothing_that_rules_read_is_no_cause() -> None:
    events: list[Step] = [event("MODIFIED", pod("a", version)) for version in range(8, 50)]
    followed = follow([page(7, pod("a"))], [[*events, HOUR]])
    assert len(followed.changes) == 1


def test_object_of_an_odd_shape_is_left_out_and_stops_nothing() -> None:
    odd: Json = {"metadata": {"name": "odd", "namespace": "perfana", "resourceVersion": "8"}, "spec": {"containers": [7]}}
    followed = follow([page(7, odd, pod("a"))], [[event("ADDED", odd), event("ADDED", pod("b", 9)), HOUR]])
    assert followed.names == ["a", "b"]


@pytest.mark.parametrize(
    "end",
    [ApiError(0, "the watch ended in the middle of an event"), ApiError(500, "trouble"), fault(500), WatchSilentError(90.0)],
    ids=str,
)
def test_watch_that_broke_goes_on_from_the_last_version(end: Step) -> None:
    watches: list[list[Step]] = [[event("ADDED", pod("b", 8)), bookmark(20), end], OPEN]
    followed = follow([page(7, pod("a"))], watches)
    assert asked(followed) == ["list limit=100", "watch resourceVersion=7", "watch resourceVersion=20"]
    assert followed.names == ["a", "b"]
    assert followed.reflector.pulse.phase is Phase.FOLLOWING


def test_watch_that_the_server_ended_goes_on_from_the_last_version() -> None:
    followed = follow([page(7)], [[event("ADDED", pod("b", 8))], OPEN])
    assert asked(followed)[1:] == ["watch resourceVersion=7", "watch resourceVersion=8"]
    assert followed.reflector.pulse.restarts == {Cause.ENDED: 1}


def test_version_that_is_gone_begins_with_a_list() -> None:
    for gone in (ApiError(410, "too old"), fault(410, "too old")):
        followed = follow([page(7, pod("a"), pod("b")), page(30, pod("b"))], [[gone], OPEN])
        assert asked(followed)[2:] == ["list limit=100", "watch resourceVersion=30"]
        # What went while nothing was heard is gone after the list.
        assert followed.names == ["b"]
        assert followed.reflector.pulse.restarts == {Cause.GONE: 1}


def test_list_whose_pages_expire_is_asked_for_in_larger_ones_and_never_whole() -> None:
    expired = ApiError(410, "expired")
    lists: list[Step] = [page(7, pod("a"), more="x"), *[expired] * 5, page(9, pod("b"), pod("c"))]
    followed = follow(lists)
    assert asked(followed) == [
        "list limit=100",
        "list limit=100 continue=x",
        "list limit=250",
        *["list limit=500"] * 4,
        "watch resourceVersion=9",
    ]
    assert followed.names == ["b", "c"]
    assert followed.reflector.pulse.restarts == {Cause.GONE: 5}


def test_pages_are_small_again_after_a_list_that_was_complete() -> None:
    lists: list[Step] = [ApiError(410, "expired"), page(9), page(20)]
    followed = follow(lists, [[fault(410)], OPEN])
    assert [what for what in asked(followed) if "list" in what] == ["list limit=100", "list limit=250", "list limit=100"]


def test_list_that_breaks_between_pages_takes_nothing_away() -> None:
    lists: list[Step] = [page(7, pod("a"), pod("b")), page(9, pod("a"), more="x"), ApiError(500, "trouble"), page(9, pod("a"))]

    async def story() -> list[list[str]]:
        followed = Followed(Script(lists, [[fault(410)], OPEN]))
        running = asyncio.create_task(followed.reflector.run())
        seen = []
        for moment in (0.1, 0.3, 2.0):
            await asyncio.sleep(moment)
            seen.append(followed.names)
        await virtual_time.end(running)
        return seen

    assert virtual_time.run(story()) == [["a", "b"], ["a", "b"], ["a"]]


def test_waits_grow_up_to_a_limit() -> None:
    times = follow([ApiError(500, "trouble")], seconds=400).script.times("list")
    waits = [round(after - before, 3) for before, after in itertools.pairwise(times)]
    doubled = [FIRST_WAIT_SECONDS * 2**count for count in range(7)]
    assert waits[:7] == doubled
    assert set(waits[7:]) == {LAST_WAIT_SECONDS}


def test_waits_begin_anew_after_an_event() -> None:
    broken: list[Step] = [ApiError(500, "trouble")]
    followed = follow([page(7)], [broken, broken, broken, [bookmark(8), ApiError(500, "trouble")], OPEN])
    times = followed.script.times("watch")
    waits = [round(after - before, 3) for before, after in itertools.pairwise(times)]
    assert waits == [0.25, 0.5, 1.0, 0.25]


def test_waits_begin_anew_after_a_watch_on_which_nothing_happened() -> None:
    broken: list[Step] = [ApiError(500, "trouble")]
    quiet: list[Step] = [20.0, ApiError(500, "trouble")]
    followed = follow([page(7)], [broken, broken, broken, quiet, broken, OPEN])
    times = followed.script.times("watch")
    waits = [round(after - before, 3) for before, after in itertools.pairwise(times)]
    assert waits == [0.25, 0.5, 1.0, 20.25, 0.5]


def test_watch_that_breaks_at_once_is_no_success() -> None:
    broken: list[Step] = [0.5, ApiError(500, "trouble")]
    times = follow([page(7)], [broken], 100.0).script.times("watch")
    assert [round(after - before - 0.5, 3) for before, after in itertools.pairwise(times)][:4] == [0.25, 0.5, 1.0, 2.0]


def test_server_that_ends_every_watch_at_once_is_not_asked_in_a_tight_loop() -> None:
    assert len(follow([page(7)], [[]], 10.0).script.times("watch")) <= 41


def test_server_says_when_to_come_again() -> None:
    followed = follow([page(7)], [[ApiError(429, "too many", 17.0)], OPEN])
    assert followed.script.times("watch") == [0.0, 17.0]
    assert followed.reflector.pulse.restarts == {Cause.FAILED: 1}


def test_server_that_asks_to_wait_is_no_open_watch() -> None:
    followed = follow([page(7)], [[bookmark(8), ApiError(503, "starting", 100.0)], OPEN])
    assert followed.reflector.pulse.phase is Phase.WAITING
    assert followed.reflector.pulse.problem == "starting"


def test_version_that_is_gone_begins_with_a_list_however_long_the_server_wants_to_wait() -> None:
    followed = follow([page(7), page(30)], [[ApiError(410, "too old", 2.0)], OPEN])
    assert asked(followed)[2:] == ["list limit=100", "watch resourceVersion=30"]


def test_optional_kind_that_is_absent_is_no_gap() -> None:
    followed = follow([ApiError(404, "no such kind")], resource=DATABASES)
    assert followed.store.is_synced
    assert followed.gaps == ()
    assert followed.reflector.pulse.problem == ""


def test_optional_kind_that_appears_is_followed_within_a_minute() -> None:
    followed = follow([*[ApiError(404, "no such kind")] * 4, page(7, DATABASE)], seconds=61, resource=DATABASES)
    assert followed.names == ["db"]


def test_optional_kind_that_disappears_takes_its_objects_with_it() -> None:
    absent = ApiError(404, "no such kind")
    followed = follow([page(7, DATABASE), absent], [[1.0, absent]], seconds=61, resource=DATABASES)
    assert (followed.names, followed.gaps) == ([], ())


def test_server_that_does_not_know_an_optional_kind_for_a_moment_takes_nothing_away() -> None:
    absent = ApiError(404, "no such kind")
    followed = follow([page(7, DATABASE), absent, page(9, DATABASE)], [[1.0, absent], OPEN], resource=DATABASES)
    assert followed.names == ["db"]
    assert followed.changes == [(0.0, "perfana")]


def test_kind_that_every_server_has_is_waited_for() -> None:
    followed = follow([ApiError(404, "starting"), ApiError(404, "starting"), page(7, pod("a"))])
    assert (followed.names, followed.gaps) == (["a"], ())


def test_nodes_are_followed_for_the_whole_cluster() -> None:
    node = {"metadata": {"name": "n", "resourceVersion": "3"}, "status": {"nodeInfo": {"architecture": "arm64"}}}
    placed = pod("a")
    placed["spec"]["nodeName"] = "n"

    async def story() -> str:
        script = Script([page(7, node)], [OPEN])
        store = ClusterStore(("nodes", "pods"), lambda _: None)
        pods = Reflector(Script([page(7, placed)], [OPEN]).api, PODS, None, store, 90.0)
        running = [asyncio.create_task(one.run()) for one in (Reflector(script.api, NODES, None, store, 90.0), pods)]
        await asyncio.sleep(1)
        await virtual_time.end(*running)
        platform = store.installation("perfana").platform
        assert platform is not None
        return platform.nodes[0].architecture

    assert virtual_time.run(story()) == "arm64"


def test_namespace_is_part_of_the_name_and_of_the_path() -> None:
    async def story() -> Reflector:
        return Followed(Script([], []), PODS, "shop").reflector

    reflector = virtual_time.run(story())
    assert reflector.name == "shop/pods"
    assert reflector._path == "/api/v1/namespaces/shop/pods"  # noqa: SLF001 - what is asked for
