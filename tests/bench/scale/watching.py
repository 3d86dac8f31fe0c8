"""What another client sees of all SupportChecks, with the moment at which it saw each."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Self

from tests.bench.tables import say
from tests.cluster.client import ApiClient, ApiError, Object
from tests.integration.support_objects import API_VERSION, CHECK, conditions

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

DEADLINE_SECONDS = 3600.0
"""The API server ends a watch after half an hour to an hour."""

PROGRESS_SECONDS = 5.0
REFUSED_SECONDS = 0.2
"""An API server that has just started refuses watches of custom resources until it has read them."""


class Sighting(NamedTuple):
    """A check as it was seen: when (monotonic), its namespace and version, and what its status said ("" before the first)."""

    at: float
    namespace: str
    version: int
    supported: str
    digest: str


class Watcher:
    """One watch of all checks, in a thread. Safe to read from others."""

    def __init__(self, api: ApiClient) -> None:
        """Watch from `__enter__` on."""
        self._api = api
        self._changed = threading.Condition()
        self._seen: list[Sighting] = []
        self._latest: dict[str, Sighting] = {}
        self._failure: BaseException | None = None
        self._is_over = False
        self._is_running: Callable[[], bool] = lambda: True

    def __enter__(self) -> Self:
        """Begin."""
        threading.Thread(target=self._follow, name="watcher", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Take no more notice; the thread ends with the server."""
        self._is_over = True

    def _follow(self) -> None:
        try:
            while not self._is_over:
                try:
                    self._watch()
                except ApiError as error:
                    if error.status != HTTPStatus.TOO_MANY_REQUESTS or self.seen:
                        raise
                    time.sleep(REFUSED_SECONDS)
        except (OSError, EOFError, ValueError, LookupError, ApiError) as error:
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _watch(self) -> None:
        for event in self._api.watch(API_VERSION, CHECK, deadline_seconds=DEADLINE_SECONDS):
            self._take(_sighting(event["object"], time.monotonic()))
            if self._is_over:
                return

    def _take(self, seen: Sighting) -> None:
        with self._changed:
            self._seen.append(seen)
            self._latest[seen.namespace] = seen
            self._changed.notify_all()

    @property
    def seen(self) -> int:
        """How much was seen so far: a mark for `since`."""
        with self._changed:
            return len(self._seen)

    def since(self, mark: int) -> list[Sighting]:
        """Return what was seen after a mark, in order."""
        with self._changed:
            return self._seen[mark:]

    def latest(self, namespace: str) -> Sighting:
        """Return what was seen last of a namespace's check."""
        with self._changed:
            return self._latest[namespace]

    def needs(self, is_running: Callable[[], bool]) -> None:
        """Wait no longer than somebody runs: without them nothing would come."""
        self._is_running = is_running

    def wait_for_all(self, is_done: Callable[[Sighting], bool], count: int, seconds: float, what: str) -> float:
        """Return the moment at which so many checks, each at its latest, were as wanted."""
        ends_at = time.monotonic() + seconds
        told_at = time.monotonic()
        while True:
            with self._changed:
                done = sum(map(is_done, self._latest.values()))
                if done >= count:
                    return max(each.at for each in self._latest.values())
                if self._failure:
                    raise RuntimeError(f"the watch of the checks ended: {self._failure}") from self._failure
                if not self._is_running():
                    raise RuntimeError(f"{what}: whoever was to bring them has ended")
                if time.monotonic() > ends_at:
                    raise TimeoutError(f"{what}: {done} of {count} checks within {seconds:g} s")
                self._changed.wait(PROGRESS_SECONDS)
                # Looking through all of them for each that changes would take the processor from what is measured.
                pause = 0.0 if count == 1 else 0.02
            time.sleep(pause)
            if time.monotonic() - told_at > PROGRESS_SECONDS:
                told_at = time.monotonic()
                say(f"scale: {what}: {done} of {count} checks")

    def wait_for_silence(self, seconds: float) -> None:
        """Return once nothing was seen for so long."""
        while True:
            mark = self.seen
            time.sleep(seconds)
            if self.seen == mark:
                return


def _sighting(item: Object, at: float) -> Sighting:
    metadata = item["metadata"]
    status = item.get("status", {})
    supported = conditions(item).get("Supported", {}).get("status", "")
    digest = status.get("policy", {}).get("digest", "")
    return Sighting(at, metadata["namespace"], int(metadata["resourceVersion"]), supported, digest)
