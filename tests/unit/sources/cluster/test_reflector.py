"""Following one kind: what is listed, what is watched from where, and what a server in trouble changes."""

import asyncio
import itertools
from collections.abc import Sequence

import pytest

from perfana_support.sources.cluster import backoff
from perfana_support.sources.cluster import reflector as module
from perfana_support.sources.cluster.api import ApiError, WatchSilentError
from perfana_support.sources.cluster.backoff import FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS
from perfana_support.sources.cluster.pulse import Cause, Phase
from perfana_support.sources.cluster.reflector import NODES, WORKLOADS, Reflector, Resource
from perfana_support.sources.cluster.store import ClusterStore
from perfana_support.sources.cluster.trouble import PATIENCE_SECONDS, REFUSALS_BELIEVED
from tests.unit import virtual_time
from tests.unit.sources.cluster.script import Json, Script, Step, bookmark, event, fault, page, pod

PODS = next(resource for resource in WORKLOADS if resource.plural == "pods")
DATABASES = next(resource for resource in WORKLOADS if resource.is_optional)
HOUR = 3600.0
OPEN: list[Step] = [HOUR]
DATABASE: Json = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "metadata": {"name": "db", "namespace": "perfana", "resourceVersion": "3"},
    "spec": {},
}


@pytest.fixture(autouse=True)
def _without_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff.random, "uniform", lambda _low, _high: 1.0)  # type: ignore[attr-defined]


class Followed:
    """What came of following a script for a while."""

    def __init__(self, script: Script, resource: Resource = PODS, namespace: str | None = None) -> None:
        self.changes: list[tuple[float, str]] = []
        self.script = script
        self.reflector = Reflector(script.api, resource, namespace, self._store(resource), 90.0)

    def _store(self, resource: Resource) -> ClusterStore:
        self.store = ClusterStore(
            (resource.plural,), lambda namespace: self.changes.append((round(virtual_time.seconds(), 3), namespace))
        )
        return self.store

    @property
    def names(self) -> list[str]:
        return sorted(workload.name for workload in self.store.installation("perfana").workloads)

    @property
    def gaps(self) -> tuple[str, ...]:
        return self.store.installation("perfana").gaps


def _follow(
    lists: Sequence[Step], watches: Sequence[Sequence[Step]] = (OPEN,), seconds: float = 60.0, resource: Resource = PODS
) -> Followed:
    async def story() -> Followed:
        followed = Followed(Script(lists, watches), resource)
        running = asyncio.create_task(followed.reflector.run())
        await asyncio.sleep(seconds)
        await virtual_time.end(running)
        return followed

    return virtual_time.run(story())


def _asked(followed: Followed) -> list[str]:
    return [what for _, what in followed.script.asked]


def test_list_comes_first_and_the_watch_goes_on_from_it() -> None:
    followed = _follow([page(7, pod("a"), pod("b"))])
    assert _asked(followed) == ["list limit=100", "watch resourceVersion=7"]
    assert followed.names == ["a", "b"]
    assert followed.store.is_synced
    assert followed.reflector.pulse.phase is Phase.FOLLOWING


def test_list_comes_in_pages() -> None:
    followed = _follow([page(7, pod("a"), more="x"), page(7, pod("b"), more="y"), page(7, pod("c"))])
    assert _asked(followed)[:3] == ["list limit=100", "list limit=100 continue=x", "list limit=100 continue=y"]
    assert followed.names == ["a", "b", "c"]


def test_resource_is_not_known_before_its_watch_is_open() -> None:
    assert not _follow([page(7)], [[ApiError(500, "trouble")]], 0.1).store.is_synced


def test_events_change_the_store() -> None:
    events: list[Step] = [
        event("ADDED", pod("b", 8)),
        event("MODIFIED", pod("a", 9, phase="Succeeded")),
        5.0,
        event("DELETED", pod("b", 10)),
    ]
    followed = _follow([page(7, pod("a"))], [[*events, HOUR]])
    assert followed.names == []
    # Kept, added, over, deleted.
    assert followed.changes == [(0.0, "perfana")] * 3 + [(5.0, "perfana")]


def test_event_that_changes_nothing_that_rules_read_is_no_cause() -> None:
    events: list[Step] = [event("MODIFIED", pod("a", version)) for version in range(8, 50)]
    followed = _follow([page(7, pod("a"))], [[*events, HOUR]])
    assert len(followed.changes) == 1


