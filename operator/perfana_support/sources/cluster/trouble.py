"""The failures of one resource in a row: how long to leave the server alone, and from when on it counts as unreadable.

Nothing is judged before everything is known, so what cannot be read at a start must not stay undecided for ever. Nor may it
be decided in haste, for that would turn every verdict to Unknown and back.
"""

import asyncio
import logging
from http import HTTPStatus

from perfana_support.sources.cluster.api import ApiError
from perfana_support.sources.cluster.backoff import LAST_WAIT_SECONDS, Backoff, spread
from perfana_support.sources.cluster.store import ClusterStore

# A server that has just started refuses what its roles, not yet read, will allow: for less than the second that passes
# before the third refusal. The same number of times this program may stumble over what the server sends.
REFUSALS_BELIEVED = 4
# What was not read once since the start holds up all verdicts: for so long, while other resources can be read.
PATIENCE_SECONDS = 30.0
# What was read once and fails ever since grows old, while the server is there to say so.
STALE_SECONDS = 300.0
# What lasted so long went well: a failure after it is the first of a new row.
LASTED_SECONDS = 10.0

log = logging.getLogger(__name__)


class Trouble:
    """The failures of the resource that the store knows by `name`; `sentence` says what cannot be done."""

    def __init__(self, store: ClusterStore, name: str, sentence: str) -> None:
        self._store = store
        self._name = name
        self._sentence = sentence
        self._backoff = Backoff()
        self._refusals = 0
        self._patient_until = 0.0
        self._failing_since = 0.0

    @property
    def is_believed(self) -> bool:
        """Whether the resource counts as unreadable because reading it is refused, or fails in this program."""
        return self._refusals >= REFUSALS_BELIEVED

    def take(self, error: ApiError, *, is_own_fault: bool = False) -> float:
        """Take note of a failure; returns for how many seconds to leave the server alone."""
        wait = self._backoff.next()
        if is_own_fault or error.status == HTTPStatus.FORBIDDEN:
            self._refusals += 1
            if self.is_believed:
                self._mark(error)
                wait = spread(LAST_WAIT_SECONDS)
        if self._store.waits_for(self._name) and self._store.has_read:
            # Counted while something else can be read: of a server that is away nobody learns anything.
            now = asyncio.get_running_loop().time()
            self._patient_until = self._patient_until or now + PATIENCE_SECONDS
            if now >= self._patient_until:
                self._mark(error)
            else:
                wait = min(wait, self._patient_until - now)
        if error.status:
            now = asyncio.get_running_loop().time()
            self._failing_since = self._failing_since or now
            if now - self._failing_since >= STALE_SECONDS:
                self._mark(error)
        return error.retry_after_seconds or wait

    def went_well(self) -> None:
        """The resource answers: a later failure is the first of a new row."""
        self._backoff.reset()
        self._failing_since = 0.0

    def allowed(self) -> None:
        """Reading the resource is allowed, and works."""
        self._refusals = 0

    def _mark(self, error: ApiError) -> None:
        problem = f"{self._sentence}: {error}"
        if self._store.mark_unreadable(self._name, problem):
            log.warning("%s; what depends on it is Unknown", problem)
