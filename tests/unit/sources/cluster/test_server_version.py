"""The server's version: asked for again soon after a failure, unknown only once there is no right to it."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from perfana_support.sources.cluster import backoff
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from perfana_support.sources.cluster.server_version import EVERY_SECONDS, follow_server_version
from perfana_support.sources.cluster.store import SERVER_VERSION, ClusterStore
from perfana_support.sources.cluster.trouble import PATIENCE_SECONDS
from tests.unit import virtual_time

V33, V34 = {"gitVersion": "v1.33.1"}, {"gitVersion": "v1.34.0"}
Answer = dict[str, Any] | ApiError


@pytest.fixture(autouse=True)
def _without_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff.random, "uniform", lambda _low, _high: 1.0)  # type: ignore[attr-defined]


class Server:
    """Gives answers in order, the last of them again and again."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = list(answers)
        self.asked: list[float] = []

    async def get(self, path: str) -> dict[str, Any]:
        assert path == "/version"
        self.asked.append(virtual_time.seconds())
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, ApiError):
            raise answer
        return answer


class Outcome:
    """What the store says after a while."""

    def __init__(self, store: ClusterStore, server: Server) -> None:
        platform = store.installation("perfana").platform
        assert platform is not None
        self.version, self.gaps = platform.server_version, platform.gaps
        self.is_settled = not store.waits_for(SERVER_VERSION)
        self.asked = server.asked


def _follow(*answers: Answer, seconds: float = 10.0, has_read: bool = False) -> Outcome:
    async def story() -> Outcome:
        server = Server(answers)
        store = ClusterStore((SERVER_VERSION, "pods"), lambda _: None)
        if has_read:
            store.mark_readable("pods")
        running = asyncio.create_task(follow_server_version(cast("ClusterApi", server), store))
        await asyncio.sleep(seconds)
        await virtual_time.end(running)
        return Outcome(store, server)

    return virtual_time.run(story())


def test_version_is_asked_for_now_and_then() -> None:
    found = _follow(V33, V34, seconds=EVERY_SECONDS + 1)
    assert (found.version, found.is_settled, found.asked) == ("v1.34.0", True, [0.0, EVERY_SECONDS])


@pytest.mark.parametrize("status", [0, 404, 429, 500, 503])
def test_failure_at_the_start_is_tried_again_soon(status: int) -> None:
    trouble = ApiError(status, "trouble")
    found = _follow(trouble, trouble, V33, has_read=True)
    assert (found.version, found.gaps, found.asked) == ("v1.33.1", (), [0.0, 0.25, 0.75])
    assert not _follow(trouble, seconds=PATIENCE_SECONDS - 1, has_read=True).is_settled


def test_failure_that_stays_is_a_gap_after_a_while_and_heals() -> None:
    trouble: list[Answer] = [ApiError(500, "trouble")] * 9
    found = _follow(*trouble, V33, seconds=PATIENCE_SECONDS + 1, has_read=True)
    assert (found.version, found.gaps, found.is_settled) == ("", ("the server's version cannot be read: trouble",), True)
    healed = _follow(*trouble, V33, seconds=200.0, has_read=True)
    assert (healed.version, healed.gaps) == ("v1.33.1", ())


@pytest.mark.parametrize("answer", [{}, {"gitVersion": ""}, {"gitVersion": 7}], ids=str)
def test_answer_without_a_version_is_a_failure(answer: dict[str, Any]) -> None:
    found = _follow(answer, seconds=PATIENCE_SECONDS + 1, has_read=True)
    assert found.gaps == ("the server's version cannot be read: the server's answer holds no version",)


def test_refusals_are_believed_after_some_and_forget_what_was_known() -> None:
    no_right = ApiError(403, "no right")
    assert not _follow(no_right, seconds=1.0).is_settled
    found = _follow(V33, no_right, seconds=EVERY_SECONDS + 10)
    assert (found.version, found.gaps) == ("", ("the server's version cannot be read: no right",))
    given = _follow(V33, *[no_right] * 5, V34, seconds=EVERY_SECONDS + 100)
    assert (given.version, given.gaps) == ("v1.34.0", ())


def test_version_stays_while_the_server_is_in_trouble() -> None:
    found = _follow(V33, ApiError(500, "trouble"), seconds=EVERY_SECONDS + 100)
    assert (found.version, found.gaps) == ("v1.33.1", ())
