"""What stands beside the installation in its namespace: the check with its policy, and states, events and logs for a bundle."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

from perfana_support.model.document import Json
from perfana_support.sources.bundle.extras import Extras, Log, pick_events, pick_node, pick_pod
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from perfana_support.sources.errors import Fault, SourceError

_GROUP = "/apis/support.perfana.io/v1alpha1"
# A page; more than so many pods and events of one namespace a bundle does not hold.
_PAGE = {"limit": "500"}
_MOST_PODS = 1000
_MOST_EVENTS = 10_000
# As many requests at once as no server minds.
_AT_ONCE = 16
# How long a server that asks for patience is given each time.
_WAITS_SECONDS = (0.5, 1.0, 2.0)
_T = TypeVar("_T")


class Stated(NamedTuple):
    """What a cluster states of an installation. {} and None where it states nothing; `gaps` say what could not be read."""

    check: Mapping[str, Any] = {}
    policy: Json | None = None
    gaps: tuple[str, ...] = ()


class LogLimits(NamedTuple):
    """How much of logs is taken: lines and bytes of each container, and bytes of all together."""

    lines: int
    container_bytes: int
    all_bytes: int


def read_stated(kubeconfig: str | None, context: str | None, namespace: str, name: str | None) -> Stated:
    """The SupportCheck of a namespace and the policy that it names. Raises `SourceError` where it is not clear which."""
    return asyncio.run(_read_stated(ClusterApi(kubeconfig, context), namespace, name))


def read_named_policy(kubeconfig: str | None, context: str | None, check: Json) -> Stated:
    """The policy that a check names which is not of the cluster itself."""

    async def read(api: ClusterApi) -> Stated:
        async with api:
            return await _with_policy(api, check)

    return asyncio.run(read(ClusterApi(kubeconfig, context)))


def read_extras(  # noqa: PLR0913 - where, what, how much, and who is told
    kubeconfig: str | None,
    context: str | None,
    namespace: str,
    nodes: Sequence[str],
    containers: Sequence[tuple[str, str]],
    limits: LogLimits | None,
    on_step: Callable[[int, int], None] = lambda _done, _total: None,
) -> Extras:
    """Events, states and, with limits, the logs of containers (pod and name). What cannot be read is told in the answer."""
    return asyncio.run(_Reading(ClusterApi(kubeconfig, context), namespace, on_step).read(nodes, containers, limits))


async def _read_stated(api: ClusterApi, namespace: str, name: str | None) -> Stated:
    async with api:
        try:
            found = (await _patiently(api, f"{_GROUP}/namespaces/{namespace}/supportchecks"))["items"]
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                found = []
            elif name:
                raise SourceError([Fault(f"SupportCheck {name}", 0, 0, f"cannot be read: {error}")]) from error
            else:
                problem = f"SupportChecks cannot be read, so what one states is not known: {error}; --check FILE states it"
                return Stated(gaps=(problem,))
        wanted = [check for check in found if name in (None, check["metadata"]["name"])]
        if name and not wanted:
            there = ", ".join(sorted(check["metadata"]["name"] for check in found)) or "none"
            raise SourceError([Fault(f"SupportCheck {name}", 0, 0, f"is not in namespace {namespace}; there are: {there}")])
        if len(wanted) > 1:
            names = ", ".join(sorted(check["metadata"]["name"] for check in wanted))
            raise SourceError([Fault(f"namespace {namespace}", 0, 0, f"has several SupportChecks, name one of them: {names}")])
        return await _with_policy(api, wanted[0]) if wanted else Stated()


async def _with_policy(api: ClusterApi, check: Json) -> Stated:
    """A check with the policy that it names."""
    reference = ((check.get("spec") or {}).get("policyRef") or {}).get("name")
    if not reference:
        return Stated(check)
    # By a list, which needs no other right than the operator has.
    try:
        found = (await _patiently(api, f"{_GROUP}/supportpolicies", _named(reference)))["items"]
        problem = "" if found else "it does not exist"
    except ApiError as error:
        found, problem = [], str(error)
    if problem:
        return Stated(check, None, (f"SupportPolicy {reference} cannot be read, so this is by the built-in policy: {problem}",))
    return Stated(check, found[0])


async def _patiently(api: ClusterApi, path: str, query: Mapping[str, str] | None = None) -> Json:
    """A list, asked for again where waiting may help: a server that has just learnt of a kind wants a moment."""
    for wait in (*_WAITS_SECONDS, None):
        try:
            return await api.list_page(path, query)
        except ApiError as error:
            if wait is None or not error.is_passing or not error.status:
                raise
            await asyncio.sleep(min(error.retry_after_seconds or wait, _WAITS_SECONDS[-1]))
    raise AssertionError("unreachable")


def _named(name: str) -> dict[str, str]:
    return {"fieldSelector": f"metadata.name={name}"}


class _Reading:
    """One reading of everything, a few requests at a time."""

    def __init__(self, api: ClusterApi, namespace: str, on_step: Callable[[int, int], None]) -> None:
        self._api = api
        self._path = f"/api/v1/namespaces/{namespace}"
        self._on_step = on_step
        self._few = asyncio.Semaphore(_AT_ONCE)
        self._missing: list[str] = []
        self._done = self._total = 0

    async def read(self, nodes: Sequence[str], containers: Sequence[tuple[str, str]], limits: LogLimits | None) -> Extras:
        wanted = containers if limits else ()
        self._total = 2 + len(nodes) + len(wanted)
        async with self._api, asyncio.TaskGroup() as group:
            events = group.create_task(self._try("events", self._list("events", _MOST_EVENTS), []))
            pods = group.create_task(self._try("the states of pods", self._list("pods", _MOST_PODS), []))
            found = [group.create_task(self._try(f"node {name}", self._node(name), None)) for name in nodes]
            logs = [
                group.create_task(self._try(f"the log of {pod}, container {container}", self._log(pod, container, limits), ""))
                for pod, container in wanted
                if limits
            ]
        texts = _bounded([task.result() for task in logs], limits.all_bytes if limits else 0)
        return Extras(
            events=pick_events(events.result()),
            pods=tuple(sorted(map(pick_pod, pods.result()), key=lambda pod: str(pod["name"]))),
            nodes=tuple(pick_node(node) for task in found if (node := task.result())),
            logs=tuple(Log(pod, container, text) for (pod, container), text in zip(wanted, texts, strict=True) if text),
            missing=tuple(sorted(self._missing)),
        )

    async def _try(self, what: str, reading: Awaitable[_T], instead: _T) -> _T:
        try:
            async with self._few:
                return await reading
        except ApiError as error:
            self._missing.append(f"{what}: {error}")
            return instead
        finally:
            self._done += 1
            self._on_step(self._done, self._total)

    async def _list(self, plural: str, most: int) -> list[Json]:
        found: list[Json] = []
        query = dict(_PAGE)
        while True:
            page = await self._api.list_page(f"{self._path}/{plural}", query)
            found += page["items"]
            query["continue"] = page["metadata"].get("continue") or ""
            if query["continue"] and len(found) >= most:
                self._missing.append(f"{plural} behind the first {len(found)}: a bundle holds no more")
            if not query["continue"] or len(found) >= most:
                return found

    async def _node(self, name: str) -> Json | None:
        return next(iter((await self._api.list_page("/api/v1/nodes", _named(name)))["items"]), None)

    async def _log(self, pod: str, container: str, limits: LogLimits) -> str:
        query = {"container": container, "tailLines": str(limits.lines), "limitBytes": str(limits.container_bytes)}
        return await self._api.text(f"{self._path}/pods/{pod}/log", query)


def _bounded(texts: Sequence[str], most: int) -> list[str]:
    """The texts as far as there is room for all: the same room for each, and of each the end."""
    room = most // max(1, len(texts))
    return [text if len(text) <= room else text[-room:] for text in texts]
