"""Kopf, which carries the project's own resources, in a thread of its own and started anew when it ends.

In a thread, because Kopf takes every task of its loop for its own when it stops. Started anew, because some answers of a
server (a definition that is gone for a moment, an error in the middle of a watch) end it for good, while everything else
that runs here outlives them. What happens meanwhile is found by its first list and by the audit.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import kopf

from perfana_support.controller.metrics import Metrics
from perfana_support.controller.names import GROUP, VERSION
from perfana_support.controller.settings import Settings
from perfana_support.sources.cluster.backoff import Backoff

# This program writes no annotation and no finalizer of Kopf's; these names are set so that none could bear another's.
_PREFIX = GROUP
_PAGE_SIZE = 500
_FIRST_WAIT_SECONDS, _LAST_WAIT_SECONDS = 0.5, 15.0
_STOPS_WITHIN_SECONDS = 1.0
# How often it is looked whether its terms have changed.
_LOOK_SECONDS = 5.0
# After so long at work an end is a new one, and no part of a row of failures.
_LASTED_SECONDS = 60.0

log = logging.getLogger(__name__)


class Terms(NamedTuple):
    """What Kopf is started with, and started anew for once it is something else.

    `plurals` are the resources that there are rights for: Kopf would ask for others again and again, and log each refusal.
    `renewals` counts what Kopf cannot notice by itself: certificates that have changed, a watch of its own that is dead.
    """

    plurals: tuple[str, ...]
    renewals: int = 0


class Framework:
    """Kopf's operator with our handlers. What it is given is called in the loop that `run` runs in."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        connection: Callable[[], Awaitable[kopf.ConnectionInfo]],
        take: Callable[[str, kopf.RawEvent], None],
        terms: Callable[[], Terms],
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._connection = connection
        self._take = take
        self._terms = terms

    async def run(self) -> None:
        """Keep Kopf running until cancelled."""
        loop = asyncio.get_running_loop()
        backoff = _backoff()
        while True:
            began = loop.time()
            ours: asyncio.Future[BaseException | None] = loop.create_future()
            terms = self._terms()
            carrier = _Carrier(self._operator(terms.plurals), ours)
            try:
                while not ours.done() and terms == self._terms():
                    await asyncio.wait((ours,), timeout=_LOOK_SECONDS)
                has_ended = ours.done()
            finally:
                await carrier.stop()
            if not has_ended:
                log.info("starting Kopf anew, for %s", " and ".join(self._terms().plurals))
                continue
            error = ours.result()
            log.warning("Kopf ended, starting it anew: %s", error or "without an error")
            self._metrics.kopf_restarts.inc()
            if loop.time() - began > _LASTED_SECONDS:
                backoff.reset()
            await asyncio.sleep(backoff.next())

    def _operator(self, plurals: tuple[str, ...]) -> Callable[[], Awaitable[None]]:
        handlers = self._handlers(plurals, asyncio.get_running_loop())
        settings = _kopf_settings(self._settings)

        async def operate() -> None:
            await kopf.operator(
                registry=handlers,
                settings=settings,
                standalone=True,
                clusterwide=not self._settings.namespaces,
                namespaces=self._settings.namespaces,
            )

        return operate

    def _handlers(self, plurals: tuple[str, ...], ours: asyncio.AbstractEventLoop) -> kopf.OperatorRegistry:
        """Every handler that Kopf calls.

        Only events: change-detecting handlers would annotate what they watch, and timers, daemons and deletion handlers
        would add finalizers, which hang a deletion once the operator is gone.
        """
        handlers = kopf.OperatorRegistry()

        @kopf.on.login(id="login", registry=handlers)
        async def login(**_: Any) -> kopf.ConnectionInfo:  # noqa: ANN401 - Kopf's own interface
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_awaited(self._connection()), ours))

        for plural in plurals:

            @kopf.on.event(GROUP, VERSION, plural, id=plural, registry=handlers, param=plural)
            async def take(event: kopf.RawEvent, param: Any = plural, **_: Any) -> None:  # noqa: ANN401
                ours.call_soon_threadsafe(self._take, str(param), event)

        return handlers


class _Carrier:
    """A thread with an event loop for one coroutine; how that ended becomes the result of `ended`, in the loop of that."""

    def __init__(self, operate: Callable[[], Awaitable[None]], ended: asyncio.Future[BaseException | None]) -> None:
        self._operate = operate
        self._ended = ended
        self._ours = ended.get_loop()
        # What is below is told by one thread and asked by the other: `_task` and its loop are there while it can be cancelled.
        self._lock = threading.Lock()
        self._is_stopped = False
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """End it, whether it has begun, works or has ended: what it does has no end that must be waited for."""
        with self._lock:
            self._is_stopped = True
            if self._task is not None:
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)
        # Elsewhere, for the thread may wait for an answer from this loop.
        await asyncio.to_thread(self._thread.join, _STOPS_WITHIN_SECONDS)

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            asyncio.run(self._main())
        except BaseException as caught:  # noqa: BLE001 - whatever it is, it has to reach the other thread
            error = caught
        # Our loop may be gone by now, and with it whoever wanted to know.
        with contextlib.suppress(RuntimeError):
            self._ours.call_soon_threadsafe(self._report, error)

    async def _main(self) -> None:
        asyncio.get_running_loop().set_exception_handler(self._tell)
        with self._lock:
            if self._is_stopped:
                return
            task = self._task = asyncio.ensure_future(_awaited(self._operate()))
        try:
            await task
        finally:
            with self._lock:
                self._task = None

    def _tell(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what nobody caught, but for a watch of Kopf's that was handing over an event when it was told to end."""
        if not (self._is_stopped and "asyncgen" in context):
            loop.default_exception_handler(context)

    def _report(self, error: BaseException | None) -> None:
        if not self._ended.done():
            self._ended.set_result(error)


async def _awaited(awaitable: Awaitable[Any]) -> Any:  # noqa: ANN401 - whatever it gives
    return await awaitable


def _backoff() -> Backoff:
    return Backoff(_FIRST_WAIT_SECONDS, _LAST_WAIT_SECONDS)


class _Forever:
    """Waits between the attempts of one request of Kopf's: there is no last one."""

    def __iter__(self) -> Iterator[float]:
        return iter(_backoff().next, None)


def _kopf_settings(settings: Settings) -> kopf.OperatorSettings:
    theirs = kopf.OperatorSettings()
    theirs.posting.enabled = False
    theirs.scanning.disabled = True
    theirs.networking.error_backoffs = _Forever()
    theirs.networking.enforce_retry_after = True
    theirs.networking.request_timeout = 60.0
    theirs.watching.chunk_size = _PAGE_SIZE
    theirs.watching.inactivity_timeout = settings.watch_silence_seconds
    # Kopf's workers for objects wait this long for another event.
    theirs.queueing.idle_timeout = 0.5
    theirs.persistence.finalizer = f"{_PREFIX}/finalizer"
    theirs.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=_PREFIX)
    theirs.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=_PREFIX)
    return theirs
