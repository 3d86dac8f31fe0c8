"""Kopf in a thread of its own: started anew when it ends, ended when told to, with the login in our loop."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import kopf
import pytest

from perfana_support.controller import framework as module
from perfana_support.controller.framework import Framework, Terms
from perfana_support.controller.metrics import Metrics
from perfana_support.controller.names import CHECKS, POLICIES
from perfana_support.controller.settings import Settings
from perfana_support.sources.cluster.backoff import Backoff

Operate = Callable[..., Awaitable[None]]
# Far above what a thread needs to start, so that a failure ends instead of hanging.
DEADLINE_SECONDS = 10.0


class FakeKopf:
    """In place of `kopf.operator`: notes how it was called and does what a test says, the last of it again and again."""

    def __init__(self, *acts: Operate) -> None:
        self.acts = list(acts)
        self.calls: list[dict[str, Any]] = []
        self.threads: list[threading.Thread] = []

    async def operator(self, **parts: Any) -> None:  # noqa: ANN401 - as Kopf's own
        self.calls.append(parts)
        self.threads.append(threading.current_thread())
        await (self.acts.pop(0) if len(self.acts) > 1 else self.acts[0])(**parts)


async def _forever(**_: object) -> None:
    await asyncio.Event().wait()


async def _failing(**_: object) -> None:
    raise LookupError("the definition is gone")


async def _ending(**_: object) -> None:
    pass


class Scene:
    """A framework whose Kopf is a test's, and what it gave us."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *acts: Operate, settings: Settings | None = None) -> None:
        self.kopf = FakeKopf(*acts)
        self.metrics = Metrics()
        self.taken: list[tuple[str, object, threading.Thread]] = []
        self.logins: list[threading.Thread] = []
        self.something = asyncio.Event()
        monkeypatch.setattr(module.kopf, "operator", self.kopf.operator)  # type: ignore[attr-defined]
        monkeypatch.setattr(module, "_FIRST_WAIT_SECONDS", 0.001)
        monkeypatch.setattr(module, "_LAST_WAIT_SECONDS", 0.002)
        self.terms = Terms((CHECKS, POLICIES))
        self.framework = Framework(settings or Settings(), self.metrics, self._connection, self._take, lambda: self.terms)

    async def _connection(self) -> kopf.ConnectionInfo:
        self.logins.append(threading.current_thread())
        return kopf.ConnectionInfo(server="https://server", token="secret")  # noqa: S106 - of a test

    def _take(self, plural: str, event: kopf.RawEvent) -> None:
        self.taken.append((plural, event, threading.current_thread()))
        self.something.set()

    @property
    def restarts(self) -> float:
        return self.metrics.registry.get_sample_value("perfana_support_framework_restarts_total") or 0.0

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, with a deadline."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not is_so():  # noqa: ASYNC110 - what is waited for happens in another thread
                await asyncio.sleep(0.001)


async def _end(running: asyncio.Task[None]) -> float:
    """Cancel and say how long that took."""
    began = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    return time.monotonic() - began


def test_kopf_runs_in_a_thread_of_its_own_and_ends_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        scene = Scene(monkeypatch, _forever)
        running = asyncio.create_task(scene.framework.run())
        await scene.until(lambda: bool(scene.kopf.threads))
        (thread,) = scene.kopf.threads
        assert thread is not threading.main_thread()
        assert await _end(running) < 1.0
        assert not thread.is_alive()
        assert scene.restarts == 0.0

    asyncio.run(story())


@pytest.mark.parametrize(("act", "text"), [(_failing, "the definition is gone"), (_ending, "without an error")])
def test_kopf_is_started_anew_when_it_ends(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, act: Operate, text: str
) -> None:
    async def story() -> None:
        scene = Scene(monkeypatch, act, act, act, _forever)
        running = asyncio.create_task(scene.framework.run())
        await scene.until(lambda: len(scene.kopf.calls) == 4)
        assert scene.restarts == 3.0
        assert not running.done()
        await _end(running)

    asyncio.run(story())
    assert [text in record.getMessage() for record in caplog.records if record.name == module.__name__] == [True] * 3