def test_object_of_an_odd_shape_is_left_out_and_stops_nothing() -> None:
    odd: Json = {"metadata": {"name": "odd", "namespace": "perfana", "resourceVersion": "8"}, "spec": {"containers": [7]}}
    followed = _follow([page(7, odd, pod("a"))], [[event("ADDED", odd), event("ADDED", pod("b", 9)), HOUR]])
    assert followed.names == ["a", "b"]


@pytest.mark.parametrize(
    "end",
    [ApiError(0, "the watch ended in the middle of an event"), ApiError(500, "trouble"), fault(500), WatchSilentError(90.0)],
    ids=str,
)
def test_watch_that_broke_goes_on_from_the_last_version(end: Step) -> None:
    watches: list[list[Step]] = [[event("ADDED", pod("b", 8)), bookmark(20), end], OPEN]
    followed = _follow([page(7, pod("a"))], watches)
    assert _asked(followed) == ["list limit=100", "watch resourceVersion=7", "watch resourceVersion=20"]
    assert followed.names == ["a", "b"]
    assert followed.reflector.pulse.phase is Phase.FOLLOWING


def test_watch_that_the_server_ended_goes_on_from_the_last_version() -> None:
    followed = _follow([page(7)], [[event("ADDED", pod("b", 8))], OPEN])
    assert _asked(followed)[1:] == ["watch resourceVersion=7", "watch resourceVersion=8"]
    assert followed.reflector.pulse.restarts == {Cause.ENDED: 1}


def test_version_that_is_gone_begins_with_a_list() -> None:
    for gone in (ApiError(410, "too old"), fault(410, "too old")):
        followed = _follow([page(7, pod("a"), pod("b")), page(30, pod("b"))], [[gone], OPEN])
        assert _asked(followed)[2:] == ["list limit=100", "watch resourceVersion=30"]
        # What went while nothing was heard is gone after the list.
        assert followed.names == ["b"]
        assert followed.reflector.pulse.restarts == {Cause.GONE: 1}


