"""Following one kind of object: list it in pages, watch it from there, and start over when the server says so.

Objects are projected to values as they arrive, so memory holds what rules read and nothing else; see
docs/adr/0001-reflector-beside-kopf.md for why this is not Kopf's index.
"""

import asyncio
import logging
import random
from typing import NamedTuple

from perfana_support.sources.cluster.api import ApiError, ClusterApi, Json, WatchSilentError
from perfana_support.sources.cluster.pulse import Cause, Pulse
from perfana_support.sources.cluster.store import ClusterStore, Entry, Place
from perfana_support.sources.errors import ShapeError
from perfana_support.sources.node import project_node
from perfana_support.sources.workload import project

# A page of pods is a few megabytes as text and ten times that as objects: most of the operator's memory at its start.
PAGE_SIZE = 100
# The server ends a watch after five to ten minutes by itself; asking for five keeps one age for all.
WATCH_SECONDS = 300
# Waits between attempts double from the first to the last, give or take half, so that restarts do not meet.
FIRST_WAIT_SECONDS = 0.25
LAST_WAIT_SECONDS = 30.0
# A server that has just started refuses what its roles, not yet read, will allow: for less than the second that passes
# before the third refusal. Believing the first would turn every verdict to Unknown and back.
REFUSALS_BELIEVED = 4
# Nor does it know custom resources for a moment. Believing that would judge an installation without its database.
ABSENCES_BELIEVED = 3
_GONE = 410
_FORBIDDEN = 403
_NOT_FOUND = 404

log = logging.getLogger(__name__)


class Resource(NamedTuple):
    """A kind to follow: its API path up to the version, its plural and its kind.

    `is_namespaced` False: it is followed for the whole cluster. `is_optional`: a cluster need not know the kind.
    """

    api: str
    plural: str
    kind: str
    is_namespaced: bool = True
    is_optional: bool = False


# ReplicaSets and ReplicationControllers are seen by their pods.
WORKLOADS = (
    Resource("/apis/apps/v1", "deployments", "Deployment"),
    Resource("/apis/apps/v1", "statefulsets", "StatefulSet"),
    Resource("/apis/apps/v1", "daemonsets", "DaemonSet"),
    Resource("/apis/batch/v1", "cronjobs", "CronJob"),
    Resource("/apis/batch/v1", "jobs", "Job"),
    Resource("/api/v1", "pods", "Pod"),
    # CloudNativePG's databases: their pods have no workload above them.
    Resource("/apis/postgresql.cnpg.io/v1", "clusters", "Cluster", is_optional=True),
)
NODES = Resource("/api/v1", "nodes", "Node", is_namespaced=False)


