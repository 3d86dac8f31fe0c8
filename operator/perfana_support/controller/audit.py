"""Comparing what is known of checks and policies with the server's own list, for what a watch has missed.

Kopf's watches carry these resources. A watch that broke says nothing of what was deleted meanwhile, and one that is dead
says nothing at all: either would leave a verdict standing by a policy that is gone. A list of metadata alone costs a tenth.
"""

import asyncio
import logging
from collections import Counter

from perfana_support.controller.desk import Desk
from perfana_support.controller.metrics import Metrics
from perfana_support.controller.names import CHECKS, POLICIES, Name, list_path, name_of, version_of
from perfana_support.model.document import Json
from perfana_support.sources.cluster.api import ApiError, ClusterApi

# What a watch is about to tell is not missed: events arrive in milliseconds.
GRACE_SECONDS = 2.0
# A server that has just started knows no custom resources for a moment, and refuses what its roles, not yet read, allow.
TIMES_BELIEVED = 2
_FORBIDDEN, _NOT_FOUND = 403, 404

log = logging.getLogger(__name__)


class Audit:
    """One comparison after the other. `problems` are sentences about lists that cannot be read, by their path."""

    def __init__(self, api: ClusterApi, desk: Desk, metrics: Metrics, namespaces: tuple[str, ...]) -> None:
        self._api = api
        self._desk = desk
        self._metrics = metrics
        self._is_of_some = bool(namespaces)
        self._places = [(CHECKS, namespace) for namespace in namespaces or ("",)] + [(POLICIES, "")]
        self._failures: Counter[tuple[str, str, int]] = Counter()
        self.problems: dict[str, str] = {}

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
        try:
            listing = await self._api.list_metadata(path)
            self.problems.pop(path, None)
            for kind in [kind for kind in self._failures if kind[:2] == (plural, namespace)]:
                del self._failures[kind]
            if plural == POLICIES:
                self._desk.policies_unreadable("")
            await self._compare(plural, namespace, listing)
        except ApiError as error:
            self._note(plural, path, error)
            self._failures[plural, namespace, error.status] += 1
            if self._failures[plural, namespace, error.status] < TIMES_BELIEVED:
                return
            if error.status == _FORBIDDEN and plural == POLICIES:
                self._desk.policies_unreadable(str(error))
            if error.status == _NOT_FOUND:
                for name in self._desk.known(plural, namespace):
                    self._forget(name)

    def _note(self, plural: str, path: str, error: ApiError) -> None:
        """Tell of a list that cannot be read, once. No Role gives policies: to be without is a mode, which checks tell of."""
        if self._is_of_some and plural == POLICIES and error.status == _FORBIDDEN:
            return
        if self.problems.get(path) != str(error):
            log.warning("%s cannot be compared with the server: %s", plural, error)
        self.problems[path] = str(error)

    async def _compare(self, plural: str, namespace: str, listing: Json) -> None:
        """Find what differs, leave the watch a moment to tell of it, and mend what still differs then."""
        there = {name_of(plural, item): version_of(item) for item in listing["items"]}
        as_of = version_of(listing)
        if not self._differences(plural, namespace, there, as_of):
            return
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
