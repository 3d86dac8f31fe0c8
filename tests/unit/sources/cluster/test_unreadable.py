"""Following one kind that cannot be read: when that is believed, what is forgotten then, and how it heals."""

import asyncio
from collections.abc import Sequence

import pytest

from perfana_support.sources.cluster import backoff
from perfana_support.sources.cluster import reflector as module
from perfana_support.sources.cluster.api import ApiError
from perfana_support.sources.cluster.pulse import Phase
from perfana_support.sources.cluster.trouble import PATIENCE_SECONDS, REFUSALS_BELIEVED, STALE_SECONDS
from tests.unit import virtual_time
from tests.unit.sources.cluster.following import OPEN, Followed, asked, follow
from tests.unit.sources.cluster.script import Json, Script, Step, event, page, pod


@pytest.fixture(autouse=True)
def _without_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff.random, "uniform", lambda _low, _high: 1.0)  # type: ignore[attr-defined]


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
    followed = follow([*refusals, page(7, pod("a"))], seconds=70)
    assert (followed.gaps, followed.names) == ((), ["a"])


def test_watch_that_is_forbidden_although_the_list_is_allowed_never_flaps() -> None:
    followed = follow([page(7, pod("a"))], [[ApiError(403, "no right to watch")]], 600.0)
    assert (len(followed.gaps), followed.names) == (1, [])
    # One change for the pod, one for the gap, one to forget the pod, none ever after.
    assert [namespace for _, namespace in followed.changes] == ["perfana", "", "perfana"]
    assert followed.reflector.pulse.phase is Phase.WAITING


def test_what_was_known_before_a_right_was_taken_away_is_forgotten() -> None:
    refused: list[Step] = [ApiError(403, "no right")]
    followed = follow([page(7, pod("a")), *refused], [[1.0, *refused]])
    assert followed.names == []
    assert followed.gaps == ("pods cannot be listed and watched: no right",)


def test_right_that_is_given_back_shows_what_is_there_now() -> None:
    refused = ApiError(403, "no right")
    lists: list[Step] = [page(7, pod("a")), *[refused] * 5, page(30), page(30, pod("b"))]
    followed = follow(lists, [[1.0, refused], OPEN], 120.0)
    assert (followed.names, followed.gaps) == (["b"], ())
    assert asked(followed)[-4:] == ["list limit=1", "try resourceVersion=30", "list limit=100", "watch resourceVersion=30"]


def test_single_refusal_does_not_count_towards_later_ones() -> None:
    broken: list[Step] = [1.0, ApiError(403, "no right")]
    followed = follow([page(7, pod("a"))], [broken] * 20 + [OPEN], 600.0)
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
    assert not follow([ApiError(0, "no answer")], seconds=3600.0).store.is_synced


@pytest.mark.parametrize(
    ("status", "seconds", "gaps"),
    [
        (500, STALE_SECONDS - 1, ()),
        (500, STALE_SECONDS + 60, ("pods cannot be listed and watched: trouble",)),
        (0, 3600.0, ()),
    ],
)
def test_failure_after_a_good_start_is_a_gap_once_what_is_known_is_old(
    status: int, seconds: float, gaps: tuple[str, ...]
) -> None:
    """Not where the server is away as a whole: nothing could be written meanwhile."""
    trouble = ApiError(status, "trouble")
    followed = _follow_beside_another([page(7, pod("a"))], seconds, [[1.0, trouble], [trouble]])
    assert (followed.names, followed.gaps) == (["a"], gaps)


def test_gap_of_what_grew_old_closes_once_it_is_watched_again() -> None:
    trouble = ApiError(500, "trouble")
    followed = _follow_beside_another([page(7, pod("a"))], 900.0, [[1.0, trouble], *[[trouble]] * 18, OPEN])
    assert (followed.names, followed.gaps) == (["a"], ())
    assert [namespace for _, namespace in followed.changes].count("") == 2


def test_failures_far_apart_make_no_gap() -> None:
    often: list[list[Step]] = [[60.0, ApiError(500, "trouble")] for _ in range(20)]
    followed = _follow_beside_another([page(7, pod("a"))], 1100.0, [*often, OPEN])
    assert (followed.gaps, [namespace for _, namespace in followed.changes].count("")) == ((), 0)


def test_fault_of_this_program_is_waited_out(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    _stumble(monkeypatch, times=2)
    followed = follow([page(7, pod("a"))], [OPEN])
    assert (followed.names, followed.gaps) == (["a"], ())
    assert [record.exc_info is not None for record in caplog.records if record.levelname == "ERROR"] == [True, True]


def test_fault_of_this_program_that_stays_is_a_gap_and_flaps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _stumble(monkeypatch, times=10_000)
    followed = follow([page(7, pod("a"))], [OPEN], 600.0)
    (gap,) = followed.gaps
    assert gap.endswith("this program fails to read it, please report that: LookupError: of all things")
    assert len(followed.changes) == 1
    assert followed.reflector.pulse.phase is Phase.WAITING
    assert followed.store.is_synced


def test_event_that_this_program_stumbles_over_begins_with_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    watches: list[list[Step]] = [[1.0, event("ADDED", pod("b", 8))], OPEN]
    _stumble(monkeypatch, times=1, name="b")
    assert follow([page(7, pod("a")), page(9, pod("a"), pod("b"))], watches).names == ["a", "b"]


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
