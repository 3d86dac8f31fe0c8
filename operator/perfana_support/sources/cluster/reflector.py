"""Following one kind of object: list it in pages, watch it from there, and start over when the server says so.

Objects are projected to values as they arrive, so memory holds what rules read and nothing else; see
docs/adr/0001-reflector-beside-kopf.md for why this is not Kopf's index.
"""

import asyncio
import logging
import random
from typing import NamedTuple

from perfana_support.sources.cluster.api import ApiError, ClusterApi, Json
from perfana_support.sources.cluster.store import ClusterStore, Entry, Place
from perfana_support.sources.errors import ShapeError
from perfana_support.sources.node import project_node
from perfana_support.sources.workload import project

# kubectl's and client-go's page size: small enough for a busy server, large enough that pages cost little.
PAGE_SIZE = 500
# The server ends a watch after five to ten minutes by itself; asking for five keeps one age for all.
WATCH_SECONDS = 300
# A server that supports bookmarks sends one about every minute; twice that in silence means a dead connection.
SILENCE_SECONDS = 130.0
# Waits between attempts double from the first to the last, give or take half, so that restarts do not meet.
FIRST_WAIT_SECONDS = 0.25
LAST_WAIT_SECONDS = 30.0
# A server that has just started refuses what its roles, not yet read, will allow: for less than the second that passes
# before the third refusal. Believing the first would turn every verdict to Unknown and back.
REFUSALS_BELIEVED = 4
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

    def __init__(self, api: ClusterApi, resource: Resource, namespace: str | None, store: ClusterStore) -> None:
        self._api = api
        self._resource = resource
        self._store = store
        self.name = f"{namespace}/{resource.plural}" if namespace else resource.plural
        where = f"/namespaces/{namespace}" if namespace else ""
        self._path = f"{resource.api}{where}/{resource.plural}"
        self._namespace = namespace

    async def run(self) -> None:
        """Follow the resource until cancelled. Errors of the server are waited out; the last state stays meanwhile."""
        wait, refusals = FIRST_WAIT_SECONDS, 0
        while True:
            try:
                version = await self._list()
                wait, refusals = FIRST_WAIT_SECONDS, 0
                while True:
                    version = await self._watch(version)
                    # A server that ends every watch at once must not be asked in a tight loop.
                    await asyncio.sleep(FIRST_WAIT_SECONDS)
            except ApiError as error:
                if error.status == _GONE:
                    log.info("%s: starting over: %s", self.name, error)
                elif error.status == _NOT_FOUND and self._resource.is_optional:
                    self._store.replace(self.name, self._resource.kind, {}, self._namespace)
                    wait = LAST_WAIT_SECONDS
                elif error.status == _FORBIDDEN:
                    refusals += 1
                    log.warning("%s: %s", self.name, error)
                    if refusals >= REFUSALS_BELIEVED:
                        self._store.mark_unreadable(self.name, f"{self.name} cannot be listed and watched: {error}")
                        wait = LAST_WAIT_SECONDS
                else:
                    log.warning("%s: trying again: %s", self.name, error)
                await asyncio.sleep(error.retry_after_seconds or wait * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
                wait = min(wait * 2, LAST_WAIT_SECONDS)

    async def _list(self) -> str:
        """Read all objects, page by page, and return the version to watch from."""
        seen: dict[Place, Entry] = {}
        query = {"limit": str(PAGE_SIZE)}
        while True:
            page = await self._api.get(self._path, query)
            for entity in page.get("items") or ():
                entry = self._project(entity)
                if entry is not None:
                    seen[_place(entity)] = entry
            metadata = page["metadata"]
            if not metadata.get("continue"):
                break
            query["continue"] = metadata["continue"]
        self._store.replace(self.name, self._resource.kind, seen, self._namespace)
        return str(metadata["resourceVersion"])

    async def _watch(self, version: str) -> str:
        """Follow one watch to its end and return the version to go on from."""
        query = {
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        async for event in self._api.watch(self._path, query, SILENCE_SECONDS):
            entity = event.get("object") or {}
            if event["type"] == "ERROR":
                raise ApiError(int(entity.get("code") or 0), str(entity.get("message")))
            version = str(entity["metadata"]["resourceVersion"])
            if event["type"] == "BOOKMARK":
                continue
            entry = None if event["type"] == "DELETED" else self._project(entity)
            if entry is not None:
                self._store.put(self._resource.kind, _place(entity), entry)
            else:
                self._store.remove(self._resource.kind, _place(entity))
        return version

    def _project(self, entity: Json) -> Entry | None:
        try:
            return project_node(entity) if self._resource.kind == "Node" else project(entity, self._resource.kind)
        except ShapeError as error:
            # The API server validated the object, so this is a field it leaves free; without containers nothing runs.
            log.debug("%s: %s", self.name, error)
            return None


def _place(entity: Json) -> Place:
    metadata = entity["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
