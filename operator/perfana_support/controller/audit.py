"""Comparing what is known of checks and policies with the server's own list, for what a watch has missed.

Kopf's watches carry these resources. A watch that broke says nothing of what was deleted meanwhile, and one that is dead
says nothing at all: either would leave a verdict standing by a policy that is gone. A list of metadata alone costs a tenth.
Kopf tells nobody how its watches fare, so this is also how it is known: one that lives tells of every change sooner or later.
"""

import asyncio
import logging
from collections import Counter
from http import HTTPStatus

from perfana_support.controller.desk import Desk
from perfana_support.controller.metrics import Metrics
from perfana_support.controller.names import CHECKS, POLICIES, Name, list_path, name_of, version_of
from perfana_support.model.document import Json
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from perfana_support.sources.cluster.pulse import Cause, Pulse

# What a watch is about to tell is not missed: events arrive in milliseconds.
GRACE_SECONDS = 2.0
# A server that has just started knows no custom resources for a moment, and refuses what its roles, not yet read, allow.
TIMES_BELIEVED = 2
# What is said of a watch that did not.
_MISSED = "a change was found that the watch does not tell of"

log = logging.getLogger(__name__)


class Audit:
    """One comparison after the other. `problems` are sentences about lists that cannot be read, by their path.

    `renewals` counts the watches that were found dead.
    """

    def __init__(self, api: ClusterApi, desk: Desk, metrics: Metrics, namespaces: tuple[str, ...]) -> None:
        self._api = api
        self._desk = desk
        self._metrics = metrics
        self._places = [(CHECKS, namespace) for namespace in namespaces or ("",)] + [(POLICIES, "")]
        self._failures: Counter[tuple[str, str, int]] = Counter()
        self._told: set[str] = set()
        self._suspects: set[str] = set()
        # A Role gives no right on policies, which belong to no namespace: then it is no problem that there is none.
        self._may_lack_policies = bool(namespaces)
        self.problems: dict[str, str] = {}
        self._pulses = {_watch_of(*place): Pulse() for place in self._places}
        self.renewals = 0

    @property
    def pulses(self) -> dict[str, Pulse]:
        """How the watches of checks and policies fare; of policies that must not be read there is none."""
        return {watch: pulse for watch, pulse in self._pulses.items() if watch != POLICIES or not self._desk.policies.gap}

    def told(self, plural: str, namespace: str) -> None:
        """A watch told of something: it is alive."""
        watch = _watch_of(plural, namespace)
        if watch not in self._pulses:
            # One watch for all namespaces.
            watch = plural
        if watch in self._pulses:
            self._told.add(watch)
            self._suspects.discard(watch)
            self._pulses[watch].opened()

    async def run(self, seconds: float) -> None:
        """Compare again and again, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            for plural, namespace in self._places:
                await self._look(plural, namespace)

    async def load(self) -> None:
        """Read all policies, so that no check is judged before the policy that it refers to is known. Raises `ApiError`."""
        for body in (await self._api.list_page(list_path(POLICIES, "")))["items"]:
            self._desk.see(POLICIES, body)

    async def _look(self, plural: str, namespace: str) -> None:
        path = list_path(plural, namespace)
        # What must not be read, Kopf does not watch.
        is_watched = plural != POLICIES or not self._desk.policies.gap
        self._told.discard(_watch_of(plural, namespace))
        try:
            missed = await self._compare(plural, namespace, await self._api.list_metadata(path))
        except ApiError as error:
            self._failures[plural, namespace, error.status] += 1
            if self._failures[plural, namespace, error.status] >= TIMES_BELIEVED or not error.is_passing:
                self._note(path, error, is_expected=self._may_lack_policies and plural == POLICIES)
            if self._failures[plural, namespace, error.status] < TIMES_BELIEVED:
                return
            if error.status == HTTPStatus.FORBIDDEN and plural == POLICIES:
                self._desk.policies_unreadable(str(error))
            if error.status == HTTPStatus.NOT_FOUND:
                for name in self._desk.known(plural, namespace):
                    self._forget(name)
            return
        self.problems.pop(path, None)
        for kind in [kind for kind in self._failures if kind[:2] == (plural, namespace)]:
            del self._failures[kind]
        if plural == POLICIES:
            # Not before what is there is known: else checks would say that their policy does not exist.
            self._desk.policies_unreadable("")
        if is_watched:
            self._judge_watch(_watch_of(plural, namespace), missed)

    def _note(self, path: str, error: ApiError, *, is_expected: bool) -> None:
        """Note what keeps a list from being read, and say it once."""
        if is_expected and error.status == HTTPStatus.FORBIDDEN:
            self.problems.pop(path, None)
        elif self.problems.get(path) != str(error):
            self.problems[path] = str(error)
            log.warning("%s cannot be compared with the server: %s", path, error)

    def _judge_watch(self, watch: str, missed: int) -> None:
        """A watch that missed a change tells of it once it goes on. One that has told of nothing by the next look is dead."""
        pulse = self._pulses[watch]
        if watch in self._suspects:
            self._suspects.discard(watch)
            log.warning("the watch of %s tells of nothing, starting Kopf anew", watch)
            pulse.restarted(Cause.SILENT, _MISSED)
            self.renewals += 1
            self._metrics.kopf_restarts.inc()
        elif missed and watch not in self._told:
            self._suspects.add(watch)
            pulse.doubted(_MISSED)
        elif not missed:
            pulse.opened()

    async def _compare(self, plural: str, namespace: str, listing: Json) -> int:
        """Find what differs, leave the watch a moment to tell of it, mend what still differs then, and count that."""
        missed = 0
        there = {name_of(plural, item): version_of(item) for item in listing["items"]}
        as_of = version_of(listing)
        if not self._differences(plural, namespace, there, as_of):
            return missed
        await asyncio.sleep(GRACE_SECONDS)
        for name in self._differences(plural, namespace, there, as_of):
            before = self._desk.body(name)
            if name in there:
                await self._desk.read(name)
            else:
                self._forget(name)
            # What was deleted since the list was made is neither known nor there to be read: nothing was missed.
            if self._desk.body(name) is not before:
                log.warning("%s: a change that no watch told of", name)
                self._metrics.missed.labels(plural).inc()
                missed += 1
        return missed

    def _differences(self, plural: str, namespace: str, there: dict[Name, int], as_of: int) -> list[Name]:
        known = self._desk.known(plural, namespace)
        behind = [name for name, version in there.items() if known.get(name, -1) < version]
        # What came after the list was made is not on it.
        gone = [name for name, version in known.items() if name not in there and version <= as_of]
        return behind + gone

    def _forget(self, name: Name) -> None:
        body = self._desk.body(name)
        if body is not None:
            self._desk.forget(name.plural, body)


def _watch_of(plural: str, namespace: str) -> str:
    return f"{namespace}/{plural}" if namespace else plural