class Reflector:
    """Keeps a store in step with one resource, in one namespace or in all."""

    def __init__(
        self, api: ClusterApi, resource: Resource, namespace: str | None, store: ClusterStore, silence_seconds: float
    ) -> None:
        self._api = api
        self._resource = resource
        self._store = store
        self._silence_seconds = silence_seconds
        self.name = f"{namespace}/{resource.plural}" if namespace else resource.plural
        where = f"/namespaces/{namespace}" if namespace else ""
        self._path = f"{resource.api}{where}/{resource.plural}"
        self._namespace = namespace
        self._version = ""
        self._failures = self._refusals = self._absences = 0
        self.pulse = Pulse()

    async def run(self) -> None:
        """Follow the resource until cancelled. Errors of the server are waited out; the last state stays meanwhile."""
        while True:
            try:
                if not self._version:
                    self._version = await self._list()
                await self._watch()
                self.pulse.restarted(Cause.ENDED)
                # A server that ends every watch at once must not be asked in a tight loop.
                wait = FIRST_WAIT_SECONDS
            except ApiError as error:
                wait = self._take(error)
                wait = error.retry_after_seconds or wait
            await asyncio.sleep(wait)

    async def read(self) -> None:
        """List the resource once, for whoever does not follow it. Raises `ApiError`."""
        await self._list()
        self._store.mark_readable(self.name)

    def _take(self, error: ApiError) -> float:
        """Draw the consequences of an error; returns for how many seconds to leave the server alone."""
        if error.status == _NOT_FOUND and self._resource.is_optional:
            return self._take_absence()
        self._failures += 1
        wait = min(FIRST_WAIT_SECONDS * 2.0 ** min(self._failures - 1, 16), LAST_WAIT_SECONDS)
        cause = _CAUSES.get(error.status, Cause.SILENT if isinstance(error, WatchSilentError) else Cause.FAILED)
        self.pulse.restarted(cause, str(error))
        if error.status in (_GONE, _FORBIDDEN, _NOT_FOUND):
            # Where the watch stood has no meaning any more. After other errors it goes on from there.
            self._version = ""
        if error.status == _GONE:
            log.info("%s: starting over: %s", self.name, error)
        elif error.status == _FORBIDDEN:
            self._refusals += 1
            log.warning("%s: %s", self.name, error)
            if self._refusals >= REFUSALS_BELIEVED:
                self._store.mark_unreadable(self.name, f"{self.name} cannot be listed and watched: {error}")
                wait = LAST_WAIT_SECONDS
        else:
            log.warning("%s: trying again: %s", self.name, error)
        return wait * random.uniform(0.5, 1.5)  # noqa: S311 - no secret

    def _take_absence(self) -> float:
        """The cluster does not know this kind, which it need not; returns for how many seconds to leave the server alone."""
        self._version = ""
        self._absences += 1
        if self._absences < ABSENCES_BELIEVED:
            return FIRST_WAIT_SECONDS
        self._store.forget_others(self._resource.kind, self._namespace, set())
        self._opened()
        return LAST_WAIT_SECONDS

    async def _list(self) -> str:
        """Read all objects, page by page, and return the version to watch from."""
        limit: dict[str, str] = {"limit": str(PAGE_SIZE)}
        while True:
            try:
                return await self._list_pages(limit)
            except ApiError as error:
                if error.status != _GONE or not limit:
                    raise
                # The pages outlived the version they are of, and would again: all at once, then.
                log.info("%s: the list in pages expired, asking for it whole", self.name)
                limit = {}

    async def _list_pages(self, limit: dict[str, str]) -> str:
        seen: set[Place] = set()
        query = dict(limit)
        while True:
            page = await self._api.list_page(self._path, query)
            self.pulse.heard()
            for entity in page["items"]:
                if self._put(entity):
                    seen.add(_place(entity))
            metadata = page["metadata"]
            if not metadata.get("continue"):
                break
            query["continue"] = metadata["continue"]
        self._store.forget_others(self._resource.kind, self._namespace, seen)
        self._absences = 0
        return str(metadata["resourceVersion"])

    async def _watch(self) -> None:
        """Follow one watch to its end."""
        query = {
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        async for event in self._api.watch(self._path, query, self._silence_seconds, self._opened):
            self.pulse.heard()
            entity = event["object"]
            if event["type"] == "ERROR":
                raise ApiError(int(entity.get("code") or 0), str(entity.get("message")))
            if event["type"] == "DELETED" or (event["type"] != "BOOKMARK" and not self._put(entity)):
                self._store.remove(self._resource.kind, _place(entity))
            self._version = str(entity["metadata"]["resourceVersion"])
            self._failures = 0

    def _opened(self) -> None:
        """The server agreed to the watch, so the resource can be read, and was."""
        self._refusals = 0
        self.pulse.opened()
        self._store.mark_readable(self.name)

    def _put(self, entity: Json) -> bool:
        """Keep an object's facts; False if it has none that count."""
        try:
            is_node = self._resource.kind == "Node"
            entry: Entry | None = project_node(entity) if is_node else project(entity, self._resource.kind)
        except ShapeError as error:
            # The API server validated the object, so this is a field it leaves free; without containers nothing runs.
            log.debug("%s: %s", self.name, error)
            return False
        if entry is not None:
            self._store.put(self._resource.kind, _place(entity), entry)
        return entry is not None


_CAUSES = {_GONE: Cause.GONE, _FORBIDDEN: Cause.FORBIDDEN}


def _place(entity: Json) -> Place:
    metadata = entity["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