def test_watch_of_kopfs_that_is_cut_off_by_the_end_is_no_error_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[object] = []
    events: list[object] = []

    async def watch() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            events.append("closed")
            raise RuntimeError("asynchronous generators do not like to be ended so")

    async def watching(**_: object) -> None:
        stream = watch()
        kept.append((stream, await anext(stream)))
        events.append("open")
        await asyncio.Event().wait()

    async def story() -> None:
        scene = Scene(monkeypatch, watching)
        running = asyncio.create_task(scene.framework.run())
        await scene.until(lambda: events == ["open"])
        await _end(running)

    asyncio.run(story())
    assert events == ["open", "closed"]
    assert "asynchronous generator" not in caplog.text


def test_kopf_is_started_anew_for_what_can_be_read_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would ask for what is forbidden again and again; that it is another one then is no failure."""

    async def story() -> list[set[str]]:
        monkeypatch.setattr(module, "_LOOK_SECONDS", 0.001)
        scene = Scene(monkeypatch, _forever)
        scene.terms = Terms((CHECKS,))
        running = asyncio.create_task(scene.framework.run())
        await scene.until(lambda: len(scene.kopf.calls) == 1)
        scene.terms = Terms((CHECKS, POLICIES))
        await scene.until(lambda: len(scene.kopf.calls) == 2)
        await _end(running)
        assert scene.restarts == 0.0
        return [{handler.id for handler in _handlers(call["registry"])[1]} for call in scene.kopf.calls]

    assert asyncio.run(story()) == [{CHECKS}, {CHECKS, POLICIES}]


def test_kopf_that_ends_again_and_again_never_ends_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        scene = Scene(monkeypatch, _failing)
        monkeypatch.setattr(module, "_backoff", lambda: Backoff(0.0, 0.0))
        running = asyncio.create_task(scene.framework.run())
        await scene.until(lambda: len(scene.kopf.calls) >= 300 or running.done())
        assert not running.done(), running
        await _end(running)

    asyncio.run(story())


@pytest.mark.parametrize(("lasted_seconds", "failures"), [(0.0, [0, 0, 0]), (60.0, [0, 1, 2])])
def test_waits_begin_anew_after_a_long_run(monkeypatch: pytest.MonkeyPatch, lasted_seconds: float, failures: list[int]) -> None:
    waited: list[int] = []

    class Noting(Backoff):
        def next(self) -> float:
            waited.append(self.failures)
            return super().next()

    async def story() -> None:
        scene = Scene(monkeypatch, _failing, _failing, _failing, _forever)
        monkeypatch.setattr(module, "_backoff", lambda: Noting(0.0, 0.0))
        monkeypatch.setattr(module, "_LASTED_SECONDS", lasted_seconds)
        running = asyncio.create_task(scene.framework.run())
        await scene.until(lambda: len(scene.kopf.calls) == 4)
        await _end(running)

    asyncio.run(story())
    assert waited == failures


def test_kopf_is_started_anew_when_it_has_to_be_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead watch or new certificates: it would not notice."""

    async def story() -> None:
        monkeypatch.setattr(module, "_LOOK_SECONDS", 0.001)
        scene = Scene(monkeypatch, _forever)
        running = asyncio.create_task(scene.framework.run())
        await scene.until(lambda: len(scene.kopf.calls) == 1)
        scene.terms = scene.terms._replace(renewals=1)
        await scene.until(lambda: len(scene.kopf.calls) == 2)
        first, second = scene.kopf.threads
        assert (first.is_alive(), second.is_alive()) == (False, True)
        await _end(running)

    asyncio.run(story())


