"""A saved cluster, read by the operator's own reflectors from a server that answers out of a file."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from perfana_support.sources.cluster.api import ApiError, ClusterApi
from perfana_support.sources.cluster.reflector import NODES, WORKLOADS, Reflector, Resource
from perfana_support.sources.cluster.store import SERVER_VERSION, ClusterStore
from tests.corpus.cases import load
from tests.unit import virtual_time

RESOURCES = (*WORKLOADS, NODES)
# Far above what a handful of objects takes, far below what a build waits for.
_DEADLINE_SECONDS = 20.0
# A refusal is believed after a few, between which nothing needs to pass here.
_AT_ONCE_SECONDS = 0.001
_NOT_FOUND, _FORBIDDEN = 404, 403

Json = Mapping[str, Any]


class SavedApi:
    """The answers of one server, for what reflectors ask: complete lists, and watches in which nothing happens."""

    def __init__(self, saved: Json) -> None:
        self._lists = {path_of(resource): list(_items(saved["list"], resource)) for resource in RESOURCES}
        self._optional = {path_of(resource) for resource in RESOURCES if resource.is_optional}
        forbidden = saved.get("forbidden") or {}
        self._forbidden = {path_of(each): forbidden[each.plural] for each in RESOURCES if each.plural in forbidden}

    async def list_page(self, path: str, _query: Mapping[str, str] | None = None) -> Json:
        """Return a list, or refuse it."""
        if path in self._forbidden:
            raise ApiError(_FORBIDDEN, self._forbidden[path], _AT_ONCE_SECONDS)
        if path in self._optional and not self._lists[path]:
            raise ApiError(_NOT_FOUND, "the server could not find the requested resource")
        return {"metadata": {"resourceVersion": "1"}, "items": self._lists[path]}

    async def watch(
        self, _path: str, _query: Mapping[str, str], _silence_seconds: float, on_open: Callable[[], None]
    ) -> AsyncIterator[Json]:
        """Wait without an event, until the reader goes."""
        on_open()
        await asyncio.Event().wait()
        yield {}


def path_of(resource: Resource) -> str:
    """Return the path of a resource in all namespaces."""
    return f"{resource.api}/{resource.plural}"


@cache
def read_cluster(file: Path) -> ClusterStore:
    """Read a saved cluster into a store, as the operator does at its start."""
    return virtual_time.run(_read(load(file)))


async def _read(saved: Json) -> ClusterStore:
    store = ClusterStore((*(resource.plural for resource in RESOURCES), SERVER_VERSION), lambda _: None)
    api = cast("ClusterApi", SavedApi(saved))
    tasks = [asyncio.create_task(Reflector(api, resource, None, store, _DEADLINE_SECONDS).run()) for resource in RESOURCES]
    version = (saved.get("version") or {}).get("gitVersion", "")
    if version:
        store.set_server_version(version)
    else:
        store.settle(SERVER_VERSION)
    async with asyncio.timeout(_DEADLINE_SECONDS):
        await store.synced()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return store


def _items(listing: Json, resource: Resource) -> list[Json]:
    """Pick the objects of a resource; the API names kind and version in the items of custom resources alone, kubectl in all."""
    api_version = resource.api.removeprefix("/apis/").removeprefix("/api/")
    own = [item for item in listing["items"] if (item["apiVersion"], item["kind"]) == (api_version, resource.kind)]
    if "." in api_version:
        return own
    return [{field: value for field, value in item.items() if field not in ("apiVersion", "kind")} for item in own]
