"""What runs in a cluster at this moment, read once: for whoever asks without an operator."""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from perfana_support.model.installation import Installation
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from perfana_support.sources.cluster.reflector import NODES, WORKLOADS, Reflector, Resource
from perfana_support.sources.cluster.store import SERVER_VERSION, ClusterStore
from perfana_support.sources.errors import Fault, SourceError

# An `ApiError` of a server that did not answer at all.
_NOT_REACHED = 0
# No watch is begun, so nothing is ever waited for in silence.
_NO_WATCH = 0.0


class Snapshot(NamedTuple):
    """The installations, one a namespace, and the server that they run under."""

    installations: tuple[Installation, ...]
    server: str


def read_cluster(
    kubeconfig: str | None,
    context: str | None,
    namespaces: Sequence[str],
    on_list: Callable[[int, int], None] = lambda _done, _total: None,
) -> Snapshot:
    """Read all namespaces, or those that are named.

    What cannot be read is a gap of the installations, as it is in the operator. The nodes are outside of any namespace: where
    some are named and the nodes are forbidden, they are left out, as in an operator that has a Role alone. `on_list` is told
    how many lists are read, and of how many. Raises `SourceError` where there is no server to ask.
    """
    return asyncio.run(_read(ClusterApi(kubeconfig, context), tuple(namespaces), on_list))


def read_objects(kubeconfig: str | None, context: str | None, path: str) -> tuple[list[dict[str, Any]], str]:
    """The objects of one list, and the server. Raises `SourceError`, also for one that is forbidden or not known."""
    return asyncio.run(_read_objects(ClusterApi(kubeconfig, context), path))


async def _read_objects(api: ClusterApi, path: str) -> tuple[list[dict[str, Any]], str]:
    async with api:
        server = str(api.configuration.host)
        try:
            return (await api.list_page(path))["items"], server
        except ApiError as error:
            problem = str(error)
            if error.status == HTTPStatus.NOT_FOUND:
                problem = "knows no SupportChecks: kubectl apply -f crds/ installs them, perfana-support check -n does without"
            raise SourceError([Fault(server, 0, 0, problem)]) from error


async def _read(api: ClusterApi, namespaces: tuple[str, ...], on_list: Callable[[int, int], None]) -> Snapshot:
    async with api:
        server = str(api.configuration.host)
        version, problem = await _server_version(api, server)
        places: list[tuple[Resource, str | None]] = [
            (resource, namespace) for resource in WORKLOADS for namespace in namespaces or (None,)
        ]
        if not namespaces or await _may_list_nodes(api):
            places.append((NODES, None))
        store = ClusterStore(tuple(resource.name_in(namespace) for resource, namespace in places), lambda _namespace: None)
        if problem:
            store.mark_unreadable(SERVER_VERSION, problem)
        else:
            store.set_server_version(version)
        reading = [_read_one(api, resource, namespace, store) for resource, namespace in places]
        on_list(0, len(reading))
        for done, read in enumerate(asyncio.as_completed(reading), start=1):
            await read
            on_list(done, len(reading))
        # Where nothing can be seen, what keeps it from being seen must be told all the same.
        found = namespaces or store.namespaces or ("",)
        return Snapshot(tuple(store.installation(namespace) for namespace in sorted(set(found))), server)


async def _server_version(api: ClusterApi, server: str) -> tuple[str, str]:
    """The server's version, or why it is not known."""
    try:
        return str((await api.get("/version")).get("gitVersion") or ""), ""
    except ApiError as error:
        if error.status in (_NOT_REACHED, HTTPStatus.UNAUTHORIZED):
            raise SourceError([Fault(server, 0, 0, f"cannot be asked: {error}")]) from error
        return "", f"the server's version cannot be read: {error}"


async def _may_list_nodes(api: ClusterApi) -> bool:
    try:
        await api.list_page("/api/v1/nodes", {"limit": "1"})
    except ApiError as error:
        return error.status != HTTPStatus.FORBIDDEN
    return True


async def _read_one(api: ClusterApi, resource: Resource, namespace: str | None, store: ClusterStore) -> None:
    reflector = Reflector(api, resource, namespace, store, _NO_WATCH)
    try:
        await reflector.read()
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND and resource.is_optional:
            return
        store.mark_unreadable(reflector.name, f"{reflector.name} cannot be listed: {error}")