def test_list_whose_pages_expire_is_asked_for_in_larger_ones_and_never_whole() -> None:
    expired = ApiError(410, "expired")
    lists: list[Step] = [page(7, pod("a"), more="x"), *[expired] * 5, page(9, pod("b"), pod("c"))]
    followed = _follow(lists)
    assert _asked(followed) == [
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
    followed = _follow(lists, [[fault(410)], OPEN])
    assert [what for what in _asked(followed) if "list" in what] == ["list limit=100", "list limit=250", "list limit=100"]


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
    times = _follow([ApiError(500, "trouble")], seconds=400).script.times("list")
    waits = [round(after - before, 3) for before, after in itertools.pairwise(times)]
    doubled = [FIRST_WAIT_SECONDS * 2**count for count in range(7)]
    assert waits[:7] == doubled
    assert set(waits[7:]) == {LAST_WAIT_SECONDS}


def test_waits_begin_anew_after_an_event() -> None:
    broken: list[Step] = [ApiError(500, "trouble")]
    followed = _follow([page(7)], [broken, broken, broken, [bookmark(8), ApiError(500, "trouble")], OPEN])
    times = followed.script.times("watch")
    waits = [round(after - before, 3) for before, after in itertools.pairwise(times)]
    assert waits == [0.25, 0.5, 1.0, 0.25]


def test_waits_begin_anew_after_a_watch_on_which_nothing_happened() -> None:
    broken: list[Step] = [ApiError(500, "trouble")]
    quiet: list[Step] = [20.0, ApiError(500, "trouble")]
    followed = _follow([page(7)], [broken, broken, broken, quiet, broken, OPEN])
    times = followed.script.times("watch")
    waits = [round(after - before, 3) for before, after in itertools.pairwise(times)]
    assert waits == [0.25, 0.5, 1.0, 20.25, 0.5]


def test_watch_that_breaks_at_once_is_no_success() -> None:
    broken: list[Step] = [0.5, ApiError(500, "trouble")]
    times = _follow([page(7)], [broken], 100.0).script.times("watch")
    assert [round(after - before - 0.5, 3) for before, after in itertools.pairwise(times)][:4] == [0.25, 0.5, 1.0, 2.0]


def test_server_that_ends_every_watch_at_once_is_not_asked_in_a_tight_loop() -> None:
    assert len(_follow([page(7)], [[]], 10.0).script.times("watch")) <= 41


def test_server_says_when_to_come_again() -> None:
    followed = _follow([page(7)], [[ApiError(429, "too many", 17.0)], OPEN])
    assert followed.script.times("watch") == [0.0, 17.0]
    assert followed.reflector.pulse.restarts == {Cause.FAILED: 1}


def test_server_that_asks_to_wait_is_no_open_watch() -> None:
    followed = _follow([page(7)], [[bookmark(8), ApiError(503, "starting", 100.0)], OPEN])
    assert followed.reflector.pulse.phase is Phase.WAITING
    assert followed.reflector.pulse.problem == "starting"


def test_version_that_is_gone_begins_with_a_list_however_long_the_server_wants_to_wait() -> None:
    followed = _follow([page(7), page(30)], [[ApiError(410, "too old", 2.0)], OPEN])
    assert _asked(followed)[2:] == ["list limit=100", "watch resourceVersion=30"]


def test_refusals_are_believed_after_some() -> None:
    async def story() -> list[bool]:
        followed = Followed(Script([ApiError(403, "no right")], [OPEN]))
        running = asyncio.create_task(followed.reflector.run())
        known = []
        for _ in range(REFUSALS_BELIEVED + 2):
            count = len(followed.script.asked)
            while len(followed.script.asked) == count:  # noqa: ASYNC110 - time is virtual
                await asyncio.sleep(0.01)
            await asyncio.sleep(0)
            known.append(followed.store.is_synced)
        await virtual_time.end(running)
        assert "pods cannot be listed and watched: no right" in followed.gaps
        return known

    assert virtual_time.run(story()).index(True) == REFUSALS_BELIEVED - 1


def test_right_that_is_given_again_closes_the_gap_within_a_minute() -> None:
    refusals: list[Step] = [ApiError(403, "no right")] * (REFUSALS_BELIEVED + 1)
    followed = _follow([*refusals, page(7, pod("a"))], seconds=70)
    assert (followed.gaps, followed.names) == ((), ["a"])


def test_watch_that_is_forbidden_although_the_list_is_allowed_never_flaps() -> None:
    followed = _follow([page(7, pod("a"))], [[ApiError(403, "no right to watch")]], 600.0)
    assert (len(followed.gaps), followed.names) == (1, [])
    # One change for the pod, one for the gap, one to forget the pod, none ever after.
    assert [namespace for _, namespace in followed.changes] == ["perfana", "", "perfana"]
    assert followed.reflector.pulse.phase is Phase.WAITING


def test_what_was_known_before_a_right_was_taken_away_is_forgotten() -> None:
    refused: list[Step] = [ApiError(403, "no right")]
    followed = _follow([page(7, pod("a")), *refused], [[1.0, *refused]])
    assert followed.names == []
    assert followed.gaps == ("pods cannot be listed and watched: no right",)


def test_right_that_is_given_back_shows_what_is_there_now() -> None:
    refused = ApiError(403, "no right")
    lists: list[Step] = [page(7, pod("a")), *[refused] * 5, page(30), page(30, pod("b"))]
    followed = _follow(lists, [[1.0, refused], OPEN], 120.0)
    assert (followed.names, followed.gaps) == (["b"], ())
    assert _asked(followed)[-4:] == ["list limit=1", "try resourceVersion=30", "list limit=100", "watch resourceVersion=30"]


def test_single_refusal_does_not_count_towards_later_ones() -> None:
    broken: list[Step] = [1.0, ApiError(403, "no right")]
    followed = _follow([page(7, pod("a"))], [broken] * 20 + [OPEN], 600.0)
    assert followed.gaps == ()


def _follow_beside_another(lists: Sequence[Step], seconds: float, watches: Sequence[Sequence[Step]] = (OPEN,)) -> Followed:
    """Follow pods that another resource of the same store is read beside."""

    async def story() -> Followed:
        followed = Followed(Script(lists, watches))
        followed.store.mark_readable("deployments")
        running = asyncio.create_task(followed.reflector.run())
        await asyncio.sleep(seconds)
        await virtual_time.end(running)
        return followed

    return virtual_time.run(story())


def test_resource_that_fails_from_the_start_is_a_gap_in_the_end() -> None:
    failing: list[Step] = [ApiError(500, "etcd is sick")]
    assert not _follow_beside_another(failing, PATIENCE_SECONDS - 0.1).store.is_synced
    followed = _follow_beside_another(failing, PATIENCE_SECONDS + 0.1)
    assert followed.store.is_synced
    assert followed.gaps == ("pods cannot be listed and watched: etcd is sick",)


def test_gap_of_a_resource_that_failed_closes_once_it_answers() -> None:
    failing: list[Step] = [ApiError(500, "etcd is sick")] * 10
    followed = _follow_beside_another([*failing, page(7, pod("a"))], 200.0)
    assert (followed.names, followed.gaps) == (["a"], ())


def test_resource_that_asks_to_wait_for_long_is_a_gap_at_its_next_failure() -> None:
    followed = _follow_beside_another([ApiError(429, "too many", 100.0)], 99.0)
    assert not followed.store.is_synced
    assert _follow_beside_another([ApiError(429, "too many", 100.0)], 101.0).gaps != ()


def test_server_of_which_nothing_can_be_read_is_waited_for() -> None:
    """It is away: to call everything Unknown once it is back would turn all verdicts twice."""
    assert not _follow([ApiError(0, "no answer")], seconds=3600.0).store.is_synced


def test_failure_after_a_good_start_is_no_gap() -> None:
    followed = _follow_beside_another(
        [page(7, pod("a"))], 3600.0, [[1.0, ApiError(500, "trouble")], [ApiError(500, "trouble")]]
    )
    assert (followed.names, followed.gaps) == (["a"], ())


def test_fault_of_this_program_is_waited_out(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    _stumble(monkeypatch, times=2)
    followed = _follow([page(7, pod("a"))], [OPEN])
    assert (followed.names, followed.gaps) == (["a"], ())
    assert [record.exc_info is not None for record in caplog.records if record.levelname == "ERROR"] == [True, True]


def test_fault_of_this_program_that_stays_is_a_gap_and_flaps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _stumble(monkeypatch, times=10_000)
    followed = _follow([page(7, pod("a"))], [OPEN], 600.0)
    (gap,) = followed.gaps
    assert gap.endswith("this program fails to read it, please report that: LookupError: of all things")
    assert len(followed.changes) == 1
    assert followed.reflector.pulse.phase is Phase.WAITING
    assert followed.store.is_synced


def test_event_that_this_program_stumbles_over_begins_with_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    watches: list[list[Step]] = [[1.0, event("ADDED", pod("b", 8))], OPEN]
    _stumble(monkeypatch, times=1, name="b")
    assert _follow([page(7, pod("a")), page(9, pod("a"), pod("b"))], watches).names == ["a", "b"]


def _stumble(monkeypatch: pytest.MonkeyPatch, times: int, name: str = "a") -> None:
    """Let the projection fail at an object so many times."""
    project = module.project  # type: ignore[attr-defined]
    left = [times]

    def failing(entity: Json, kind: str) -> object:
        if entity["metadata"]["name"] == name and left[0]:
            left[0] -= 1
            raise LookupError("of all things")
        return project(entity, kind)

    monkeypatch.setattr(module, "project", failing)


def test_optional_kind_that_is_absent_is_no_gap() -> None:
    followed = _follow([ApiError(404, "no such kind")], resource=DATABASES)
    assert followed.store.is_synced
    assert followed.gaps == ()
    assert followed.reflector.pulse.problem == ""


def test_optional_kind_that_appears_is_followed_within_a_minute() -> None:
    followed = _follow([*[ApiError(404, "no such kind")] * 4, page(7, DATABASE)], seconds=61, resource=DATABASES)
    assert followed.names == ["db"]


def test_optional_kind_that_disappears_takes_its_objects_with_it() -> None:
    absent = ApiError(404, "no such kind")
    followed = _follow([page(7, DATABASE), absent], [[1.0, absent]], seconds=61, resource=DATABASES)
    assert (followed.names, followed.gaps) == ([], ())


def test_server_that_does_not_know_an_optional_kind_for_a_moment_takes_nothing_away() -> None:
    absent = ApiError(404, "no such kind")
    followed = _follow([page(7, DATABASE), absent, page(9, DATABASE)], [[1.0, absent], OPEN], resource=DATABASES)
    assert followed.names == ["db"]
    assert followed.changes == [(0.0, "perfana")]


def test_kind_that_every_server_has_is_waited_for() -> None:
    followed = _follow([ApiError(404, "starting"), ApiError(404, "starting"), page(7, pod("a"))])
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
