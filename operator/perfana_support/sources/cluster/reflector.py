"""Following one kind of object: list it in pages, watch it from there, and start over when the server says so.

Objects are projected to values as they arrive, so memory holds what rules read and nothing else; see
docs/adr/0001-reflector-beside-kopf.md for why this is not Kopf's index.
"""

import asyncio
import logging
from http import HTTPStatus
from typing import NamedTuple

from perfana_support.sources.cluster.api import ApiError, ClusterApi, Json, WatchSilentError
from perfana_support.sources.cluster.backoff import FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS
from perfana_support.sources.cluster.pulse import Cause, Pulse
from perfana_support.sources.cluster.store import ClusterStore, Entry, Place
from perfana_support.sources.cluster.trouble import LASTED_SECONDS, Trouble
from perfana_support.sources.errors import ShapeError
from perfana_support.sources.node import project_node
from perfana_support.sources.workload import project

# A page of pods is a few megabytes as text and ten times that as objects: most of the operator's memory at its start. A list
# whose pages outlive the version that they are of (etcd keeps one for five minutes) is asked for in larger ones, and never
# whole: that would be the memory of all.
PAGE_SIZES = (100, 250, 500)
# The server ends a watch after five to ten minutes by itself; asking for five keeps one age for all.
WATCH_SECONDS = 300
# A server that has just started does not know custom resources for a moment. Believing that would judge an installation
# without its database.
ABSENCES_BELIEVED = 3

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

    def name_in(self, namespace: str | None) -> str:
        """What the store, pulses and messages call the resource as it is read: of one namespace, or of all."""
        return f"{namespace}/{self.plural}" if namespace else self.plural


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
        self.name = resource.name_in(namespace)
        where = f"/namespaces/{namespace}" if namespace else ""
        self._path = f"{resource.api}{where}/{resource.plural}"
        self._namespace = namespace
        self._version = ""
        self._absences = 0
        self._page_size = 0
        self._opened_at: float | None = None
        self._trouble = Trouble(store, self.name, f"{self.name} cannot be listed and watched")
        self.pulse = Pulse()

    async def run(self) -> None:
        """Follow the resource until cancelled. Errors are waited out, whatever they are; the last state stays meanwhile."""
        while True:
            try:
                if self._trouble.is_believed:
                    await self._probe()
                if not self._version:
                    self._version = await self._list()
                await self._watch()
                self.pulse.restarted(Cause.ENDED)
                self._watch_over()
                # A server that ends every watch at once must not be asked in a tight loop.
                wait = FIRST_WAIT_SECONDS
            except ApiError as error:
                wait = self._take(error)
            except Exception as error:
                # A fault of this program, in what it makes of the server's answer: the other resources go on.
                log.exception("%s: trying again", self.name)
                wait = self._take_own_fault(error)
            await asyncio.sleep(wait)

    async def read(self) -> None:
        """List the resource once, for whoever does not follow it. Raises `ApiError`."""
        await self._list()
        self._store.mark_readable(self.name)

    def _take(self, error: ApiError) -> float:
        """Draw the consequences of an error; returns for how many seconds to leave the server alone."""
        self._watch_over()
        if error.status == HTTPStatus.NOT_FOUND and self._resource.is_optional:
            return error.retry_after_seconds or self._take_absence()
        cause = _CAUSES.get(error.status, Cause.SILENT if isinstance(error, WatchSilentError) else Cause.FAILED)
        self.pulse.restarted(cause, str(error))
        if error.status in (HTTPStatus.GONE, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            # Where the watch stood has no meaning any more. After other errors it goes on from there.
            self._version = ""
        if error.status == HTTPStatus.GONE:
            log.info("%s: starting over: %s", self.name, error)
        else:
            log.warning("%s: trying again: %s", self.name, error)
        wait = self._trouble.take(error)
        if error.status == HTTPStatus.FORBIDDEN and self._trouble.is_believed:
            # What was seen while the resource could be read says nothing of how it is now.
            self._store.forget_all(self._resource.kind, self._namespace)
        return wait

    def _take_own_fault(self, error: Exception) -> float:
        """What this program stumbles over it stumbles over again: after some times that is a gap, and no reason to end."""
        self._watch_over()
        self._version = ""
        problem = f"this program fails to read it, please report that: {type(error).__name__}: {error}"
        self.pulse.restarted(Cause.FAILED, problem)
        return self._trouble.take(ApiError(0, problem), is_own_fault=True)

    def _watch_over(self) -> None:
        """No watch is open any more. One that was for a while went well, although nothing may have happened on it."""
        lasted = 0.0 if self._opened_at is None else asyncio.get_running_loop().time() - self._opened_at
        self._opened_at = None
        if lasted >= LASTED_SECONDS:
            self._trouble.went_well()

    def _take_absence(self) -> float:
        """The cluster does not know this kind, which it need not; returns for how many seconds to leave the server alone."""
        self._version = ""
        self._absences += 1
        if self._absences < ABSENCES_BELIEVED:
            return FIRST_WAIT_SECONDS
        self._store.forget_all(self._resource.kind, self._namespace)
        self._follows()
        return LAST_WAIT_SECONDS

    async def _probe(self) -> None:
        """Ask whether the resource can be listed and watched again. Raises `ApiError` if not.

        Without keeping anything: where lists are allowed and watches are not, facts that come and go would turn verdicts.
        """
        page = await self._api.list_page(self._path, {"limit": "1"})
        await self._api.try_watch(self._path, {"resourceVersion": page["metadata"]["resourceVersion"]})

    async def _list(self) -> str:
        """Read all objects, page by page, and return the version to watch from."""
        try:
            version = await self._list_pages(PAGE_SIZES[self._page_size])
        except ApiError as error:
            if error.status == HTTPStatus.GONE and self._page_size + 1 < len(PAGE_SIZES):
                # The pages outlived the version they are of, and would again: fewer of them, then.
                self._page_size += 1
                log.info("%s: the list expired, next time in pages of %d", self.name, PAGE_SIZES[self._page_size])
            raise
        self._page_size = 0
        return version

    async def _list_pages(self, size: int) -> str:
        seen: set[Place] = set()
        query = {"limit": str(size)}
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
            self._trouble.went_well()

    def _opened(self) -> None:
        """The server agreed to the watch, so the resource can be read, and was."""
        self._opened_at = asyncio.get_running_loop().time()
        self._follows()

    def _follows(self) -> None:
        self._trouble.allowed()
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


_CAUSES: dict[int, Cause] = {HTTPStatus.GONE: Cause.GONE, HTTPStatus.FORBIDDEN: Cause.FORBIDDEN}


def _place(entity: Json) -> Place:
    metadata = entity["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