def test_end_that_comes_before_the_thread_has_begun_ends_it_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        for _ in range(30):
            scene = Scene(monkeypatch, _forever)
            running = asyncio.create_task(scene.framework.run())
            await asyncio.sleep(0)
            await _end(running)
        await scene.until(lambda: not [one for one in threading.enumerate() if one.name == "kopf"])

    asyncio.run(story())


def test_kopf_that_does_not_end_is_not_waited_for_longer_than_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    async def stubborn(**_: object) -> None:
        released.wait(DEADLINE_SECONDS)

    async def story() -> None:
        monkeypatch.setattr(module, "_STOPS_WITHIN_SECONDS", 0.05)
        scene = Scene(monkeypatch, stubborn)
        running = asyncio.create_task(scene.framework.run())
        await scene.until(lambda: bool(scene.kopf.threads))
        assert await _end(running) < 1.0
        released.set()
        await scene.until(lambda: not scene.kopf.threads[0].is_alive())

    assert module._STOPS_WITHIN_SECONDS == 1.0  # noqa: SLF001 - what is promised
    asyncio.run(story())


def _handlers(registry: kopf.OperatorRegistry) -> tuple[list[Any], list[Any]]:
    activities: Any = registry._activities  # noqa: SLF001 - Kopf shows them nowhere else
    watching: Any = registry._watching  # noqa: SLF001
    return list(activities._handlers), list(watching._handlers)  # noqa: SLF001


def test_login_and_events_are_handled_in_our_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[object] = []

    async def working(registry: kopf.OperatorRegistry, **_: object) -> None:
        (login,), watching = _handlers(registry)
        found.append(await login.fn())
        for handler in watching:
            await handler.fn(event={"type": "ADDED", "object": {}}, param=handler.param)
        await asyncio.Event().wait()

    async def story() -> None:
        scene = Scene(monkeypatch, working)
        running = asyncio.create_task(scene.framework.run())
        await scene.until(lambda: len(scene.taken) == 2)
        await _end(running)
        assert scene.logins == [threading.main_thread()]
        assert [(plural, thread) for plural, _, thread in scene.taken] == [
            (CHECKS, threading.main_thread()),
            (POLICIES, threading.main_thread()),
        ]

    asyncio.run(story())
    (connection,) = found
    assert isinstance(connection, kopf.ConnectionInfo)
    assert connection.server == "https://server"


def test_kopf_is_asked_for_events_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> dict[str, Any]:
        scene = Scene(monkeypatch, _forever)
        running = asyncio.create_task(scene.framework.run())
        await scene.until(lambda: bool(scene.kopf.calls))
        await _end(running)
        return scene.kopf.calls[0]

    call = asyncio.run(story())
    registry: Any = call["registry"]
    assert [handler.id for handler in _handlers(registry)[0]] == ["login"]
    assert sorted(handler.id for handler in _handlers(registry)[1]) == [CHECKS, POLICIES]
    # Of these, handlers would annotate what they watch or add finalizers to it.
    assert [*registry._changing._handlers, *registry._spawning._handlers] == []  # noqa: SLF001
    settings: kopf.OperatorSettings = call["settings"]
    assert not settings.posting.enabled
    assert settings.watching.inactivity_timeout == 90.0
    assert (call["standalone"], call["clusterwide"], call["namespaces"]) == (True, True, ())


def test_namespaces_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> dict[str, Any]:
        scene = Scene(monkeypatch, _forever, settings=Settings(namespaces=("a", "b")))
        running = asyncio.create_task(scene.framework.run())
        await scene.until(lambda: bool(scene.kopf.calls))
        await _end(running)
        return scene.kopf.calls[0]

    call = asyncio.run(story())
    assert (call["clusterwide"], call["namespaces"]) == (False, ("a", "b"))


def test_waits_of_kopf_have_no_end() -> None:
    waits = [wait for wait, _ in zip(module._Forever(), range(3000), strict=False)]  # noqa: SLF001
    assert 0.25 <= waits[0] <= 0.75
    assert max(waits) <= 22.5
    assert len(waits) == 3000
